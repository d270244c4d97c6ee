// What a round commits, what it waits for, and whom it leaves alone.
#include "tests/link/group_sync_fixture.h"

namespace klink::link {
namespace {

using testing::HasSubstr;

TEST_F(GroupSyncTest, CommitsTranslatedPositionsWithTheirMetadataAndNoLeaderEpoch) {
  Commit("app-pay", 42, 0, "by batch 7");
  Commit("app-pay", 100, 1);
  Commit("other", 5);
  source_.groups["app-pay"].offsets["elsewhere"][0] = {9, "", 1, false};
  ASSERT_TRUE(Round().ok());
  const auto& there = destination_.groups["app-pay"].offsets;
  EXPECT_EQ(there.at("copy.orders").at(0).offset, 42);
  EXPECT_EQ(there.at("copy.orders").at(0).metadata, "by batch 7");
  EXPECT_EQ(there.at("copy.orders").at(0).leader_epoch, -1);
  EXPECT_EQ(there.at("copy.orders").at(1).offset, 100);
  EXPECT_EQ(there.size(), 1U);
  EXPECT_FALSE(destination_.groups.contains("other"));
  const auto& entries = Known("app-pay").entries;
  EXPECT_EQ(entries[0].why, "topic elsewhere is not mirrored by this link");
}

TEST_F(GroupSyncTest, WhatDidNotMoveIsNotSentAgainUntilADayHasPassed) {
  Commit("app-pay", 42);
  Commit("app-web", 7);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 2);
  Commit("app-web", 3);  // a rewind is followed
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 3);
  EXPECT_EQ(There("app-web"), 3);
  clock_.Advance(24h);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 5);
}

TEST_F(GroupSyncTest, APositionWaitsUntilEveryMirrorPassedWhatTheSourceHeldThen) {
  Commit("app-pay", 42);
  Grow(120);  // an application's output, not copied yet
  std::optional<Status> round;
  Start(sync_->Round(), round);
  RunUntil([&] { return !sync_->waiting().empty(); });
  for (int i = 0; i < 20; i++) clock_.Advance(GroupSync::kBarrierPoll);
  EXPECT_EQ(destination_.commits, 0);
  EXPECT_THAT(sync_->waiting(), HasSubstr("copy.orders-0 (up to 120)"));
  mirrors_.CopiedTo(120);
  RunUntil([&] { return round.has_value(); });
  EXPECT_TRUE(round->ok()) << *round;
  EXPECT_EQ(There("app-pay"), 42);
}

TEST_F(GroupSyncTest, ATransactionThatStaysOpenHoldsNobodyUpForLong) {
  Commit("app-pay", 42);
  Grow(120);
  source_.stable["orders"] = 100;
  const Instant began = clock_.Now();
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 42);
  EXPECT_GE(clock_.Now() - began, GroupSync::kOpenTransactionAfter);
}

TEST_F(GroupSyncTest, AMirrorThatStoppedHoldsNobodyUp) {
  Commit("app-pay", 42);
  Grow(120);
  mirrors_.healthy = false;
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 42);
}

TEST_F(GroupSyncTest, AGroupAtWorkAtTheDestinationIsLeftAloneUntilItMovesAtTheSource) {
  Commit("app-pay", 42);
  ASSERT_TRUE(Round().ok());
  destination_.groups["app-pay"].state = "Stable";
  destination_.groups["app-pay"].offsets["copy.orders"][0].offset = 60;  // it goes on there
  Commit("app-pay", 43);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(Known("app-pay").refusal, CommitResult::kInUse);
  destination_.groups["app-pay"].state = "Empty";  // stopped for a moment
  ASSERT_TRUE(Round().ok());
  clock_.Advance(24h);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 60);
  NewLeader();  // the next one knows it too
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 60);
  Commit("app-pay", 44);  // it went back to the source
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 44);
  EXPECT_TRUE(NothingIsOpen("app-pay"));
}

TEST_F(GroupSyncTest, AMemberThatJoinsInBetweenIsTold) {
  Commit("app-pay", 42);
  destination_.committing = kafka::Error::kUnknownMemberId;
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(Known("app-pay").refusal, CommitResult::kInUse);
  EXPECT_EQ(totals_.commits["in_use"], 1);
}

TEST_F(GroupSyncTest, WhatTheMirrorDoesNotHoldYetIsRememberedAndRaisedWithoutTheSource) {
  config_.groups.barrier = config::GroupBarrier::kNone;
  Commit("app-pay", 150);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 100);
  EXPECT_EQ(totals_.clamped, 1);
  ASSERT_EQ(mirrors_.records["app-pay"].clamped.size(), 1U);
  EXPECT_EQ(mirrors_.records["app-pay"].clamped[0].source, 150);
  brokers_[0].Stop();
  NewLeader();
  mirrors_.CopiedTo(150);
  Grow(150);
  ASSERT_TRUE(Run(sync_->RaiseClamped()).ok());
  EXPECT_EQ(There("app-pay"), 150);
  EXPECT_TRUE(NothingIsOpen("app-pay"));
}

TEST_F(GroupSyncTest, AnAgentKilledBetweenCommitsLeavesNothingTwiceAndNothingOut) {
  for (int i = 0; i < 8; i++) Commit(fmt::format("app-{}", i), 10 + i);
  destination_.silent.insert("app-5");
  std::optional<Status> round;
  {
    TaskGroup leader(io_.get_executor());
    leader.Spawn(Into(sync_->Round(), round));
    RunUntil([&] { return destination_.commits == 7; });
    leader.Stop();
    RunUntil([&] { return leader.size() == 0; });
  }
  destination_.silent.clear();
  NewLeader();
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 8);  // the seven were found there
  for (int i = 0; i < 8; i++) EXPECT_EQ(There(fmt::format("app-{}", i)), 10 + i) << i;
}

TEST_F(GroupSyncTest, NothingIsCommittedOnceItIsNotAllowed) {
  Commit("app-pay", 42);
  mirrors_.may = FailedPrecondition("mirror copy.orders: committing group offsets is not allowed while it is STOPPED");
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 0);
  EXPECT_EQ(totals_.commits["dropped"], 1);
  EXPECT_THAT(Known("app-pay").entries[0].why, HasSubstr("STOPPED"));
}

TEST_F(GroupSyncTest, AMirrorThatWasMadeAgainGetsItsOffsetsAgain) {
  Commit("app-pay", 42);
  ASSERT_TRUE(Round().ok());
  destination_.groups["app-pay"].offsets.clear();  // they went with the topic (protocol.md G7)
  mirrors_.id = "two";
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 42);
}

}  // namespace
}  // namespace klink::link
