// The states operators see, and the one table of moves between them. A mirror shows its worst partition.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace klink::state {

// A mirror's state, also a partition's. The order is that of "worse", used by WorstOf.
#define KLINK_MIRROR_STATES(ROW)                         \
  ROW(Stopped, STOPPED)                                  \
  ROW(Active, ACTIVE)                                    \
  ROW(PendingSynchronize, PENDING_SYNCHRONIZE)           \
  ROW(PendingMirror, PENDING_MIRROR)                     \
  ROW(PendingSetupForRestore, PENDING_SETUP_FOR_RESTORE) \
  ROW(PendingRestore, PENDING_RESTORE)                   \
  ROW(PendingStopped, PENDING_STOPPED)                   \
  ROW(Paused, PAUSED)                                    \
  ROW(LinkPaused, LINK_PAUSED)                           \
  ROW(SourceUnavailable, SOURCE_UNAVAILABLE)             \
  ROW(LinkFailed, LINK_FAILED)                           \
  ROW(Failed, FAILED)

#define KLINK_LINK_STATES(ROW)  \
  ROW(Active, ACTIVE)           \
  ROW(Paused, PAUSED)           \
  ROW(Unavailable, UNAVAILABLE) \
  ROW(Failed, FAILED)

#define KLINK_TASK_STATES(ROW)       \
  ROW(Active, ACTIVE)                \
  ROW(InError, IN_ERROR)             \
  ROW(NotConfigured, NOT_CONFIGURED) \
  ROW(LinkPaused, LINK_PAUSED)       \
  ROW(LinkUnavailable, LINK_UNAVAILABLE)

// What the state topic says about a mirror: the part of its state that outlives every agent and that decides which
// effects are allowed (effects.h).
#define KLINK_PHASES(ROW)                 \
  ROW(Creating, CREATING)                 \
  ROW(Prefill, PREFILL)                   \
  ROW(Active, ACTIVE)                     \
  ROW(Paused, PAUSED)                     \
  ROW(PendingStopped, PENDING_STOPPED)    \
  ROW(Stopped, STOPPED)                   \
  ROW(Failed, FAILED)                     \
  ROW(SetupForRestore, SETUP_FOR_RESTORE) \
  ROW(Restore, RESTORE)

// What an operator accepted when resuming; whoever acts on it takes it away again.
#define KLINK_ACCEPTS(ROW) \
  ROW(None, NONE) ROW(Truncation, TRUNCATION) ROW(RestartAsNew, RESTART_AS_NEW) ROW(Gap, GAP) ROW(Realign, REALIGN)

