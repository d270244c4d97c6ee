// When a topic that klink did not write may become a mirror, and what its record then says.
#include "link/adoption_plan.h"

#include <gmock/gmock.h>

#include "link/topic_listing.h"

namespace klink::link {
namespace {

using state::MirrorRecord;
using state::Phase;
using testing::HasSubstr;

TopicShape Shape(int32_t partitions = 2) {
  TopicShape shape;
  shape.name = "orders";
  shape.partitions = partitions;
  shape.configs = {{"cleanup.policy", "compact"}, {"max.message.bytes", "2000000"}};
  return shape;
}

struct Case {
  AdoptTopic asked{"orders", "orders", "", "", {{100, 100}, {50, 75}}};
  MirrorRecord was;
  AdoptFacts facts{"orders", nullptr, Shape(), Shape(), 7};
};

TEST(AdoptionPlan, TheRecordSaysWhereTheLogsWereCompared) {
  Case c;
  const auto plan = PlanAdoption(c.asked, c.facts);
  ASSERT_TRUE(plan.ok() && *plan) << plan.status();
  const MirrorRecord& record = **plan;
  EXPECT_EQ(record.phase, Phase::kSetupForRestore);
  EXPECT_FALSE(record.created);
  EXPECT_TRUE(record.compacted);
  EXPECT_EQ(record.max_message_bytes, 2'000'000);
  ASSERT_EQ(record.partitions.size(), 2u);
  EXPECT_EQ(record.partitions[1].phase, Phase::kRestore);
  EXPECT_EQ(record.partitions[1].adopted_from, 50);
  EXPECT_EQ(record.partitions[1].adopted_at, 75);
}

TEST(AdoptionPlan, IsRefusedWithASentence) {
  struct Row {
    std::string name;
    void (*spoil)(Case& c);
    std::string says;
  };
  const std::vector<Row> table = {
      {"left out", [](Case& c) { c.facts.mirrored_as.reset(); }, "do not take in orders as orders"},
      {"renamed", [](Case& c) { c.facts.mirrored_as = "eu.orders"; }, "do not take in orders as orders"},
      {"no source", [](Case& c) { c.facts.source.reset(); }, "no topic orders at the source"},
      {"no destination", [](Case& c) { c.facts.destination.reset(); }, "no topic orders at the destination"},
      {"more partitions", [](Case& c) { c.facts.source->partitions = 3; },
       "2 partitions were compared, the source has 3"},
      {"another topic",
       [](Case& c) {
         c.asked.topic_id = "another id";
         c.facts.destination->id.bytes.fill(std::byte{1});
       },
       "made again since"},
      {"shorter than common", [](Case& c) { c.asked.partitions[0].at = 99; }, "ends at 99"},
      {"active",
       [](Case& c) {
         c.was.phase = Phase::kActive;
         c.facts.record = &c.was;
       },
       "mirrored by this link already"},
      {"paused",
       [](Case& c) {
         c.was.phase = Phase::kPaused;
         c.facts.record = &c.was;
       },
       "is PAUSED"},
      {"of another topic",
       [](Case& c) {
         c.was.phase = Phase::kStopped;
         c.was.source_topic = "payments";
         c.facts.record = &c.was;
       },
       "a copy of payments"},
  };
  for (const Row& row : table) {
    Case c;
    row.spoil(c);
    const auto plan = PlanAdoption(c.asked, c.facts);
    EXPECT_FALSE(plan.ok()) << row.name;
    EXPECT_THAT(Text(plan.status()), HasSubstr(row.says)) << row.name;
  }
}

TEST(AdoptionPlan, AskedTwiceItIsUnchangedAndWhatRunsGoesOn) {
  Case c;
  MirrorRecord record = **PlanAdoption(c.asked, c.facts);
  record.phase = Phase::kRestore;
  c.facts.record = &record;
  EXPECT_EQ(*PlanAdoption(c.asked, c.facts), std::nullopt);
  record.partitions[0].phase = Phase::kActive;
  c.asked.partitions = {{100, 120}, {50, 80}};
  const auto again = PlanAdoption(c.asked, c.facts);
  ASSERT_TRUE(again.ok() && *again);
  EXPECT_EQ((*again)->phase, Phase::kRestore);
  EXPECT_EQ((*again)->partitions[0], record.partitions[0]);
  EXPECT_EQ((*again)->partitions[1].adopted_at, 80);
}

}  // namespace
}  // namespace klink::link
