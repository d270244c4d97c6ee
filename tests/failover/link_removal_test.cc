// What is deleted with a link, in which order, and when not.
#include "failover/link_removal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::failover {
namespace {

using testing::HasSubstr;

TEST(LinkRemoval, TheStateGoesLast) {
  const auto topics = TopicsOfLink("a", {"_klink.a.state", "_klink.a.work", "_klink.b.runs"});
  ASSERT_EQ(topics.size(), 4u);
  EXPECT_EQ(topics[0].topic, "_klink.a.work");
  EXPECT_EQ(topics[0].outcome, "to_delete");
  EXPECT_EQ(topics[1].outcome, "absent") << topics[1].topic;
  EXPECT_EQ(topics[3].topic, "_klink.a.state");
  EXPECT_EQ(topics[3].outcome, "to_delete");
}

TEST(LinkRemoval, NotWhileAnAgentRuns) {
  LinkRemoval plan;
  plan.link = "a";
  plan.destination = "lyon";
  plan.topics = TopicsOfLink("a", {"_klink.a.state"});
  EXPECT_TRUE(MayRemove(plan).ok());
  plan.agents = {"klink-0 /10.0.0.7"};
  EXPECT_THAT(Text(MayRemove(plan)), HasSubstr("an agent of link a still runs"));
  plan.agents.push_back("klink-1 /10.0.0.8");
  EXPECT_THAT(Text(MayRemove(plan)), HasSubstr("2 agents of link a still run:"));
}

TEST(LinkRemoval, NothingThereIsSaid) {
  LinkRemoval plan;
  plan.link = "a";
  plan.destination = "lyon";
  plan.topics = TopicsOfLink("a", {});
  EXPECT_TRUE(absl::IsNotFound(MayRemove(plan)));
  EXPECT_THAT(Text(MayRemove(plan)), HasSubstr("lyon has nothing of a link a"));
}

TEST(LinkRemoval, IsCompleteOnceAllIsGone) {
  LinkRemoval removal;
  removal.topics = TopicsOfLink("a", {"_klink.a.state"});
  EXPECT_FALSE(IsComplete(removal));
  removal.topics[3].outcome = "failed";
  EXPECT_FALSE(IsComplete(removal));
  removal.topics[3].outcome = "deleted";
  EXPECT_TRUE(IsComplete(removal));
}

}  // namespace
}  // namespace klink::failover
