// The journal of a planned move: producers are kept away from the source, what is left is copied, nobody writes for a
// while, and then the mirrors are promoted, those with the least to copy first. One at a time; a new one follows one
// that is done. Promotions have journals of their own (promotion.h); what is STOPPED has been moved.
//
//   cutover   CutoverRecord
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "state/states.h"

namespace klink::state {

#define KLINK_CUTOVER_STEPS(ROW) \
  ROW(Block, BLOCK) ROW(Drain, DRAIN) ROW(Promote, PROMOTE) ROW(Undo, UNDO) ROW(Done, DONE)
#define KLINK_ENUM_VALUE(ID, NAME) k##ID,
#define KLINK_ENUM_NAME(ID, NAME) #NAME,
KLINK_NAMED_ENUM(CutoverStep, KLINK_CUTOVER_STEPS)
#undef KLINK_ENUM_VALUE
#undef KLINK_ENUM_NAME

Json ToJson(CutoverStep v);
Status FromJson(const Json& json, CutoverStep& v);

struct CutoverRecord {
  std::string id;
  CutoverStep step = CutoverStep::kBlock;
  std::vector<std::string> topics;  // at the destination, in the order they are promoted
  bool block = false;               // producers are denied writing at the source
  // Topics at the source. Written before an ACL is made: what an undo takes away again is exactly what stands here.
  std::vector<std::string> denied;         // DENY WRITE for everybody
  std::vector<std::string> denied_before;  // by moves that are done, and stand still
  int64_t settle_ms = 0;                   // how long nobody may have written
  int64_t timeout_ms = 0;                  // of a try to get there
  int64_t until_ms = 0;
  std::string halted;  // why it waits for somebody to say how to go on; empty: it goes on
  bool undone = false;
  std::string by;
  std::string text;
  int64_t started_ms = 0;
  int64_t finished_ms = 0;

  static void Describe(auto& m, auto& field) {
    field("id", m.id);
    field("step", m.step);
    field("topics", m.topics);
    field("block", m.block);
    field("denied", m.denied);
    field("denied_before", m.denied_before);
    field("settle_ms", m.settle_ms);
    field("timeout_ms", m.timeout_ms);
    field("until_ms", m.until_ms);
    field("halted", m.halted);
    field("undone", m.undone);
    field("by", m.by);
    field("text", m.text);
    field("started_ms", m.started_ms);
    field("finished_ms", m.finished_ms);
  }
  friend bool operator==(const CutoverRecord&, const CutoverRecord&) = default;
};

struct CutoverMove {
  CutoverStep from;
  CutoverStep to;
};

inline constexpr auto kCutoverMoves = [] {
  using enum CutoverStep;
  return std::to_array<CutoverMove>({
      {kBlock, kDrain},
      {kBlock, kUndo},
      {kDrain, kPromote},
      {kDrain, kUndo},
      {kPromote, kDone},
      {kUndo, kDone},
  });
}();

constexpr bool MayMove(CutoverStep from, CutoverStep to) {
  if (from == to) return true;
  for (const CutoverMove& move : kCutoverMoves)
    if (move.from == from && move.to == to) return true;
  return false;
}

namespace check {
constexpr bool CutoverReaches(CutoverStep from, CutoverStep to) {
  if (from == to) return true;
  for (const CutoverMove& move : kCutoverMoves)
    if (move.from == from && CutoverReaches(move.to, to)) return true;
  return false;
}
static_assert(!CutoverReaches(CutoverStep::kPromote, CutoverStep::kUndo), "nothing is undone once promoting began");
static_assert(!CutoverReaches(CutoverStep::kUndo, CutoverStep::kPromote), "what is undone is not promoted");
static_assert(!MayMove(CutoverStep::kBlock, CutoverStep::kPromote), "nothing is promoted before it is drained");
static_assert(CutoverReaches(CutoverStep::kBlock, CutoverStep::kDone));
}  // namespace check

std::string KeyOf(const CutoverRecord& record);

}  // namespace klink::state
