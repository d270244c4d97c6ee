// The link's own topics, and when they may be made.
#include "state/link_topics.h"

#include <gtest/gtest.h>

namespace klink::state {
namespace {

TEST(LinkTopics, TheStateIsMadeFirstAndSurvivesABroker) {
  const auto topics = LinkTopics("paris-to-lyon", 5);
  ASSERT_EQ(topics.size(), 3u);
  EXPECT_EQ(topics[0].name, "_klink.paris-to-lyon.state");
  EXPECT_EQ(topics[0].partitions, 1);
  EXPECT_EQ(topics[0].replication_factor, 3);
  EXPECT_EQ(topics[0].configs.at("min.insync.replicas"), "2");
  EXPECT_EQ(topics[0].configs.at("cleanup.policy"), "compact");
  EXPECT_EQ(topics[1].name, "_klink.paris-to-lyon.runs");
  EXPECT_EQ(topics[2].name, "_klink.paris-to-lyon.work");
  EXPECT_EQ(topics[2].partitions, 1);
}

// Else an agent whose clock is an hour ahead could write nothing there (protocol.md P9).
TEST(LinkTopics, TakeTheirTimesFromTheBroker) {
  const auto topics = LinkTopics("l", 3);
  EXPECT_EQ(topics[0].configs.at("message.timestamp.type"), "LogAppendTime");
  EXPECT_EQ(topics[1].configs.at("message.timestamp.type"), "LogAppendTime");
}

TEST(LinkTopics, SmallClustersGetFewerReplicas) {
  EXPECT_EQ(LinkTopics("l", 1)[0].replication_factor, 1);
  EXPECT_EQ(LinkTopics("l", 1)[0].configs.at("min.insync.replicas"), "1");
  EXPECT_EQ(LinkTopics("l", 2)[0].replication_factor, 2);
  EXPECT_EQ(LinkTopics("l", 2)[0].configs.at("min.insync.replicas"), "1");
}

TEST(LinkTopics, AFreshLinkMayCreateItsState) {
  EXPECT_EQ(*PlanStateTopic(StateFacts{}, "l"), StateTopicPlan::kCreate);
}

TEST(LinkTopics, AnExistingStateIsUsedWhateverElseIsMissing) {
  StateFacts facts;
  facts.state_topic = true;
  facts.known_mirrors = 7;
  EXPECT_EQ(*PlanStateTopic(facts, "l"), StateTopicPlan::kUse);
}

TEST(LinkTopics, AMissingStateIsNeverStartedAfreshWhileMirrorsExist) {
  StateFacts facts;
  facts.known_mirrors = 7;
  auto plan = PlanStateTopic(facts, "l");
  EXPECT_EQ(plan.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(Text(plan.status()),
            "link l: its state topic _klink.l.state is missing although 7 mirrors carry its batches: restore the topic "
            "from a backup; or, to start afresh, delete _klink.l.runs, _klink.l.work and the mirrors first");
}

TEST(LinkTopics, AnyOtherTopicOfTheLinkIsATraceOfALostState) {
  StateFacts facts;
  facts.runs_topic = true;
  EXPECT_FALSE(PlanStateTopic(facts, "l").ok());
  facts.runs_topic = false;
  facts.work_topic = true;
  EXPECT_FALSE(PlanStateTopic(facts, "l").ok());
}

}  // namespace
}  // namespace klink::state
