// What pausing and resuming make of a mirror's record. Pure; every caller plans with these and writes what they answer.
//
// Invariants:
//  - A pause lies on top of the mirror's own phase: phase_before goes on below it (BelowThePause) and comes back.
//  - Partitions keep their phases: what was mirrored before a pause is known after it.
//  - A topic that left the filter is paused by klink itself and comes back with the filter; an operator's pause stands
//    until an operator lifts it.
//  - Nothing here touches a mirror that is being promoted or was.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "state/records.h"

namespace klink::state {

// Somebody's decision.
struct Order {
  std::string by;    // as the caller named itself; may be empty
  std::string text;  // why, in the operator's words; may be empty
  int64_t at_ms = 0;
};

// What stands still in a mirror now, and why: as the agent that mirrors it sees it.
struct Halted {
  std::optional<Reason> mirror;
  std::map<int32_t, Reason> partitions;
  bool empty() const { return !mirror && partitions.empty(); }
};

// Does an agent mirror it in this phase?
constexpr bool Runs(Phase phase) {
  return phase == Phase::kCreating || phase == Phase::kPrefill || phase == Phase::kActive || phase == Phase::kRestore;
}
// Is this acceptance an answer to that reason?
constexpr bool Answers(Accept accept, Reason reason) {
  switch (accept) {
    case Accept::kNone:
      return false;
    case Accept::kTruncation:
      return reason == Reason::kSourceTruncated;
    case Accept::kRestartAsNew:
      return reason == Reason::kSourceTopicIdChanged || reason == Reason::kSourceTopicMayBeDeleted ||
             reason == Reason::kDestinationTopicDeleted || reason == Reason::kDestinationTopicIdChanged;
    case Accept::kGap:
      return reason == Reason::kRetentionGap;
    case Accept::kRealign:  // no answer: it is asked for
      return false;
  }
  return false;
}
std::string_view FlagOf(Accept accept);  // "--accept-gap"

// "paused by root: rack 3 is moved"
std::string PauseText(const Order& order);

// FailedPrecondition: it is being promoted or was. Paused by an operator already: as it is.
StatusOr<MirrorRecord> Pause(MirrorRecord mirror, const Order& order);
// Lifts the pause and what is recorded as FAILED, so that it is tried anew; one that runs stays as it is, with what is
// accepted noted where it answers what stands still. FailedPrecondition: promoted, left the filter, or nothing stands
// still for what `accept` answers.
StatusOr<MirrorRecord> Resume(MirrorRecord mirror, const Order& order, Accept accept, const Halted& halted);
// Has the copy deleted and made again. FailedPrecondition: promoted, or it does not run.
StatusOr<MirrorRecord> Realign(MirrorRecord mirror, const Order& order);
struct FilterVerdict {
  bool included = false;
  std::string why;
  int64_t at_ms = 0;
};
// The record when the filter's verdict changes it: paused as FILTERED_OUT, or back.
std::optional<MirrorRecord> FollowFilter(const MirrorRecord& mirror, const FilterVerdict& verdict);

// The link's record after the order; as it is when that changes nothing.
PauseRecord Pause(PauseRecord link, const Order& order);
PauseRecord Resume(PauseRecord link, const Order& order);

// Whether klink may fail over by itself. Lifting it also makes `done`, the automatic failover there was, count no more.
InhibitRecord Inhibit(InhibitRecord was, const Order& order);
InhibitRecord Permit(InhibitRecord was, const Order& order, std::string_view done);
// "inhibited by root: rack 3 is moved"
std::string InhibitText(const InhibitRecord& inhibit);

// A change of the engine's to a mirror that may have been paused meanwhile: it sees the mirror as it is below the
// pause, and the pause stays.
template <class Change>
void BelowThePause(MirrorRecord& mirror, const Change& change) {
  if (mirror.phase != Phase::kPaused) return change(mirror);
  const MirrorRecord pause = mirror;
  mirror.phase = pause.phase_before.value_or(Phase::kActive);
  change(mirror);
  mirror.phase_before = std::exchange(mirror.phase, Phase::kPaused);
  mirror.reason = pause.reason;
  mirror.text = pause.text;
  mirror.since_ms = pause.since_ms;
}

}  // namespace klink::state
