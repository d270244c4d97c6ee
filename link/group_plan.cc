#include "link/group_plan.h"

#include <algorithm>
#include <functional>

namespace klink::link {
namespace {

constexpr Duration kRecommitLatest = 23h;

PlannedPosition Unknown(std::string why) { return {PlannedPosition::Kind::kUnknown, -1, false, std::move(why)}; }

}  // namespace

std::string_view Name(PlannedPosition::Kind kind) {
  switch (kind) {
    case PlannedPosition::Kind::kExact:
      return "exact";
    case PlannedPosition::Kind::kClamped:
      return "clamped";
    case PlannedPosition::Kind::kUnknown:
      return "unknown";
    case PlannedPosition::Kind::kSkipped:
      return "skipped";
  }
  return "unknown";
}

PlannedPosition PlanIn(const GroupMirror* mirror, std::string_view source_topic, int32_t partition,
                       SourceOffset offset) {
  const auto skipped = [](std::string why) {
    return PlannedPosition{PlannedPosition::Kind::kSkipped, -1, false, std::move(why)};
  };
  if (mirror == nullptr) return skipped(fmt::format("topic {} is not mirrored by this link", source_topic));
  if (!mirror->why_not.empty()) return skipped(mirror->why_not);
  if (partition < 0 || static_cast<size_t>(partition) >= mirror->partitions.size())
    return skipped(fmt::format("mirror {} has {} partitions", mirror->destination_topic, mirror->partitions.size()));
  return PlanPosition(mirror->partitions[static_cast<size_t>(partition)], offset);
}

PlannedPosition PlanPosition(const GroupPartition& partition, SourceOffset offset) {
  using Kind = PlannedPosition::Kind;
  if (partition.map == nullptr || partition.map->empty())
    return Unknown("nothing of the partition has been copied yet");
  const offsets::Position end = *partition.map->end();
  offsets::Answer answer = partition.map->ToDest(offset);
  PlannedPosition planned{Kind::kExact, answer.value, false, std::move(answer.why)};
  if (answer.kind == offsets::Answer::Kind::kClamped) planned.kind = Kind::kClamped;
  if (answer.kind == offsets::Answer::Kind::kUnknown) {
    if (offset <= end.source) return Unknown(std::move(planned.why));  // that part of the map was lost
    planned = {Kind::kClamped, end.dest.value, true,
               fmt::format("the copy ends before source offset {}, the group stands at {}", end.source, offset)};
  }
  if (partition.high_watermark && planned.value > partition.high_watermark->value)
    planned = {Kind::kClamped, partition.high_watermark->value, true,
               fmt::format("the copy's high watermark is {}", *partition.high_watermark)};
  if (partition.log_start && planned.value < partition.log_start->value)
    planned = {Kind::kClamped, partition.log_start->value, planned.behind,
               fmt::format("the copy starts at offset {}", *partition.log_start)};
  return planned;
}

CommitResult ResultOf(kafka::Error error) {
  using kafka::Error;
  switch (error) {
    case Error::kNone:
      return CommitResult::kCommitted;
    case Error::kUnknownMemberId:  // an outsider, while there are members (protocol.md G1)
    case Error::kIllegalGeneration:
    case Error::kRebalanceInProgress:
    case Error::kFencedMemberEpoch:
    case Error::kStaleMemberEpoch:
      return CommitResult::kInUse;
    case Error::kTopicAuthorizationFailed:
    case Error::kGroupAuthorizationFailed:
      return CommitResult::kUnauthorized;
    case Error::kOffsetMetadataTooLarge:
    case Error::kInvalidCommitOffsetSize:
    case Error::kInvalidGroupId:
    case Error::kGroupIdNotFound:  // a share group has that name (protocol.md G1)
      return CommitResult::kRefused;
    default:
      return kafka::VerdictOf(error) == kafka::Verdict::kCoordinator ? CommitResult::kCoordinator
                                                                     : CommitResult::kRetry;
  }
}

std::string_view Name(CommitResult result) {
  constexpr std::string_view kNames[] = {"committed", "in_use", "failed", "unauthorized", "refused", "failed"};
  return kNames[static_cast<size_t>(result)];
}

bool HasMembers(std::string_view group_state) {
  return !group_state.empty() && group_state != "Empty" && group_state != "Dead" && group_state != "Unknown";
}

namespace {

std::chrono::minutes Spread(std::string_view group, size_t minutes) {
  return std::chrono::minutes(std::hash<std::string_view>{}(group) % minutes);
}

}  // namespace

Duration RecommitAfter(std::string_view group) { return kRecommitLatest - Spread(group, 180); }

Duration FirstRecommitAfter(std::string_view group) { return Spread(group, 60); }

}  // namespace klink::link
