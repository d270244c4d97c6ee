#include "failover/report.h"

#include <algorithm>

#include "failover/targets.h"

namespace klink::failover {
namespace {

using link::PromotedMirror;
using link::PromotedPartition;
using link::PromotionSnapshot;
using state::CutPartition;
using state::CutRecord;
using state::PromotionKind;
using state::PromotionOutcome;
using state::PromotionRecord;
using state::PromotionStep;
using state::PromotionTopic;
using state::StateView;

double Seconds(int64_t ms) { return static_cast<double>(ms) / 1000.0; }

// A sum is known only when every part is.
void Sum(std::optional<int64_t>& total, const std::optional<int64_t>& part) {
  total = total && part ? std::optional(*total + *part) : std::nullopt;
}

PromotedPartition ShowPartition(int32_t index, const CutPartition& cut) {
  PromotedPartition out;
  out.partition = index;
  out.replicated_to = cut.replicated_to;
  out.source_end = cut.source_end;
  if (cut.source_end_ms) out.source_end_at = WallOf(*cut.source_end_ms);
  if (cut.source_end && cut.replicated_to) out.lost = std::max<int64_t>(0, *cut.source_end - *cut.replicated_to);
  out.cut = cut.cut;
  out.tail_offset = cut.tail_offset;
  if (cut.tail_crc) out.tail_crc = fmt::format("{:08x}", static_cast<uint32_t>(*cut.tail_crc));
  out.transactions_cut = cut.transactions_cut;
  return out;
}

std::string OutcomeOf(const PromotionTopic& topic, bool planned) {
  switch (topic.outcome) {
    case PromotionOutcome::kRunning:
      return planned ? "would_stop" : "running";
    case PromotionOutcome::kStopped:
      return topic.text == kAlreadyStopped ? "already_stopped" : "stopped";
    case PromotionOutcome::kRefused:
      return "refused";
    case PromotionOutcome::kUnfinished:
      return "unfinished";
  }
  return "unknown";
}

PromotedMirror ShowTopic(const PromotionTopic& topic, const StateView& view, bool planned) {
  PromotedMirror out;
  out.topic = topic.topic;
  if (const state::MirrorRecord* mirror = view.mirror(topic.topic)) out.state = Name(StateOf(mirror->phase));
  out.outcome = OutcomeOf(topic, planned);
  if (topic.reason) out.reason_code = Name(*topic.reason);
  if (!topic.text.empty() && topic.outcome != PromotionOutcome::kStopped) out.error = topic.text;
  out.remaining = topic.remaining;
  return out;
}

void TakeCut(const std::vector<CutPartition>& cut, PromotedMirror& out) {
  out.lost = 0;
  for (size_t p = 0; p < cut.size(); p++) {
    out.partitions.push_back(ShowPartition(static_cast<int32_t>(p), cut[p]));
    Sum(out.lost, out.partitions.back().lost);
  }
}

// Groups whose last known position the copy does not reach.
void TakeGroups(const StateView& view, PromotionSnapshot& out) {
  for (const auto& [name, group] : view.groups()) {
    for (const state::GroupPosition& clamped : group.clamped) {
      const auto mirror = std::find_if(out.mirrors.begin(), out.mirrors.end(),
                                       [&](const PromotedMirror& m) { return m.topic == clamped.topic; });
      if (mirror == out.mirrors.end()) continue;
      link::PromotedGroup shown{name, clamped.topic, clamped.partition, clamped.source, std::nullopt};
      for (const PromotedPartition& p : mirror->partitions)
        if (p.partition == clamped.partition && p.replicated_to)
          shown.behind = std::max<int64_t>(0, clamped.source - *p.replicated_to);
      out.groups.push_back(std::move(shown));
    }
  }
}

void TakeTotals(const PromotionRecord& promotion, PromotionSnapshot& out) {
  std::optional<int64_t> oldest;
  out.lost = 0;
  for (const PromotedMirror& mirror : out.mirrors) {
    if (mirror.outcome == "refused" || mirror.outcome == "already_stopped") continue;
    Sum(out.lost, mirror.lost);
    for (const PromotedPartition& partition : mirror.partitions) {
      if (!partition.source_end_at) continue;
      const int64_t at = partition.source_end_at->time_since_epoch().count();
      oldest = std::min(at, oldest.value_or(at));
    }
    out.remaining.insert(out.remaining.end(), mirror.remaining.begin(), mirror.remaining.end());
  }
  if (oldest) out.source_end_age = Seconds(std::max<int64_t>(0, promotion.started_ms - *oldest));
  if (!promotion.groups_read_ms) return;
  out.groups_read_at = WallOf(*promotion.groups_read_ms);
  out.groups_age = Seconds(std::max<int64_t>(0, promotion.started_ms - *promotion.groups_read_ms));
}

PromotionSnapshot Head(const std::string& link, const PromotionRecord& promotion) {
  PromotionSnapshot out;
  out.link = link;
  out.verb = promotion.kind == PromotionKind::kPromote ? "promote" : "failover";
  out.automatic = promotion.automatic;
  if (!promotion.by.empty()) out.by = promotion.by;
  if (!promotion.text.empty()) out.reason = promotion.text;
  return out;
}

bool Complete(const PromotionRecord& promotion) {
  const auto stopped = [](const PromotionTopic& t) {
    return t.outcome == PromotionOutcome::kStopped && t.remaining.empty();
  };
  return promotion.remaining.empty() && std::all_of(promotion.topics.begin(), promotion.topics.end(), stopped);
}

// The time of a step is summed over the waves.
void AddStep(const std::string& step, double seconds, PromotionSnapshot& out) {
  const auto same = std::find_if(out.steps.begin(), out.steps.end(), [&](const auto& s) { return s.step == step; });
  if (same != out.steps.end())
    same->seconds += seconds;
  else
    out.steps.push_back({step, seconds});
}

void ShowWave(const PromotionRecord& wave, const StateView& view, PromotionSnapshot& out) {
  for (size_t i = 0; i + 1 < wave.times.size(); i++)
    AddStep(std::string(Name(wave.times[i].step)), Seconds(wave.times[i + 1].began_ms - wave.times[i].began_ms), out);
  out.remaining.insert(out.remaining.end(), wave.remaining.begin(), wave.remaining.end());
  for (const PromotionTopic& topic : wave.topics) {
    PromotedMirror& mirror = out.mirrors.emplace_back(ShowTopic(topic, view, false));
    const CutRecord* cut = view.cut(topic.topic);
    const bool of_this = cut != nullptr && (cut->promotion == wave.id || mirror.outcome == "already_stopped");
    if (of_this) TakeCut(cut->partitions, mirror);
  }
}

void PlanTopic(const PromotionTopic& topic, const link::PromotionHost& host, PromotedMirror& mirror) {
  const StateView& view = host.view();
  mirror = ShowTopic(topic, view, true);
  const CutRecord* known = view.cut(topic.topic);
  if (topic.outcome == PromotionOutcome::kStopped && known != nullptr) TakeCut(known->partitions, mirror);
  const state::MirrorRecord* record = view.mirror(topic.topic);
  if (topic.outcome != PromotionOutcome::kRunning || record == nullptr) return;
  std::vector<CutPartition> cut(record->partitions.size());
  for (size_t p = 0; p < cut.size(); p++) cut[p] = CutAt(host.Standing({topic.topic, static_cast<int32_t>(p)}));
  TakeCut(cut, mirror);
}

}  // namespace

CutPartition CutAt(const link::CopyStanding& standing) {
  CutPartition cut;
  if (standing.replicated_to) cut.replicated_to = standing.replicated_to->value;
  if (standing.source_end) cut.source_end = standing.source_end->value;
  if (standing.source_end_at) cut.source_end_ms = standing.source_end_at->time_since_epoch().count();
  cut.source_leader_epoch = standing.source_leader_epoch;
  return cut;
}

StatusOr<PromotionSnapshot> Show(const std::string& link, const StateView& view, const std::string& operation) {
  std::vector<const PromotionRecord*> waves;  // ids sort in their order
  for (const auto& [id, promotion] : view.promotions())
    if (id == operation || promotion.operation == operation) waves.push_back(&promotion);
  if (waves.empty()) return NotFound("link {} knows no operation {}", link, operation);
  const auto at_work = [](const PromotionRecord* wave) { return wave->step != PromotionStep::kDone; };
  const auto now = std::find_if(waves.begin(), waves.end(), at_work);
  const bool done = now == waves.end();
  const bool complete = std::all_of(waves.begin(), waves.end(), [](const auto* wave) { return Complete(*wave); });
  const PromotionRecord& first = *waves.front();
  PromotionSnapshot out = Head(link, first);
  out.operation = first.id;
  out.state = !done ? "RUNNING" : complete ? "COMPLETED" : "PARTIAL";
  out.step = Name(done ? PromotionStep::kDone : (*now)->step);
  out.started = WallOf(first.started_ms);
  if (done) {
    out.finished = WallOf(waves.back()->finished_ms);
    out.seconds = Seconds(waves.back()->finished_ms - first.started_ms);
  }
  for (const PromotionRecord* wave : waves) ShowWave(*wave, view, out);
  TakeGroups(view, out);
  TakeTotals(first, out);
  return out;
}

PromotionSnapshot Plan(const std::vector<PromotionRecord>& waves, const link::PromotionHost& host, bool dry_run) {
  const StateView& view = host.view();
  PromotionSnapshot out = Head(host.link(), waves.front());
  out.dry_run = dry_run;
  const bool complete = std::all_of(waves.begin(), waves.end(), Complete);
  if (!dry_run) out.state = complete ? "COMPLETED" : "PARTIAL";
  PromotionRecord now = waves.front();
  if (const auto read = host.GroupsReadAt()) now.groups_read_ms = read->time_since_epoch().count();
  for (const PromotionRecord& wave : waves)
    for (const PromotionTopic& topic : wave.topics) PlanTopic(topic, host, out.mirrors.emplace_back());
  TakeGroups(view, out);
  TakeTotals(now, out);
  return out;
}

}  // namespace klink::failover
