// What a planned move would do, and what became of it: from what is known alone. Pure.
#include <algorithm>

#include <fmt/ranges.h>

#include "failover/cutover.h"
#include "failover/targets.h"

namespace klink::failover {
namespace {

using link::CutoverRequest;
using link::CutoverSnapshot;
using link::MovedMirror;
using state::CutoverRecord;
using state::CutoverStep;
using state::PromotionOutcome;

std::optional<int64_t> LagOf(const state::MirrorRecord& mirror, const link::PromotionHost& host) {
  int64_t sum = 0;
  for (size_t p = 0; p < mirror.partitions.size(); p++) {
    const link::CopyStanding at = host.Standing({mirror.destination_topic, static_cast<int32_t>(p)});
    if (!at.replicated_to || !at.source_end) return std::nullopt;
    sum += std::max<int64_t>(0, at.source_end->value - at.replicated_to->value);
  }
  return sum;
}

std::string StateOfMove(const CutoverRecord& move) {
  if (!move.halted.empty()) return "HALTED";
  if (move.step != CutoverStep::kDone) return "RUNNING";
  return move.undone ? "UNDONE" : "COMPLETED";
}

std::string OutcomeOf(const CutoverRecord& move, const state::MirrorRecord* mirror) {
  if (mirror == nullptr) return "refused";
  if (mirror->phase == state::Phase::kStopped) return "stopped";
  return move.step == CutoverStep::kPromote ? "moving" : "waiting";
}

}  // namespace

std::vector<MovedMirror> PlanMove(const CutoverRequest& request, const link::PromotionHost& host) {
  link::PromoteRequest promote;
  promote.link = host.link();
  promote.kind = state::PromotionKind::kPromote;
  promote.topics = request.topics;
  promote.sets = request.sets;
  std::vector<MovedMirror> mirrors;
  for (const state::PromotionTopic& target : PlanTargets(promote, host.view(), host.sets())) {
    MovedMirror& mirror = mirrors.emplace_back();
    mirror.topic = target.topic;
    const state::MirrorRecord* record = host.view().mirror(target.topic);
    if (record != nullptr) {
      mirror.state = Name(StateOf(record->phase));
      mirror.lag = LagOf(*record, host);
    }
    if (target.outcome == PromotionOutcome::kRunning)
      mirror.outcome = "would_move";
    else if (target.outcome == PromotionOutcome::kStopped)
      mirror.outcome = "already_stopped";
    else
      mirror.error = target.text;
  }
  std::sort(mirrors.begin(), mirrors.end(), [](const MovedMirror& a, const MovedMirror& b) {
    const int64_t left = a.lag.value_or(INT64_MAX), right = b.lag.value_or(INT64_MAX);
    return left != right ? left < right : a.topic < b.topic;
  });
  return mirrors;
}

StatusOr<CutoverSnapshot> ShowCutover(const std::string& link, const state::StateView& view) {
  if (!view.cutover()) return NotFound("link {} knows of no planned move", link);
  const CutoverRecord& move = *view.cutover();
  CutoverSnapshot out;
  out.operation = move.id;
  out.link = link;
  out.state = StateOfMove(move);
  out.step = Name(move.step);
  if (!move.halted.empty()) out.halted = move.halted;
  out.block = move.block;
  if (!move.undone) out.denied = move.denied;
  out.denied.insert(out.denied.end(), move.denied_before.begin(), move.denied_before.end());
  out.settle_seconds = static_cast<double>(move.settle_ms) / 1000.0;
  if (!move.by.empty()) out.by = move.by;
  if (!move.text.empty()) out.reason = move.text;
  out.started = WallOf(move.started_ms);
  if (move.step == CutoverStep::kDone) {
    out.finished = WallOf(move.finished_ms);
    out.seconds = static_cast<double>(move.finished_ms - move.started_ms) / 1000.0;
  }
  for (const std::string& topic : move.topics) {
    MovedMirror& mirror = out.mirrors.emplace_back();
    mirror.topic = topic;
    const state::MirrorRecord* record = view.mirror(topic);
    if (record != nullptr) mirror.state = Name(StateOf(record->phase));
    mirror.outcome = OutcomeOf(move, record);
    if (mirror.outcome == "refused") mirror.error = fmt::format("link {} has no mirror topic {} any more", link, topic);
  }
  if (!move.halted.empty()) {
    out.remaining.push_back(fmt::format("klink cutover {}", fmt::join(move.topics, " ")));
    if (MayMove(move.step, CutoverStep::kUndo)) out.remaining.push_back("klink cutover --undo");
  }
  return out;
}

}  // namespace klink::failover
