#include <gtest/gtest.h>

#include "link/partition_progress.h"

namespace klink::link {
namespace {

class HandClock final : public Clock {
 public:
  Instant Now() const override { return Instant(now_); }
  WallTime Wall() const override { return WallTime(std::chrono::floor<std::chrono::milliseconds>(now_)); }
  Async<Status> Sleep(Duration) override { co_return Internal("nobody sleeps here"); }
  void Advance(Duration d) { now_ += d; }

 private:
  Duration now_ = 1000s;
};

class Progress : public ::testing::Test {
 protected:
  static SourceBounds To(int64_t end) { return {SourceOffset(0), SourceOffset(end), SourceOffset(end)}; }
  static Position At(int64_t next) { return {SourceOffset(next), DestOffset(next), 0, 0}; }
  HandClock clock_;
  PartitionProgress progress_{clock_};
};

TEST_F(Progress, KnowsNothingBeforeItWasTold) {
  EXPECT_FALSE(progress_.lag().has_value());
  EXPECT_FALSE(progress_.lag_age().has_value());
  EXPECT_FALSE(progress_.position().has_value());
  EXPECT_FALSE(progress_.failed());
}

TEST_F(Progress, TheLagIsWhatTheSourceHoldsBeyondThePosition) {
  progress_.Bounds(To(100));
  EXPECT_FALSE(progress_.lag().has_value());
  progress_.Replicated(At(60), 60, 600);
  EXPECT_EQ(progress_.lag(), 40);
  progress_.Replicated(At(100), 40, 400);
  EXPECT_EQ(progress_.lag(), 0);
  EXPECT_EQ(progress_.written_records(), 100);
  EXPECT_EQ(progress_.written_bytes(), 1000);
  EXPECT_EQ(progress_.written_batches(), 2);
}

TEST_F(Progress, FilledOffsetsAreCountedByWhatStandsInThemSinceItBegan) {
  const WallTime began = clock_.Wall();
  clock_.Advance(3s);
  progress_.Filled(5, 0);
  progress_.Filled(0, 2);
  progress_.Filled(1, 1);
  EXPECT_EQ(progress_.filled_copies(), 6);
  EXPECT_EQ(progress_.filled_markers(), 3);
  EXPECT_EQ(progress_.began(), began);
}

TEST_F(Progress, TheLagIsNeverNegative) {
  progress_.Bounds(To(10));
  progress_.Replicated(At(12), 12, 1);
  EXPECT_EQ(progress_.lag(), 0);
}

TEST_F(Progress, TheAgeCountsFromTheOldestEndNotYetReached) {
  progress_.Replicated(At(0), 0, 0);
  progress_.Bounds(To(10));
  clock_.Advance(3s);
  progress_.Bounds(To(20));
  clock_.Advance(2s);
  EXPECT_EQ(progress_.lag_age(), Duration(5s));
  progress_.Replicated(At(10), 10, 1);
  EXPECT_EQ(progress_.lag_age(), Duration(2s));
  progress_.Replicated(At(20), 10, 1);
  EXPECT_EQ(progress_.lag_age(), Duration(0));
}

TEST_F(Progress, AnEndSeenTwiceKeepsItsAge) {
  progress_.Replicated(At(0), 0, 0);
  progress_.Bounds(To(10));
  clock_.Advance(3s);
  progress_.Bounds(To(10));
  EXPECT_EQ(progress_.lag_age(), Duration(3s));
}

TEST_F(Progress, ALongListOfEndsIsThinnedAndKeepsTheOldest) {
  progress_.Replicated(At(0), 0, 0);
  for (int i = 1; i <= 10'000; i++) {
    progress_.Bounds(To(i));
    clock_.Advance(1s);
  }
  EXPECT_EQ(progress_.lag_age(), Duration(10'000s));
  progress_.Replicated(At(10'000), 10'000, 1);
  EXPECT_EQ(progress_.lag_age(), Duration(0));
}

TEST_F(Progress, FailedHasAReasonAndRetryingNeedsNone) {
  progress_.Failed(state::Reason::kForeignWrite, "somebody wrote");
  EXPECT_TRUE(progress_.failed());
  EXPECT_EQ(progress_.reason(), state::Reason::kForeignWrite);
  progress_.Working();
  EXPECT_EQ(progress_.text(), "");
  progress_.Retrying(std::nullopt, "the broker is away");
  EXPECT_FALSE(progress_.failed());
  EXPECT_EQ(progress_.text(), "the broker is away");
}

TEST_F(Progress, WhatHindersAPartitionIsNamedAndDoesNotFailIt) {
  EXPECT_TRUE(progress_.Retrying(state::Reason::kNotEnoughReplicas, "offset 5: too few"));
  EXPECT_FALSE(progress_.Retrying(state::Reason::kNotEnoughReplicas, "offset 7: too few")) << "no news";
  EXPECT_FALSE(progress_.failed());
  EXPECT_TRUE(progress_.in_trouble());
  EXPECT_EQ(progress_.reason(), state::Reason::kNotEnoughReplicas);
  EXPECT_TRUE(progress_.Working());
  EXPECT_FALSE(progress_.reason().has_value());
}

TEST_F(Progress, AHaltCountsMoreThanAHindrance) {
  progress_.Failed(state::Reason::kForeignWrite, "somebody wrote");
  EXPECT_FALSE(progress_.Retrying(state::Reason::kNotEnoughReplicas, "too few"));
  EXPECT_EQ(progress_.reason(), state::Reason::kForeignWrite);
}

TEST_F(Progress, ALagThatStoodThereAlreadyMayBeOlder) {
  progress_.Bounds(To(10));
  progress_.Replicated(At(4), 4, 1);
  EXPECT_TRUE(progress_.lag_age_may_be_more());
  progress_.Bounds(To(20));
  progress_.Replicated(At(10), 6, 1);
  EXPECT_FALSE(progress_.lag_age_may_be_more()) << "this end was seen when it came";
  progress_.Replicated(At(20), 10, 1);
  EXPECT_FALSE(progress_.lag_age_may_be_more());
}

TEST_F(Progress, WhatHaltedAPartitionStaysSaidWhileABrokerIsAway) {
  progress_.Failed(state::Reason::kForeignWrite, "somebody wrote");
  progress_.Retrying(std::nullopt, "the broker is away");
  EXPECT_TRUE(progress_.failed());
  EXPECT_EQ(progress_.text(), "somebody wrote");
}

TEST_F(Progress, ARemarkStaysWhileItWorksUntilItIsTakenBack) {
  progress_.Remark(state::Reason::kReplaySaturated, "markers are slow");
  const WallTime since = progress_.since();
  clock_.Advance(4s);
  progress_.Working();
  progress_.Remark(state::Reason::kReplaySaturated, "markers are slow");
  EXPECT_EQ(progress_.reason(), state::Reason::kReplaySaturated);
  EXPECT_EQ(progress_.text(), "markers are slow");
  EXPECT_EQ(progress_.since(), since);
  EXPECT_FALSE(progress_.failed());
  progress_.TakeBack(state::Reason::kReplaySaturated);
  EXPECT_FALSE(progress_.reason());
  EXPECT_EQ(progress_.text(), "");
}

TEST_F(Progress, WhatKeepsItFromWorkingIsSaidBeforeARemark) {
  progress_.Remark(state::Reason::kSourceLsoStalled, "a transaction hangs");
  progress_.Retrying(state::Reason::kNotEnoughReplicas, "a replica is away");
  EXPECT_EQ(progress_.reason(), state::Reason::kNotEnoughReplicas);
  EXPECT_FALSE(progress_.failed());
  progress_.Failed(state::Reason::kCrcMismatch, "a bit flipped");
  EXPECT_EQ(progress_.text(), "a bit flipped");
  progress_.Working();
  EXPECT_EQ(progress_.reason(), state::Reason::kSourceLsoStalled);
}

TEST_F(Progress, SinceIsWhenTheStateBeganNotWhenItWasLastSaid) {
  progress_.Failed(state::Reason::kForeignWrite, "somebody wrote");
  const WallTime since = progress_.since();
  clock_.Advance(10s);
  progress_.Failed(state::Reason::kForeignWrite, "somebody wrote");
  EXPECT_EQ(progress_.since(), since);
  progress_.Working();
  EXPECT_GT(progress_.since(), since);
}

}  // namespace
}  // namespace klink::link
