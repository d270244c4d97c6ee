#include "state/control.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace klink::state {
namespace {

Status CheckNotPromoted(const MirrorRecord& mirror) {
  if (mirror.phase != Phase::kPendingStopped && mirror.phase != Phase::kStopped) return absl::OkStatus();
  return FailedPrecondition("mirror {} is {}: nothing is copied to it any more", mirror.destination_topic,
                            Name(mirror.phase));
}

// What it is below a pause or a failure; as its partitions say where that was not kept.
Phase PhaseBelow(const MirrorRecord& mirror) {
  if (Runs(mirror.phase)) return mirror.phase;
  if (mirror.phase_before && Runs(*mirror.phase_before)) return *mirror.phase_before;
  const auto is = [](Phase phase) { return [phase](const PartitionRecord& p) { return p.phase == phase; }; };
  const auto& partitions = mirror.partitions;
  if (std::any_of(partitions.begin(), partitions.end(), is(Phase::kPrefill))) return Phase::kPrefill;
  if (std::any_of(partitions.begin(), partitions.end(), is(Phase::kCreating))) return Phase::kCreating;
  if (std::any_of(partitions.begin(), partitions.end(), is(Phase::kRestore))) return Phase::kRestore;
  return Phase::kActive;
}

MirrorRecord Paused(MirrorRecord mirror, Reason reason, std::string text, int64_t at_ms) {
  mirror.phase_before = PhaseBelow(mirror);
  mirror.phase = Phase::kPaused;
  mirror.reason = reason;
  mirror.text = std::move(text);
  mirror.since_ms = at_ms;
  return mirror;
}

MirrorRecord Lifted(MirrorRecord mirror, int64_t at_ms) {
  for (PartitionRecord& partition : mirror.partitions) {
    if (partition.phase != Phase::kFailed && partition.phase != Phase::kPaused) continue;
    partition.phase = partition.shift ? Phase::kActive : Phase::kCreating;  // a shift is known once it was mirrored
    partition.reason.reset();
    partition.text.clear();
    partition.since_ms = at_ms;
  }
  if (Runs(mirror.phase)) return mirror;
  mirror.phase = PhaseBelow(mirror);
  mirror.phase_before.reset();
  mirror.reason.reset();
  mirror.text.clear();
  mirror.since_ms = at_ms;
  return mirror;
}

std::string NamesOf(const Halted& halted) {
  std::vector<std::string> names;
  if (halted.mirror) names.emplace_back(Name(*halted.mirror));
  for (const auto& [partition, reason] : halted.partitions)
    if (std::find(names.begin(), names.end(), Name(reason)) == names.end()) names.emplace_back(Name(reason));
  return fmt::format("{}", fmt::join(names, ", "));
}

Status Note(MirrorRecord& mirror, Accept accept, const Halted& halted, int64_t at_ms) {
  bool answered = false;
  if (halted.mirror && Answers(accept, *halted.mirror)) {
    mirror.accept = accept;
    mirror.accept_ms = at_ms;
    answered = true;
  }
  for (const auto& [index, reason] : halted.partitions) {
    if (!Answers(accept, reason) || static_cast<size_t>(index) >= mirror.partitions.size()) continue;
    PartitionRecord& partition = mirror.partitions[static_cast<size_t>(index)];
    partition.accept = accept;
    partition.accept_ms = at_ms;
    answered = true;
  }
  if (answered) return absl::OkStatus();
  if (halted.empty())
    return FailedPrecondition("mirror {}: nothing has failed there that {} would answer", mirror.destination_topic,
                              FlagOf(accept));
  return FailedPrecondition("mirror {} stands still for {}, which {} does not answer", mirror.destination_topic,
                            NamesOf(halted), FlagOf(accept));
}

}  // namespace

std::string_view FlagOf(Accept accept) {
  switch (accept) {
    case Accept::kNone:
      return "no flag";
    case Accept::kTruncation:
      return "--accept-truncation";
    case Accept::kRestartAsNew:
      return "--restart-as-new";
    case Accept::kGap:
      return "--accept-gap";
    case Accept::kRealign:
      return "klink mirror realign";
  }
  return "an unknown flag";
}

std::string PauseText(const Order& order) {
  std::string text = order.by.empty() ? "paused by an operator" : "paused by " + order.by;
  return order.text.empty() ? text : text + ": " + order.text;
}

StatusOr<MirrorRecord> Pause(MirrorRecord mirror, const Order& order) {
  RETURN_IF_ERROR(CheckNotPromoted(mirror));
  if (mirror.phase == Phase::kPaused && mirror.reason == Reason::kPausedByOperator) return mirror;
  return Paused(std::move(mirror), Reason::kPausedByOperator, PauseText(order), order.at_ms);
}

StatusOr<MirrorRecord> Resume(MirrorRecord mirror, const Order& order, Accept accept, const Halted& halted) {
  RETURN_IF_ERROR(CheckNotPromoted(mirror));
  if (mirror.phase == Phase::kPaused && mirror.reason == Reason::kFilteredOut)
    return FailedPrecondition("mirror {} is paused because {} left the link's filter ({}): {}",
                              mirror.destination_topic, mirror.source_topic, mirror.text,
                              "include it again and it goes on by itself");
  mirror = Lifted(std::move(mirror), order.at_ms);
  if (accept != Accept::kNone) RETURN_IF_ERROR(Note(mirror, accept, halted, order.at_ms));
  return mirror;
}

StatusOr<MirrorRecord> Realign(MirrorRecord mirror, const Order& order) {
  RETURN_IF_ERROR(CheckNotPromoted(mirror));
  if (!Runs(mirror.phase))
    return FailedPrecondition("mirror {} is {}: resume it first", mirror.destination_topic, Name(mirror.phase));
  mirror.accept = Accept::kRealign;
  mirror.accept_ms = order.at_ms;
  return mirror;
}

std::optional<MirrorRecord> FollowFilter(const MirrorRecord& mirror, const FilterVerdict& verdict) {
  const bool filtered_out = mirror.phase == Phase::kPaused && mirror.reason == Reason::kFilteredOut;
  if (verdict.included) return filtered_out ? std::optional(Lifted(mirror, verdict.at_ms)) : std::nullopt;
  if (!Runs(mirror.phase) && mirror.phase != Phase::kFailed) return std::nullopt;
  return Paused(mirror, Reason::kFilteredOut, verdict.why, verdict.at_ms);
}

PauseRecord Pause(PauseRecord link, const Order& order) {
  if (link.paused) return link;
  return PauseRecord{true, order.by, order.text, order.at_ms};
}

PauseRecord Resume(PauseRecord link, const Order& order) {
  if (!link.paused) return link;
  return PauseRecord{false, order.by, order.text, order.at_ms};
}

InhibitRecord Inhibit(InhibitRecord was, const Order& order) {
  if (was.inhibited) return was;
  return InhibitRecord{true, order.by, order.text, order.at_ms, was.cleared};
}

InhibitRecord Permit(InhibitRecord was, const Order& order, std::string_view done) {
  if (!was.inhibited && was.cleared == done) return was;
  return InhibitRecord{false, order.by, order.text, order.at_ms, std::string(done)};
}

std::string InhibitText(const InhibitRecord& inhibit) {
  std::string text = "inhibited";
  if (!inhibit.by.empty()) text += fmt::format(" by {}", inhibit.by);
  if (!inhibit.text.empty()) text += fmt::format(": {}", inhibit.text);
  return text;
}

}  // namespace klink::state
