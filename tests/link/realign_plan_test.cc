#include "link/realign_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::link {
namespace {

using testing::HasSubstr;

PartitionSnapshot Part(int32_t partition, std::string offsets) {
  PartitionSnapshot p;
  p.partition = partition;
  p.state = "ACTIVE";
  p.offsets = std::move(offsets);
  p.source_log_start = 10;
  p.source_high_watermark = 110;
  p.destination_log_start = 0;
  p.destination_end = 150;
  return p;
}

struct RealignPlanTest : testing::Test {
  RealignPlanTest() {
    mirror.topic = "orders";
    mirror.state = "ACTIVE";
    mirror.partitions = {Part(0, "identical"), Part(1, "translated")};
    rules.prefill_limit = 1000;
    facts.only_in_copy = 7;
  }
  RealignedMirror Plan() const { return PlanRealign(mirror, facts, rules); }

  MirrorSnapshot mirror;
  RealignFacts facts;
  RealignRules rules;
};

TEST_F(RealignPlanTest, TellsWhatItCosts) {
  const RealignedMirror plan = Plan();
  EXPECT_EQ(plan.outcome, "realigning") << plan.error.value_or("");
  EXPECT_EQ(plan.deletes, 300);
  EXPECT_EQ(plan.copies, 200);
  EXPECT_EQ(plan.prefills, 20);
  EXPECT_EQ(plan.only_in_copy, 7);
  mirror.partitions[0].destination_end.reset();
  EXPECT_EQ(Plan().deletes, std::nullopt) << "no sum of what is not known";
}

TEST_F(RealignPlanTest, WhatIsAlignedStaysAsItIs) {
  mirror.partitions[1].offsets = "identical";
  EXPECT_EQ(Plan().outcome, "unchanged");
  mirror.partitions[1].reason_code = "RETENTION_GAP";
  EXPECT_EQ(Plan().outcome, "realigning") << "equal by now, but not all along";
  mirror.partitions[1].reason_code.reset();
  mirror.partitions[1].state = "FAILED";
  EXPECT_EQ(Plan().outcome, "realigning");
}

TEST_F(RealignPlanTest, IsRefusedWhereACopyWouldBeLostOrNotAligned) {
  const auto refused = [this](const std::string& why) {
    const RealignedMirror plan = Plan();
    EXPECT_EQ(plan.outcome, "refused");
    EXPECT_THAT(plan.error.value_or(""), HasSubstr(why));
  };
  facts.readers = {"app-pay"};
  refused("GROUP_IN_USE: the mirror is read by app-pay");
  facts.readers.clear();
  mirror.partitions[0].state = "SOURCE_UNAVAILABLE";
  refused("this copy is all there is");
  mirror.partitions[0] = Part(0, "identical");
  mirror.partitions[0].source_log_start = 1001;
  refused("START_TOO_FAR");
  mirror.partitions[0].source_log_start.reset();
  refused("partition 0 is not mirrored yet");
  mirror.partitions[0] = Part(0, "identical");
  rules.start_latest = true;
  refused("start: latest");
  rules = {.preserve = false};
  refused("offsets: translate");
  mirror.state = "PAUSED";
  refused("resume it first");
}

}  // namespace
}  // namespace klink::link
