// The journal of promotions, as the state topic keeps it: what was begun, how far it got, and where each topic was cut.
// A step is written before it is begun and may be carried out twice; the one in the record is under way, all before it
// are done. So whoever takes control reads what is left to do.
//
// A failover of sets is carried out in waves, the highest priority first: each is a journal of its own, begun together
// with the first, whose id all of theirs begin with.
//
//   promotion/<id>   PromotionRecord        cut/<topic>   CutRecord, of the topic's last promotion
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "state/reasons.h"
#include "state/states.h"

namespace klink::state {

Json ToJson(Reason v);
Status FromJson(const Json& json, Reason& v);

#define KLINK_PROMOTION_KINDS(ROW) ROW(Promote, PROMOTE) ROW(Failover, FAILOVER)
// In this order.
#define KLINK_PROMOTION_STEPS(ROW)       \
  ROW(Synchronize, SYNCHRONIZE)          \
  ROW(StopCopying, STOP_COPYING)         \
  ROW(EndTransactions, END_TRANSACTIONS) \
  ROW(Fence, FENCE)                      \
  ROW(RecordCut, RECORD_CUT)             \
  ROW(CommitGroups, COMMIT_GROUPS)       \
  ROW(RestoreConfigs, RESTORE_CONFIGS)   \
  ROW(ReleaseAcls, RELEASE_ACLS)         \
  ROW(Done, DONE)
// What became of a topic: it is under way; STOPPED; not touched, or given back to copying; or still PENDING_STOPPED,
// so that the promotion has to be asked for again.
#define KLINK_PROMOTION_OUTCOMES(ROW) \
  ROW(Running, RUNNING) ROW(Stopped, STOPPED) ROW(Refused, REFUSED) ROW(Unfinished, UNFINISHED)
#define KLINK_ENUM_VALUE(ID, NAME) k##ID,
#define KLINK_ENUM_NAME(ID, NAME) #NAME,
KLINK_NAMED_ENUM(PromotionKind, KLINK_PROMOTION_KINDS)
KLINK_NAMED_ENUM(PromotionStep, KLINK_PROMOTION_STEPS)
KLINK_NAMED_ENUM(PromotionOutcome, KLINK_PROMOTION_OUTCOMES)
#undef KLINK_ENUM_VALUE
#undef KLINK_ENUM_NAME

Json ToJson(PromotionKind v);
Json ToJson(PromotionStep v);
Json ToJson(PromotionOutcome v);
Status FromJson(const Json& json, PromotionKind& v);
Status FromJson(const Json& json, PromotionStep& v);
Status FromJson(const Json& json, PromotionOutcome& v);

struct PromotionTopic {
  std::string topic;  // at the destination
  PromotionOutcome outcome = PromotionOutcome::kRunning;
  std::optional<Reason> reason;        // of what was refused or is unfinished
  std::string text;                    // of it
  std::vector<std::string> remaining;  // commands that bring about what could not be done

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("outcome", m.outcome);
    field("reason", m.reason);
    field("text", m.text);
    field("remaining", m.remaining);
  }
  friend bool operator==(const PromotionTopic&, const PromotionTopic&) = default;
};

struct PromotionTime {
  PromotionStep step = PromotionStep::kSynchronize;
  int64_t began_ms = 0;

  static void Describe(auto& m, auto& field) {
    field("step", m.step);
    field("began_ms", m.began_ms);
  }
  friend bool operator==(const PromotionTime&, const PromotionTime&) = default;
};

struct PromotionRecord {
  std::string id;
  PromotionKind kind = PromotionKind::kFailover;
  PromotionStep step = PromotionStep::kSynchronize;
  std::string by;
  std::string text;         // why, in the operator's words
  bool pause_link = false;  // all mirrors: nothing new is begun from the first step on that ends copying
  bool automatic = false;   // begun by klink itself
  std::string operation;  // the id of the one that was asked for, of which this is a later wave; empty: it is that one
  int64_t started_ms = 0;
  int64_t until_ms = 0;  // of SYNCHRONIZE
  int64_t finished_ms = 0;
  std::optional<int64_t> groups_read_ms;  // when positions of groups were last read at the source, all of them
  std::vector<std::string> remaining;     // commands that bring about what could not be done, beside the topics' own
  std::vector<PromotionTime> times;       // of each step
  std::vector<PromotionTopic> topics;

  static void Describe(auto& m, auto& field) {
    field("id", m.id);
    field("kind", m.kind);
    field("step", m.step);
    field("by", m.by);
    field("text", m.text);
    field("pause_link", m.pause_link);
    field("automatic", m.automatic);
    field("operation", m.operation);
    field("started_ms", m.started_ms);
    field("until_ms", m.until_ms);
    field("finished_ms", m.finished_ms);
    field("groups_read_ms", m.groups_read_ms);
    field("remaining", m.remaining);
    field("times", m.times);
    field("topics", m.topics);
  }
  friend bool operator==(const PromotionRecord&, const PromotionRecord&) = default;
};

// By what id it was asked for.
inline const std::string& OperationOf(const PromotionRecord& record) {
  return record.operation.empty() ? record.id : record.operation;
}

