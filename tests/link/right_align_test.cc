// Where a compacted log's copy begins.
#include "link/right_align.h"

#include <gtest/gtest.h>

namespace klink::link {
namespace {

constexpr int64_t kMost = 2000;

TEST(RightAlign, AWholeLogIsAlignedFromItsStart) {
  const HeadPlan plan = PlanHead({{100, 110, 10}, {110, 120, 10}}, 1.0, kMost);
  EXPECT_EQ(plan.aligned_from, SourceOffset(100));
  EXPECT_EQ(plan.records_below, 0);
}

TEST(RightAlign, HolesThatCostLessThanTheRatioAreNoReasonToClose) {
  // Half of the first batch is gone, and three offsets between the two: 8 fillers for 12 records.
  const HeadPlan plan = PlanHead({{0, 10, 5}, {13, 20, 7}}, 1.0, kMost);
  EXPECT_EQ(plan.aligned_from, SourceOffset(0));
}

TEST(RightAlign, TheSparsePartIsClosedUpBelowTheDenseOne) {
  // One record in a hundred below 1000, then a hundred without a hole.
  std::vector<Extent> log;
  for (int64_t base = 0; base < 1000; base += 100) log.push_back({base, base + 1, 1});
  log.push_back({1000, 1100, 100});
  const HeadPlan plan = PlanHead(log, 1.0, kMost);
  // The dense part pays for one hole of 99 before it, and no more.
  EXPECT_EQ(plan.aligned_from, SourceOffset(900));
  EXPECT_EQ(plan.records_below, 9);
}

TEST(RightAlign, ALargerRatioAlignsMore) {
  std::vector<Extent> log;
  for (int64_t base = 0; base < 1000; base += 100) log.push_back({base, base + 1, 1});
  log.push_back({1000, 1100, 100});
  EXPECT_EQ(PlanHead(log, 100.0, kMost).records_below, 0);
}

TEST(RightAlign, OneHoleBeyondTheLimitIsNeverFilled) {
  const HeadPlan plan = PlanHead({{0, 10, 10}, {5000, 50'000, 45'000}}, 1.0, kMost);
  EXPECT_EQ(plan.aligned_from, SourceOffset(5000));
  EXPECT_EQ(plan.records_below, 10);
}

TEST(RightAlign, WhatIsFilledInAnyCaseCostsNothing) {
  const HeadPlan plan = PlanHead({{0, 50, 0, 50}, {50, 60, 10}, {60, 100, 0, 40}}, 1.0, kMost);
  EXPECT_EQ(plan.aligned_from, SourceOffset(0));
  EXPECT_EQ(plan.records_below, 0);
}

TEST(RightAlign, WhereNothingIsDenseEverythingIsClosedUp) {
  const HeadPlan plan = PlanHead({{0, 100, 1}, {100, 200, 1}}, 1.0, kMost);
  EXPECT_EQ(plan.aligned_from, SourceOffset(200));
  EXPECT_EQ(plan.records_below, 2);
}

}  // namespace
}  // namespace klink::link
