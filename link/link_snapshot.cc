// What a link tells about itself. Only what is known: an owner knows its partitions, a standby what the state says.
#include <algorithm>

#include "link/config_generation.h"
#include "link/link.h"
#include "link/time_lookup.h"
#include "state/control.h"

namespace klink::link {
namespace {

using state::MirrorState;
using state::Name;

constexpr size_t kForeignShown = 10;
constexpr Duration kSourceGoneAfter = 6s;  // idle feeds poll twice a second

// The mirror's own state, and why, from the worst of its partitions.
void TakeWorst(MirrorSnapshot& mirror) {
  std::optional<MirrorState> worst;
  for (const PartitionSnapshot& partition : mirror.partitions) {
    const auto state = state::FindMirrorState(partition.state);
    if (!state || (worst && *state < *worst)) continue;
    if (worst == state && (mirror.reason_code || !partition.reason_code)) continue;  // the first that has a reason
    worst = state;
    mirror.state = partition.state;
    mirror.reason_code = partition.reason_code;
    mirror.reason = partition.reason;
    mirror.since = partition.since;
  }
}

// A planned promotion that waits for this topic's source to be quiet and copied; null: there is none.
const state::PromotionRecord* WaitingFor(const state::StateView& view, const std::string& topic) {
  const state::PromotionRecord* now = view.promotion();
  if (now == nullptr || now->step != state::PromotionStep::kSynchronize) return nullptr;
  const auto waits = [&topic](const state::PromotionTopic& one) {
    return one.topic == topic && one.outcome == state::PromotionOutcome::kRunning;
  };
  return std::any_of(now->topics.begin(), now->topics.end(), waits) ? now : nullptr;
}

// Copying goes on meanwhile: what keeps it from that is shown first.
void ShowWaiting(const state::PromotionRecord& promotion, PartitionSnapshot& partition) {
  if (partition.state != Name(MirrorState::kActive)) return;
  partition.state = Name(MirrorState::kPendingSynchronize);
  partition.reason_code = Name(state::Reason::kNotQuiet);
  partition.reason =
      fmt::format("operation {} promotes it once its source is quiet and copied", state::OperationOf(promotion));
  partition.since = WallOf(promotion.started_ms);
}

// The newest gap that the source's retention left in the copy, while the map still knows both of its ends.
void TakeGap(const offsets::Translation& map, PartitionSnapshot& out) {
  const auto& runs = map.runs();
  for (size_t i = runs.size(); i-- > 1;) {
    const SourceOffset from = runs[i - 1].run.source_next(), to = runs[i].run.source;
    if (runs[i].reason != Name(state::Reason::kRetentionGap) || from == to) continue;
    out.reason_code = Name(state::Reason::kRetentionGap);
    const bool kept = runs[i].run.shift() == runs[i - 1].run.shift();
    out.reason = fmt::format("the source removed offsets {}–{} before they were copied; {}", from, to - 1,
                             kept ? std::string("markers stand in their place, so that offsets stay the same")
                                  : fmt::format("from {} on offsets were translated by {:+}", to, runs[i].run.shift()));
    out.since = runs[i].since_time;
    return;
  }
}

// With copies of records.
bool FillsHoles(const config::LinkConfig& config) {
  const bool copies = config.holes == config::Holes::kAuto || config.holes == config::Holes::kDuplicates;
  return copies && config.offsets == config::Offsets::kPreserve;
}

// What others wrote between the runs. It is shown until the mirror is made again, or retention took it.
void TakeForeign(const offsets::Translation& map, PartitionSnapshot& out) {
  const auto& runs = map.runs();
  std::string ranges;
  size_t count = 0;
  for (size_t i = 1; i < runs.size(); i++) {
    if (runs[i].reason != Name(state::Reason::kForeignWrite)) continue;
    out.since = runs[i].since_time;
    if (++count > kForeignShown) continue;
    ranges += fmt::format("{}{}–{}", ranges.empty() ? "" : ", ", runs[i - 1].run.dest_next(), runs[i].run.dest - 1);
  }
  if (count == 0) return;
  if (count > kForeignShown) ranges += fmt::format(" and {} more (klink offsets runs)", count - kForeignShown);
  out.reason_code = Name(state::Reason::kForeignWrite);
  out.reason = fmt::format("another producer wrote to the mirror at offsets {}; what follows is translated", ranges);
}

}  // namespace

bool Link::DestinationGone() const { return parts_.clock.Now() - destination_.last_answer() > kSourceGoneAfter; }

bool Link::SourceGone() const { return parts_.clock.Now() - source_.last_answer() > kSourceGoneAfter; }

void Link::Totals::Add(const PartitionProgress& p) {
  fetched_bytes += p.fetched_bytes(), fetched_batches += p.fetched_batches();
  fetched_records += p.fetched_records();
  written_bytes += p.written_bytes(), written_batches += p.written_batches();
  written_records += p.written_records();
  foreign_writes += p.foreign_writes(), fenced += p.fenced();
  duplicates_avoided += p.duplicates_avoided(), log_start_deletes += p.log_start_deletes();
  for (const auto& [reason, count] : p.divergences()) divergences[reason] += count;
}

Link::Totals Link::totals() const {
  Totals sum = ended_;
  for (const auto* some : {&mirrors_, &stopping_}) {
    for (const auto& [tp, running] : *some) sum.Add(running.runner->progress());
  }
  return sum;
}

// Of a mirror or link that somebody paused, or that the filter did. A link's pause covers what would run without it.
std::optional<Link::ShownPause> Link::PauseOf(const state::MirrorRecord& record) const {
  if (record.phase == state::Phase::kPaused)
    return ShownPause{MirrorState::kPaused, record.reason.value_or(state::Reason::kPausedByOperator), record.text,
                      WallOf(record.since_ms)};
  const state::PauseRecord& link = state_->view().pause();
  if (!link.paused || !(state::Runs(record.phase) || record.phase == state::Phase::kFailed)) return std::nullopt;
  return ShownPause{MirrorState::kLinkPaused, state::Reason::kPausedByOperator,
                    fmt::format("link {} is {}", config_.name, state::PauseText({link.by, link.text, link.since_ms})),
                    WallOf(link.since_ms)};
}

// Nobody writes there, so what was known when it stopped is still so.
void Link::ShowStanding(const TopicPartition& tp, PartitionSnapshot& out) const {
  const offsets::Translation* map = store_ ? store_->Find(tp) : nullptr;
  if (map == nullptr || map->empty() || store_->state(tp) != offsets::TranslationStore::State::kKnown) return;
  const offsets::Run& last = map->runs().back().run;
  out.replicated_to = last.source.value + last.length;
  out.destination_end = last.dest.value + last.length;
  out.offsets = last.shift() == 0 ? "identical" : "translated";
  if (const auto from = map->identical_from()) out.identical_from = from->value;
}

// Of a mirror that is promoted or was: how far the copy came, and where it ends.
void Link::ShowCut(const state::MirrorRecord& record, const TopicPartition& tp, PartitionSnapshot& out) const {
  out.state = Name(state::StateOf(record.phase));
  out.reason_code.reset();
  out.reason.reset();
  out.since = WallOf(record.since_ms);
  ShowStanding(tp, out);
  const state::CutRecord* cut = state_->view().cut(record.destination_topic);
  const auto index = static_cast<size_t>(tp.partition);
  if (cut == nullptr || index >= cut->partitions.size()) return;
  const state::CutPartition& partition = cut->partitions[index];
  if (partition.replicated_to) out.replicated_to = partition.replicated_to;
  if (partition.cut) out.destination_end = partition.cut;
}

StatusOr<RunsSnapshot> Link::RunsOf(const TopicPartition& tp) const {
  if (!store_) return Unavailable("link {} is not connected yet", config_.name);
  const offsets::Translation* map = store_->Find(tp);
  if (map == nullptr) return NotFound("nothing of {} is mirrored by this agent", tp);
  RunsSnapshot out;
  for (const offsets::Segment& segment : map->runs()) {
    RunSnapshot run{segment.run.source.value, segment.run.dest.value, segment.run.length, {}, {}};
    if (!segment.reason.empty()) run.reason = segment.reason;
    if (segment.source_leader_epoch >= 0) run.source_leader_epoch = segment.source_leader_epoch;
    out.runs.push_back(std::move(run));
  }
  if (const auto running = mirrors_.find(tp); running != mirrors_.end()) {
    const PartitionProgress& progress = running->second.runner->progress();
    out.filled = FilledSnapshot{progress.began(), progress.filled_copies(), progress.filled_markers()};
  }
  return out;
}

PartitionSnapshot Link::SnapshotOf(const TopicPartition& tp, const state::PartitionRecord& record) const {
  PartitionSnapshot out;
  out.partition = tp.partition;
  out.state = Name(state::StateOf(record.phase));
  out.since = WallOf(record.since_ms);
  if (record.phase == state::Phase::kFailed && record.reason) {
    out.reason_code = Name(*record.reason);
    out.reason = record.text;
  }
  auto running = mirrors_.find(tp);
  if (running == mirrors_.end()) return out;
  const PartitionProgress& progress = running->second.runner->progress();
  if (progress.failed())
    out.state = Name(MirrorState::kFailed);
  else if (SourceGone())
    out.state = Name(MirrorState::kSourceUnavailable);
  if (progress.reason())
    out.reason_code = Name(*progress.reason());
  else if (SourceGone())
    out.reason_code = Name(state::Reason::kSourceUnavailable);
  if (!progress.text().empty()) {
    out.reason = progress.text();
    out.since = progress.since();
  }
  if (const auto bounds = progress.bounds()) {
    out.source_log_start = bounds->log_start.value;
    out.source_high_watermark = bounds->high_watermark.value;
    out.source_last_stable = bounds->last_stable.value;
  }
  if (const auto start = progress.destination_log_start()) out.destination_log_start = start->value;
  if (const auto at = progress.position()) {
    out.destination_end = at->dest_next.value;
    out.replicated_to = progress.replicated_to()->value;
    out.last_source_fetch_offset = out.replicated_to;
    out.offsets = at->shift() == 0 ? "identical" : "translated";
  }
  if (const offsets::Translation* map = store_ ? store_->Find(tp) : nullptr) {
    if (const auto from = map->identical_from()) out.identical_from = from->value;
    if (!out.reason_code && !out.reason) TakeGap(*map, out);
    if (!out.reason_code && !out.reason) TakeForeign(*map, out);
  }
  out.lag = progress.lag();
  if (const auto age = progress.lag_age()) out.lag_seconds = static_cast<double>(ToMillis(*age)) / 1000.0;
  out.lag_seconds_may_be_more = progress.lag_age_may_be_more();
  return out;
}

MirrorSnapshot Link::SnapshotOf(const state::MirrorRecord& record) const {
  MirrorSnapshot mirror;
  mirror.topic = record.destination_topic;
  mirror.source_topic = record.source_topic;
  mirror.state = Name(state::StateOf(record.phase));
  mirror.since = WallOf(record.since_ms);
  const std::optional<ShownPause> pause = PauseOf(record);
  const state::PromotionRecord* waiting = WaitingFor(state_->view(), record.destination_topic);
  for (size_t p = 0; p < record.partitions.size(); p++) {
    const TopicPartition tp{record.destination_topic, static_cast<int32_t>(p)};
    PartitionSnapshot& partition = mirror.partitions.emplace_back(SnapshotOf(tp, record.partitions[p]));
    if (partition.destination_end) {
      const TimeFacts facts{record.partitions[p].mixed, record.compacted && FillsHoles(config_),
                            store_ ? store_->Find(tp) : nullptr, partition.destination_log_start};
      partition.time_lookup = std::string(TimeLookUp(facts));
    }
    if (!state::Runs(record.phase) && record.phase != state::Phase::kPaused && record.phase != state::Phase::kFailed)
      ShowCut(record, tp, partition);
    if (waiting != nullptr) ShowWaiting(*waiting, partition);
    if (!pause) continue;
    partition.state = Name(pause->state);
    partition.reason_code = Name(pause->reason);
    partition.reason = pause->text;
    partition.since = pause->since;
    ShowStanding(tp, partition);
  }
  TakeWorst(mirror);
  return mirror;
}

// What keeps whole topics from being mirrored, or from being like their source.
void Link::ShowTroubles(std::vector<MirrorSnapshot>& mirrors) const {
  std::map<std::string_view, size_t> places;
  for (size_t i = 0; i < mirrors.size(); i++) places[mirrors[i].topic] = i;
  std::vector<MirrorSnapshot> unmade;
  for (const auto& [name, trouble] : troubles_) {
    const auto place = places.find(name);
    MirrorSnapshot& mirror = place != places.end() ? mirrors[place->second] : unmade.emplace_back();
    if (place == places.end()) mirror.topic = name, mirror.source_topic = trouble.source_topic;
    if (!trouble.passing && (trouble.reason || mirror.partitions.empty())) mirror.state = Name(MirrorState::kFailed);
    if (trouble.reason) mirror.reason_code = Name(*trouble.reason);
    mirror.reason = trouble.text;
    mirror.since = trouble.since;
  }
  if (configs_ && leading_) {
    for (const auto& [name, trouble] : configs_->troubles()) {
      const auto place = places.find(name);
      if (place == places.end() || mirrors[place->second].reason_code || mirrors[place->second].reason) continue;
      MirrorSnapshot& mirror = mirrors[place->second];
      if (trouble.reason) mirror.reason_code = Name(*trouble.reason);
      mirror.reason = trouble.text;
      mirror.since = trouble.since;
    }
  }
  mirrors.insert(mirrors.end(), std::make_move_iterator(unmade.begin()), std::make_move_iterator(unmade.end()));
}

void Link::ShowTasks(LinkSnapshot& link) const {
  const bool paused = link.state == Name(state::LinkCondition::kPaused);
  const auto led = [&](const char* name, const Status& status, const std::string& progress) {
    link.tasks.push_back(TaskOf(name, status));
    if (status.ok() && !progress.empty()) link.tasks.back().reason = progress;
  };
  led("topic-sync", sync_status_, sync_progress_);
  led("config-sync", configs_status_, "");
  if (sync_ && !sync_->provenance().ok()) led("loop-check", sync_->provenance(), "");
  if (config_.acls.enabled) link.tasks.push_back(acls_ ? acls_->Task() : TaskOf("acl-sync"));
  ShowAutoFailover(link);
  if (config_.quotas.enabled) link.tasks.push_back(quotas_ ? quotas_->Task() : TaskOf("quota-sync"));
  if (!config_.groups.include.empty()) link.tasks.push_back(group_task_.Snapshot());
  for (TaskSnapshot& task : link.tasks) {
    if (!leading_) {
      task = TaskOf(task.name);
      task.state = state::Name(state::TaskState::kNotConfigured);
      task.reason = "another agent of the link does this";
    } else if (paused) {
      task.state = Name(state::TaskState::kLinkPaused);
      task.reason_code = link.reason_code;
      task.reason = link.reason;
      task.since = link.since;
    }
  }
  if (config_.groups.include.empty()) {
    TaskSnapshot& groups = link.tasks.emplace_back(TaskOf("group-sync"));
    groups.state = Name(state::TaskState::kNotConfigured);
    groups.reason = "groups.include is empty";
  }
  if (differing_.empty() || !state_ || !state_->view().config()) return;
  TaskSnapshot& config = link.tasks.emplace_back();
  config.name = "config";
  config.state = "IN_ERROR";
  config.reason_code = Name(state::Reason::kConfigDiffers);
  config.reason = DifferenceText(*state_->view().config(), differing_);
  config.since = differing_since_;
}

LinkSnapshot Link::Snapshot() const {
  LinkSnapshot link;
  link.name = config_.name;
  link.state = Name(condition_);
  if (reason_) link.reason_code = Name(*reason_);
  if (!text_.empty()) link.reason = text_;
  link.since = since_;
  if (state_ && state_->view().pause().paused && condition_ != state::LinkCondition::kFailed) {
    const state::PauseRecord& pause = state_->view().pause();
    link.state = Name(state::LinkCondition::kPaused);
    link.reason_code = Name(state::Reason::kPausedByOperator);
    link.reason = state::PauseText({pause.by, pause.text, pause.since_ms});
    link.since = WallOf(pause.since_ms);
  }
  const bool paused = link.state == Name(state::LinkCondition::kPaused);
  if (membership_) link.role = leading_ ? "owner" : "standby";
  const auto reachable = [](bool gone, bool seen) {
    return gone ? std::optional(false) : seen ? std::optional(true) : std::nullopt;
  };
  link.source = {config_.source, source_id_, reachable(SourceGone(), source_id_.has_value())};
  link.destination = {config_.destination, destination_id_, reachable(DestinationGone(), destination_id_.has_value())};
  if (condition_ != state::LinkCondition::kFailed && !paused && (SourceGone() || DestinationGone())) {
    const bool source = SourceGone();
    link.state = Name(state::LinkCondition::kUnavailable);
    const Status& trouble = source ? source_trouble_ : destination_trouble_;
    const bool refused = trouble.code() == Code::kUnauthenticated;
    link.reason_code = Name(refused  ? state::Reason::kAuthorizationError
                            : source ? state::Reason::kSourceUnavailable
                                     : state::Reason::kDestinationUnavailable);
    if (condition_ == state::LinkCondition::kActive) {
      const std::string silent =
          fmt::format("cluster {} does not answer", source ? config_.source : config_.destination);
      link.reason = trouble.ok() || IsUnavailable(trouble) ? silent : Text(trouble);
    }
  }
  if (state_)
    for (const auto& [name, record] : state_->view().mirrors()) link.mirrors.push_back(SnapshotOf(record));
  if (state_)
    for (const auto& [id, record] : state_->view().drills()) link.drills.push_back(record);
  ShowTroubles(link.mirrors);
  ShowTasks(link);
  ShowSets(link);
  return link;
}

void Link::ShowSets(LinkSnapshot& link) const {
  const auto objective = [](Duration d) {
    return d == 0s ? std::nullopt : std::optional(static_cast<double>(ToMillis(d)) / 1000.0);
  };
  for (const std::string& name : sets_.Names()) {
    const config::TopicSet& set = *sets_.Find(name);
    SetSnapshot& shown = link.sets.emplace_back();
    shown.name = name;
    shown.priority = set.priority;
    shown.rpo_seconds = objective(set.rpo);
    shown.rto_seconds = objective(set.rto);
    for (const MirrorSnapshot& mirror : link.mirrors)
      if (const std::string* of = sets_.SetOf(mirror.source_topic); of != nullptr && *of == name)
        shown.mirrors.push_back(mirror.topic);
  }
}

StatusOr<AclsSnapshot> Link::Acls() const {
  if (!state_) return Unavailable("link {} is not connected yet: {}", config_.name, text_);
  AclsSnapshot snapshot;
  snapshot.enabled = config_.acls.enabled;
  for (const auto& [key, record] : state_->view().acls()) snapshot.acls.push_back(link::SnapshotOf(record));
  if (acls_) acls_->AddTo(snapshot);
  return snapshot;
}

}  // namespace klink::link