struct CutPartition {
  std::optional<int64_t> cut;  // destination offset: what others write begins here, nothing of klink's stands behind it
  std::optional<int64_t> copied_end;     // destination offset: where the copy ended, before the fence
  std::optional<int64_t> replicated_to;  // source offset: everything below is at the destination
  std::optional<int64_t> source_end;     // as last told by the source
  std::optional<int64_t> source_end_ms;  // when
  std::optional<int64_t> aborted_from;   // source offset: the first record of what was open, and is aborted in the copy
  std::optional<int64_t> tail_offset;    // destination offset of the last copied batch
  std::optional<int64_t> tail_crc;       // CRC-32C of its records
  int32_t source_leader_epoch = -1;      // the highest of what was copied
  int64_t transactions_cut = 0;          // that were being copied, and are aborted in the copy

  static void Describe(auto& m, auto& field) {
    field("cut", m.cut);
    field("copied_end", m.copied_end);
    field("replicated_to", m.replicated_to);
    field("source_end", m.source_end);
    field("source_end_ms", m.source_end_ms);
    field("aborted_from", m.aborted_from);
    field("tail_offset", m.tail_offset);
    field("tail_crc", m.tail_crc);
    field("source_leader_epoch", m.source_leader_epoch);
    field("transactions_cut", m.transactions_cut);
  }
  friend bool operator==(const CutPartition&, const CutPartition&) = default;
};

struct CutRecord {
  std::string topic;
  std::string promotion;  // its id
  int64_t at_ms = 0;
  std::vector<CutPartition> partitions;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("promotion", m.promotion);
    field("at_ms", m.at_ms);
    field("partitions", m.partitions);
  }
  friend bool operator==(const CutRecord&, const CutRecord&) = default;
};

struct PromotionMove {
  PromotionStep from;
  PromotionStep to;
};

// Every move there is. A planned promotion that is given up ends while everything is still copied.
inline constexpr auto kPromotionMoves = [] {
  using enum PromotionStep;
  return std::to_array<PromotionMove>({
      {kSynchronize, kStopCopying},
      {kSynchronize, kDone},
      {kStopCopying, kEndTransactions},
      {kEndTransactions, kFence},
      {kFence, kRecordCut},
      {kRecordCut, kCommitGroups},
      {kCommitGroups, kRestoreConfigs},
      {kRestoreConfigs, kReleaseAcls},
      {kReleaseAcls, kDone},
  });
}();

constexpr bool MayMove(PromotionStep from, PromotionStep to) {
  if (from == to) return true;
  for (const PromotionMove& move : kPromotionMoves)
    if (move.from == from && move.to == to) return true;
  return false;
}
// Is nothing given back to copying any more?
constexpr bool PastReturn(PromotionStep step) { return step != PromotionStep::kSynchronize; }
constexpr PromotionStep NextStep(PromotionStep step) {
  for (const PromotionMove& move : kPromotionMoves)
    if (move.from == step) return move.to;
  return step;
}

namespace check {
constexpr bool PromotionGoesForward() {
  for (const PromotionMove& move : kPromotionMoves)
    if (move.to <= move.from) return false;
  return true;
}
// Can `to` be reached without `by`?
constexpr bool ReachedWithout(PromotionStep from, PromotionStep to, PromotionStep by) {
  if (from == to) return true;
  for (const PromotionMove& move : kPromotionMoves)
    if (move.from == from && move.to != by && ReachedWithout(move.to, to, by)) return true;
  return false;
}
constexpr bool EveryPromotionEnds() {
  for (size_t step = 0; step < std::size(PromotionStepNames); step++)
    if (!ReachedWithout(static_cast<PromotionStep>(step), PromotionStep::kDone, static_cast<PromotionStep>(step)))
      return false;
  return true;
}
static_assert(PromotionGoesForward(), "a step is never gone back to");
static_assert(EveryPromotionEnds(), "no step is a dead end");
static_assert(!MayMove(PromotionStep::kDone, PromotionStep::kSynchronize));
static_assert(!ReachedWithout(PromotionStep::kSynchronize, PromotionStep::kRecordCut, PromotionStep::kFence),
              "a cut is recorded behind a fence alone");
static_assert(!ReachedWithout(PromotionStep::kStopCopying, PromotionStep::kFence, PromotionStep::kEndTransactions),
              "no fence while a transaction of ours may still be ended otherwise");
static_assert(!ReachedWithout(PromotionStep::kStopCopying, PromotionStep::kDone, PromotionStep::kRecordCut),
              "what stopped copying is cut before it is done");
static_assert(!ReachedWithout(PromotionStep::kStopCopying, PromotionStep::kReleaseAcls, PromotionStep::kFence),
              "nobody is let in before klink is shut out");
static_assert(!MayMove(MirrorState::kActive, MirrorState::kStopped), "STOPPED is reached through PENDING_STOPPED");
}  // namespace check

std::string KeyOf(const PromotionRecord& record);
std::string KeyOf(const CutRecord& record);

}  // namespace klink::state
