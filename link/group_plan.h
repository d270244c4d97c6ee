// What becomes of one committed position at the destination, and what an answer to a commit means. Pure.
//
// A group must never skip a record it has not read (L7), nor read one again that it had committed (L8): the position
// is translated exactly, or lowered to what the copy holds and raised again as soon as it holds more, or left alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "kafka/errors.h"
#include "offsets/translation.h"

namespace klink::link {

// A partition of a mirror, as far as positions in it are concerned. Of one moment: `map` is not kept over a wait.
struct GroupPartition {
  const offsets::Translation* map = nullptr;  // null: not known to this agent
  std::optional<SourceOffset> replicated_to;
  std::optional<DestOffset> log_start;       // of the copy
  std::optional<DestOffset> high_watermark;  // of the copy, or less
  bool healthy = false;                      // it is mirrored now: other groups' output may wait for it
};

struct GroupMirror {
  std::string source_topic;
  std::string destination_topic;
  std::string destination_id;  // as Kafka prints it: another one has no committed offsets (protocol.md G7)
  std::string why_not;         // nothing may be committed to it; empty: it may
  std::vector<GroupPartition> partitions;
};

struct PlannedPosition {
  enum class Kind : uint8_t { kExact, kClamped, kUnknown, kSkipped } kind = Kind::kUnknown;
  int64_t value = -1;   // to be committed; of exact and clamped ones
  bool behind = false;  // lowered because the copy does not reach it yet: kept, and raised later
  std::string why;      // empty when exact
};
std::string_view Name(PlannedPosition::Kind kind);

// Why positions of this group cannot be dealt with in this partition; or what they become. A null mirror: the topic is
// not mirrored by this link.
PlannedPosition PlanIn(const GroupMirror* mirror, std::string_view source_topic, int32_t partition,
                       SourceOffset offset);
// max(log start, min(high watermark, translation)).
PlannedPosition PlanPosition(const GroupPartition& partition, SourceOffset offset);

// What a coordinator's answer about a committed partition means.
enum class CommitResult : uint8_t {
  kCommitted,
  kInUse,         // the group has members at the destination
  kCoordinator,   // ask where it is, next round
  kUnauthorized,  // a person must grant something
  kRefused,       // the broker will not take it
  kRetry,         // next round
};
CommitResult ResultOf(kafka::Error error);
std::string_view Name(CommitResult result);  // as the metric's label

// Does a group in this state, as ListGroups tells it, have members?
bool HasMembers(std::string_view group_state);

// How long after a commit an unchanged position is committed again, so that the destination does not let it expire
// (protocol.md G5): within a day, spread by group.
Duration RecommitAfter(std::string_view group);
// The same for what a new leader finds committed: when that was is not told. Within the hour.
Duration FirstRecommitAfter(std::string_view group);

}  // namespace klink::link
