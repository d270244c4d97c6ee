// What one committed position becomes, and what a coordinator's answer means.
#include "link/group_plan.h"

#include <gmock/gmock.h>

#include "link/group_book.h"

namespace klink::link {
namespace {

using Kind = PlannedPosition::Kind;
using kafka::Error;
using testing::HasSubstr;

offsets::Translation Map(std::vector<offsets::Run> runs) {
  offsets::Translation map;
  for (const offsets::Run& run : runs) {
    EXPECT_TRUE(map.Begin({run.source, run.dest, "RETENTION_GAP"}).ok());
    EXPECT_TRUE(map.Record(run).ok());
  }
  return map;
}

// Source 10–99 at 10–99, a gap, then 150–199 at 100–149.
GroupPartition Partition(const offsets::Translation& map) {
  GroupPartition partition;
  partition.map = &map;
  partition.log_start = DestOffset(20);
  partition.high_watermark = DestOffset(150);
  return partition;
}

TEST(GroupPlan, APositionIsTranslatedOrLoweredToWhatTheCopyHolds) {
  const offsets::Translation map =
      Map({{SourceOffset(10), DestOffset(10), 90}, {SourceOffset(150), DestOffset(100), 50}});
  struct Case {
    int64_t source;
    Kind kind;
    int64_t value;
    bool behind;
    const char* why;
  };
  for (const Case& c : std::vector<Case>{
           {50, Kind::kExact, 50, false, ""},
           {20, Kind::kExact, 20, false, ""},
           {15, Kind::kClamped, 20, false, "the copy starts at offset 20"},  // retention removed it at the copy
           {3, Kind::kClamped, 20, false, "the copy starts at offset 20"},   // below everything that was copied
           {120, Kind::kClamped, 100, false, "source offsets 100 to 149 were not copied: RETENTION_GAP"},
           {150, Kind::kExact, 100, false, ""},
           {199, Kind::kExact, 149, false, ""},
           {200, Kind::kExact, 150, false, ""},  // the end of both logs
           {201, Kind::kClamped, 150, true, "the copy ends before source offset 200, the group stands at 201"},
       }) {
    const PlannedPosition planned = PlanPosition(Partition(map), SourceOffset(c.source));
    EXPECT_EQ(planned.kind, c.kind) << c.source;
    EXPECT_EQ(planned.value, c.value) << c.source;
    EXPECT_EQ(planned.behind, c.behind) << c.source;
    EXPECT_EQ(planned.why, c.why) << c.source;
  }
}

TEST(GroupPlan, NothingIsCommittedBeyondTheHighWatermark) {
  const offsets::Translation map = Map({{SourceOffset(0), DestOffset(0), 200}});
  GroupPartition partition;
  partition.map = &map;
  partition.high_watermark = DestOffset(180);
  const PlannedPosition planned = PlanPosition(partition, SourceOffset(190));
  EXPECT_EQ(planned.value, 180);
  EXPECT_TRUE(planned.behind);
}

TEST(GroupPlan, WhatIsNotKnownIsNotGuessed) {
  EXPECT_EQ(PlanPosition({}, SourceOffset(0)).kind, Kind::kUnknown);
  offsets::Translation lost = Map({{SourceOffset(100), DestOffset(100), 10}});
  lost.set_head(offsets::Head::kUnknown);
  GroupPartition partition;
  partition.map = &lost;
  const PlannedPosition planned = PlanPosition(partition, SourceOffset(50));
  EXPECT_EQ(planned.kind, Kind::kUnknown);
  EXPECT_THAT(planned.why, HasSubstr("was lost"));
}

TEST(GroupPlan, APositionOutsideTheLinksMirrorsIsSkippedWithTheReason) {
  EXPECT_EQ(PlanIn(nullptr, "t", 0, SourceOffset(1)).why, "topic t is not mirrored by this link");
  GroupMirror mirror;
  mirror.destination_topic = "copy.t";
  mirror.partitions.resize(2);
  EXPECT_EQ(PlanIn(&mirror, "t", 2, SourceOffset(1)).why, "mirror copy.t has 2 partitions");
  mirror.why_not = "mirror copy.t is PAUSED";
  const PlannedPosition paused = PlanIn(&mirror, "t", 0, SourceOffset(1));
  EXPECT_EQ(paused.kind, Kind::kSkipped);
  EXPECT_EQ(paused.why, "mirror copy.t is PAUSED");
}

TEST(GroupPlan, AnAnswerToACommitSaysWhatFollows) {
  for (const auto& [error, result] : {std::pair(Error::kNone, CommitResult::kCommitted),
                                      {Error::kUnknownMemberId, CommitResult::kInUse},
                                      {Error::kIllegalGeneration, CommitResult::kInUse},
                                      {Error::kRebalanceInProgress, CommitResult::kInUse},
                                      {Error::kNotCoordinator, CommitResult::kCoordinator},
                                      {Error::kCoordinatorNotAvailable, CommitResult::kCoordinator},
                                      {Error::kCoordinatorLoadInProgress, CommitResult::kCoordinator},
                                      {Error::kGroupAuthorizationFailed, CommitResult::kUnauthorized},
                                      {Error::kTopicAuthorizationFailed, CommitResult::kUnauthorized},
                                      {Error::kOffsetMetadataTooLarge, CommitResult::kRefused},
                                      {Error::kGroupIdNotFound, CommitResult::kRefused},
                                      {Error::kUnknownTopicOrPartition, CommitResult::kRetry},
                                      {Error::kUnstableOffsetCommit, CommitResult::kRetry}})
    EXPECT_EQ(ResultOf(error), result) << kafka::Name(error);
}

TEST(GroupPlan, AGroupHasMembersInEveryStateButEmptyAndDead) {
  for (const char* state : {"", "Empty", "Dead"}) EXPECT_FALSE(HasMembers(state)) << state;
  for (const char* state : {"Stable", "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling"})
    EXPECT_TRUE(HasMembers(state)) << state;
}

TEST(GroupPlan, UnchangedPositionsAreCommittedAgainWithinADay) {
  for (const char* group : {"a", "b", "app-1", "app-2"}) {
    EXPECT_LE(RecommitAfter(group), 23h) << group;
    EXPECT_GE(RecommitAfter(group), 20h) << group;
    EXPECT_LT(FirstRecommitAfter(group), 1h) << group;
  }
}

kafka::CommittedGroup Told(std::vector<std::tuple<std::string, int32_t, int64_t>> positions) {
  kafka::CommittedGroup told;
  for (const auto& [topic, partition, offset] : positions) {
    if (told.topics.empty() || told.topics.back().name != topic) told.topics.emplace_back().name = topic;
    auto& one = told.topics.back().partitions.emplace_back();
    one.partition_index = partition;
    one.committed_offset = offset;
    one.metadata = "";
  }
  return told;
}

TEST(GroupBook, FollowsTheSourceForwardBackAndAway) {
  GroupBook book;
  Group& group = book.groups()["g"];
  book.TakeSource(group, Told({{"a", 0, 10}, {"a", 1, 20}, {"b", 0, 5}}));
  ASSERT_EQ(group.entries.size(), 3U);
  group.entries[1].sent = 20;
  book.TakeSource(group, Told({{"a", 0, 4}, {"a", 1, 21}, {"b", 0, 5}}));  // a rewind is followed
  EXPECT_EQ(group.entries[0].source, 4);
  EXPECT_EQ(group.entries[1].source, 21);
  EXPECT_EQ(group.entries[1].sent, 20);
  book.TakeSource(group, Told({{"b", 0, 6}, {"a", 1, 22}, {"c", 3, 1}}));  // another order, one gone, one new
  ASSERT_EQ(group.entries.size(), 3U);
  EXPECT_EQ(book.TopicName(group.entries[1].topic), "a");
  EXPECT_EQ(group.entries[1].source, 22);
  EXPECT_EQ(group.entries[1].sent, 20);
  EXPECT_EQ(group.entries[2].sent, GroupEntry::kNone);
}

TEST(GroupBook, AnOffsetInAnOpenTransactionKeepsWhatWasStable) {
  GroupBook book;
  Group& group = book.groups()["g"];
  book.TakeSource(group, Told({{"a", 0, 10}}));
  kafka::CommittedGroup told = Told({{"a", 0, -1}});
  told.topics[0].partitions[0].error_code = Error::kUnstableOffsetCommit;
  book.TakeSource(group, told);
  ASSERT_EQ(group.entries.size(), 1U);
  EXPECT_EQ(group.entries[0].source, 10);
}

TEST(GroupBook, WhatMustBeRememberedComesBackToTheNextLeader) {
  GroupBook book;
  Group& group = book.groups()["g"];
  book.TakeSource(group, Told({{"a", 0, 10}, {"b", 1, 20}}));
  group.entries[0].behind = true;
  group.entries[1].left = 20;
  const state::GroupRecord record = book.RecordOf("g", group, {"copy.a", "copy.b"});
  ASSERT_EQ(record.clamped.size(), 1U);
  EXPECT_EQ(record.clamped[0], (state::GroupPosition{"copy.a", 0, 10}));
  EXPECT_EQ(record.left[0], (state::GroupPosition{"copy.b", 1, 20}));
  GroupBook next;
  const int32_t a = next.TopicNumber("a"), b = next.TopicNumber("b");
  next.TakeRecord(record, {{"copy.a", a}, {"copy.b", b}});
  const Group& back = next.groups()["g"];
  ASSERT_EQ(back.entries.size(), 2U);
  EXPECT_TRUE(back.entries[0].behind);
  EXPECT_EQ(back.entries[0].source, 10);
  EXPECT_EQ(back.entries[1].left, 20);
}

}  // namespace
}  // namespace klink::link