#define KLINK_NAMED_ENUM(ENUM, ROWS)                                                      \
  enum class ENUM : uint8_t { ROWS(KLINK_ENUM_VALUE) };                                   \
  inline constexpr std::string_view ENUM##Names[] = {ROWS(KLINK_ENUM_NAME)};              \
  constexpr std::string_view Name(ENUM e) { return ENUM##Names[static_cast<size_t>(e)]; } \
  constexpr std::optional<ENUM> Find##ENUM(std::string_view name) {                       \
    for (size_t i = 0; i < std::size(ENUM##Names); i++)                                   \
      if (ENUM##Names[i] == name) return static_cast<ENUM>(i);                            \
    return std::nullopt;                                                                  \
  }
#define KLINK_ENUM_VALUE(ID, NAME) k##ID,
#define KLINK_ENUM_NAME(ID, NAME) #NAME,
KLINK_NAMED_ENUM(MirrorState, KLINK_MIRROR_STATES)
KLINK_NAMED_ENUM(LinkCondition, KLINK_LINK_STATES)
KLINK_NAMED_ENUM(TaskState, KLINK_TASK_STATES)
KLINK_NAMED_ENUM(Phase, KLINK_PHASES)
KLINK_NAMED_ENUM(Accept, KLINK_ACCEPTS)
#undef KLINK_ENUM_VALUE
#undef KLINK_ENUM_NAME

struct Move {
  MirrorState from;
  MirrorState to;
};

// Every move there is.
inline constexpr auto kMoves = [] {
  using enum MirrorState;
  return std::to_array<Move>({
      // The copy is being set up: topic created, head filled.
      {kPendingMirror, kActive},
      {kPendingMirror, kPaused},
      {kPendingMirror, kLinkPaused},
      {kPendingMirror, kSourceUnavailable},
      {kPendingMirror, kFailed},
      {kPendingMirror, kLinkFailed},
      {kPendingMirror, kPendingStopped},
      // It runs.
      {kActive, kPaused},
      {kActive, kLinkPaused},
      {kActive, kSourceUnavailable},
      {kActive, kFailed},
      {kActive, kLinkFailed},
      {kActive, kPendingMirror},  // re-created aligned
      {kActive, kPendingSynchronize},
      {kActive, kPendingStopped},
      // A planned promotion waits for the source's end; it may be given up.
      {kPendingSynchronize, kActive},
      {kPendingSynchronize, kPaused},
      {kPendingSynchronize, kSourceUnavailable},
      {kPendingSynchronize, kFailed},
      {kPendingSynchronize, kLinkFailed},
      {kPendingSynchronize, kPendingStopped},
      // It stands, and goes back to where it was when the cause is gone.
      {kPaused, kPendingMirror},
      {kPaused, kActive},
      {kPaused, kLinkPaused},
      {kPaused, kSourceUnavailable},
      {kPaused, kFailed},
      {kPaused, kLinkFailed},
      {kPaused, kPendingStopped},
      {kLinkPaused, kPendingMirror},
      {kLinkPaused, kActive},
      {kLinkPaused, kPaused},
      {kLinkPaused, kSourceUnavailable},
      {kLinkPaused, kFailed},
      {kLinkPaused, kLinkFailed},
      {kLinkPaused, kPendingStopped},
      {kSourceUnavailable, kPendingMirror},
      {kSourceUnavailable, kActive},
      {kSourceUnavailable, kPaused},
      {kSourceUnavailable, kLinkPaused},
      {kSourceUnavailable, kFailed},
      {kSourceUnavailable, kLinkFailed},
      {kSourceUnavailable, kPendingSynchronize},
      {kSourceUnavailable, kPendingStopped},
      {kFailed, kPendingMirror},
      {kFailed, kActive},
      {kFailed, kPaused},
      {kFailed, kLinkPaused},
      {kFailed, kLinkFailed},
      {kFailed, kPendingStopped},
      {kLinkFailed, kPendingMirror},
      {kLinkFailed, kActive},
      {kLinkFailed, kPaused},
      {kLinkFailed, kLinkPaused},
      {kLinkFailed, kSourceUnavailable},
      {kLinkFailed, kFailed},
      {kLinkFailed, kPendingStopped},
      // A promotion goes forward only, and nobody mirrors into its result.
      {kPendingStopped, kStopped},
      {kStopped, kPendingSetupForRestore},
      // Failback: the old side is made a mirror again.
      {kPendingSetupForRestore, kPendingRestore},
      {kPendingSetupForRestore, kFailed},
      {kPendingSetupForRestore, kPendingStopped},
      {kPendingRestore, kPaused},
      {kPaused, kPendingRestore},
      {kPendingRestore, kPendingMirror},
      {kPendingRestore, kActive},
      {kPendingRestore, kFailed},
      {kPendingRestore, kPendingStopped},
  });
}();

constexpr bool MayMove(MirrorState from, MirrorState to) {
  if (from == to) return true;
  for (const Move& move : kMoves)
    if (move.from == from && move.to == to) return true;
  return false;
}

constexpr MirrorState StateOf(Phase phase) {
  switch (phase) {
    case Phase::kCreating:
    case Phase::kPrefill:
      return MirrorState::kPendingMirror;
    case Phase::kActive:
      return MirrorState::kActive;
    case Phase::kPaused:
      return MirrorState::kPaused;
    case Phase::kPendingStopped:
      return MirrorState::kPendingStopped;
    case Phase::kStopped:
      return MirrorState::kStopped;
    case Phase::kFailed:
      return MirrorState::kFailed;
    case Phase::kSetupForRestore:
      return MirrorState::kPendingSetupForRestore;
    case Phase::kRestore:
      return MirrorState::kPendingRestore;
  }
  return MirrorState::kFailed;
}

// A record that says otherwise is not written. A mirror that is re-created starts with CREATING again; a topic that is
// being filled does not.
constexpr bool MayMove(Phase from, Phase to) {
  if (from == to) return true;
  if (from == Phase::kPrefill && to == Phase::kCreating) return true;  // overshot: deleted and made again
  if (StateOf(from) == StateOf(to)) return from == Phase::kCreating;
  return MayMove(StateOf(from), StateOf(to));
}

// The worst of a mirror's partitions; nothing when there are none.
constexpr std::optional<MirrorState> WorstOf(std::span<const MirrorState> partitions) {
  std::optional<MirrorState> worst;
  for (MirrorState state : partitions)
    if (!worst || state > *worst) worst = state;
  return worst;
}

namespace check {
constexpr size_t kStates = std::size(MirrorStateNames);
constexpr bool EachMoveOnce() {
  for (size_t i = 0; i < kMoves.size(); i++) {
    if (kMoves[i].from == kMoves[i].to) return false;
    for (size_t j = 0; j < i; j++)
      if (kMoves[i].from == kMoves[j].from && kMoves[i].to == kMoves[j].to) return false;
  }
  return true;
}
constexpr bool ReachedFrom(MirrorState start, MirrorState goal) {
  std::array<bool, kStates> seen{};
  seen[static_cast<size_t>(start)] = true;
  for (size_t round = 0; round < kStates; round++)
    for (const Move& move : kMoves)
      if (seen[static_cast<size_t>(move.from)]) seen[static_cast<size_t>(move.to)] = true;
  return seen[static_cast<size_t>(goal)];
}
constexpr bool FromEvery(MirrorState goal) {
  for (size_t i = 0; i < kStates; i++)
    if (!ReachedFrom(static_cast<MirrorState>(i), goal)) return false;
  return true;
}
constexpr bool EveryFrom(MirrorState start) {
  for (size_t i = 0; i < kStates; i++)
    if (!ReachedFrom(start, static_cast<MirrorState>(i))) return false;
  return true;
}
constexpr bool FailoverFromEvery() {
  for (size_t i = 0; i < kStates; i++) {
    const auto state = static_cast<MirrorState>(i);
    if (state != MirrorState::kStopped && !MayMove(state, MirrorState::kPendingStopped)) return false;
  }
  return true;
}
constexpr size_t MovesFrom(MirrorState state) {
  size_t count = 0;
  for (const Move& move : kMoves) count += move.from == state;
  return count;
}
static_assert(EachMoveOnce());
static_assert(FailoverFromEvery(), "failover works from every state");
static_assert(FromEvery(MirrorState::kActive), "no state is a dead end");
static_assert(EveryFrom(MirrorState::kPendingMirror), "no state is unreachable");
static_assert(MovesFrom(MirrorState::kPendingStopped) == 1, "a promotion goes forward only");
static_assert(MovesFrom(MirrorState::kStopped) == 1, "STOPPED is left by failback alone");
static_assert(!MayMove(Phase::kStopped, Phase::kActive) && !MayMove(Phase::kPendingStopped, Phase::kActive));
static_assert(MayMove(Phase::kCreating, Phase::kPrefill) && MayMove(Phase::kFailed, Phase::kCreating));
}  // namespace check

}  // namespace klink::state
