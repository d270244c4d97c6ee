#include "link/topic_plan.h"

#include <gmock/gmock.h>

#include "config/topic_keys.h"

namespace klink::link {
namespace {

using config::ReplicationFactor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kAnyTime[] = "9223372036854775807";

TopicShape Shape(std::map<std::string, std::string> configs = {}) {
  TopicShape shape;
  shape.name = "orders";
  shape.partitions = 6;
  shape.replication_factor = 3;
  shape.configs = std::move(configs);
  return shape;
}

DestinationAbilities Brokers(int32_t brokers) {
  DestinationAbilities destination;
  destination.brokers = brokers;
  return destination;
}

TopicPlan PlanOf(const TopicShape& shape, const config::TopicsConfig& topics = {},
                 DestinationAbilities destination = Brokers(3)) {
  return PlanTopic(shape, "copy.orders", topics, destination);
}

TEST(TopicPlan, HasTheNameItIsGivenAndTheSourcesShape) {
  const TopicPlan plan = PlanOf(Shape());
  EXPECT_EQ(plan.spec.name, "copy.orders");
  EXPECT_EQ(plan.spec.partitions, 6);
  EXPECT_EQ(plan.spec.replication_factor, 3);
  EXPECT_THAT(plan.warnings, IsEmpty());
}

TEST(TopicPlan, KeepsBytesAndTimesOfTheSource) {
  const TopicPlan plan = PlanOf(Shape({{"compression.type", "zstd"}, {"message.timestamp.type", "CreateTime"}}));
  EXPECT_EQ(plan.spec.configs.at("compression.type"), "producer");
  EXPECT_EQ(plan.spec.configs.at("message.timestamp.type"), "CreateTime");
}

TEST(TopicPlan, OverridesEveryKeyThatDecidesWhatDataExists) {
  std::map<std::string, std::string> configs;
  for (const std::string& key : config::DataKeys()) configs[key] = "2000000";
  configs["cleanup.policy"] = "delete";
  const TopicPlan plan = PlanOf(Shape(configs));
  for (const std::string& key : config::DataKeys()) EXPECT_TRUE(plan.spec.configs.contains(key)) << key;
  EXPECT_EQ(plan.spec.configs.at("max.message.bytes"), "2000000");
  EXPECT_EQ(plan.spec.configs.at("cleanup.policy"), "delete");
}

TEST(TopicPlan, TakesNothingElseFromTheSource) {
  const TopicPlan plan = PlanOf(Shape({{"min.insync.replicas", "2"}, {"flush.ms", "10"}}));
  EXPECT_FALSE(plan.spec.configs.contains("min.insync.replicas"));
  EXPECT_FALSE(plan.spec.configs.contains("flush.ms"));
}

TEST(TopicPlan, NothingIsDeletedBeforeTheMirrorIsActive) {
  const TopicPlan plan = PlanOf(Shape({{"retention.ms", "604800000"}, {"retention.bytes", "-1"}}));
  EXPECT_EQ(plan.spec.configs.at("retention.ms"), "-1");
  EXPECT_EQ(plan.spec.configs.at("retention.bytes"), "-1");
}

TEST(TopicPlan, LetsAnyRecordTimeInByWhatTheDestinationKnows) {
  const TopicPlan newer = PlanOf(Shape());
  EXPECT_EQ(newer.spec.configs.at("message.timestamp.before.max.ms"), kAnyTime);
  EXPECT_EQ(newer.spec.configs.at("message.timestamp.after.max.ms"), kAnyTime);
  EXPECT_FALSE(newer.spec.configs.contains("message.timestamp.difference.max.ms"));

  DestinationAbilities destination = Brokers(3);
  destination.timestamp_before_after = false;
  destination.timestamp_difference = true;
  const TopicPlan older = PlanOf(Shape(), {}, destination);
  EXPECT_EQ(older.spec.configs.at("message.timestamp.difference.max.ms"), kAnyTime);
  EXPECT_FALSE(older.spec.configs.contains("message.timestamp.before.max.ms"));
}

TEST(TopicPlan, TheReplicationFactorIsCappedWithAWarning) {
  const TopicPlan plan = PlanOf(Shape(), {}, Brokers(1));
  EXPECT_EQ(plan.spec.replication_factor, 1);
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("replication factor 3 capped to 1")));
}

TEST(TopicPlan, TheReplicationFactorIsTheOperatorsWhenGiven) {
  config::TopicsConfig topics;
  topics.replication_factor = {ReplicationFactor::Kind::kFixed, 2};
  EXPECT_EQ(PlanOf(Shape(), topics).spec.replication_factor, 2);
  topics.replication_factor = {ReplicationFactor::Kind::kDestination, 0};
  EXPECT_EQ(PlanOf(Shape(), topics, Brokers(1)).spec.replication_factor, -1);
}

TEST(TopicPlan, SegmentsTooSmallForTheDestinationAreRaisedWithAWarning) {
  const TopicPlan plan = PlanOf(Shape({{"segment.bytes", "65536"}}));
  EXPECT_EQ(plan.spec.configs.at("segment.bytes"), "1048576");
  EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("segment.bytes 65536 raised to 1048576")));
  EXPECT_THAT(PlanOf(Shape({{"segment.bytes", "1048576"}})).warnings, IsEmpty());
}

TEST(TopicPlan, ACompactedTopicIsMadeAsOneThatDeletesAndSwitchedLater) {
  for (const std::string policy : {"compact", "compact,delete"}) {
    const TopicPlan plan = PlanOf(Shape({{"cleanup.policy", policy}}));
    EXPECT_TRUE(plan.compacted);
    EXPECT_EQ(plan.spec.configs.at("cleanup.policy"), "delete");
    EXPECT_EQ(plan.deletes, policy == "compact,delete");
  }
  const TopicPlan plain = PlanOf(Shape({{"cleanup.policy", "delete"}}));
  EXPECT_FALSE(plain.compacted);
  EXPECT_TRUE(plain.deletes);
}

TEST(TopicPlan, AppendTimesOfTheSourceBecomeTheRecordsOwn) {
  const TopicPlan plan = PlanOf(Shape({{"message.timestamp.type", "LogAppendTime"}}));
  EXPECT_EQ(plan.spec.configs.at("message.timestamp.type"), "CreateTime");
}

TEST(TopicPlan, KnowsHowLargeABatchOfTheMirrorMayBe) {
  EXPECT_EQ(PlanOf(Shape({{"max.message.bytes", "2000000"}})).max_message_bytes, 2000000);
}

}  // namespace
}  // namespace klink::link
