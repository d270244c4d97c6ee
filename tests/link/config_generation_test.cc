#include "link/config_generation.h"

#include <gmock/gmock.h>

namespace klink::link {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

config::LinkConfig File() {
  config::LinkConfig link;
  link.name = "paris-to-lyon", link.source = "paris", link.destination = "lyon";
  link.topics.include.push_back({.prefix = "orders."});
  return link;
}

TEST(ConfigGeneration, TheFirstLeaderWritesTheFirstOne) {
  const auto record = NextGeneration(File(), std::nullopt, "agent-1");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->generation, 1);
  EXPECT_EQ(record->agent, "agent-1");
  EXPECT_EQ(record->fingerprint.size(), 64u);
  EXPECT_THAT(record->text, HasSubstr("topics.include[0].prefix: orders."));
}

TEST(ConfigGeneration, TheSameSettingsAreNoNewOneWhoeverLeads) {
  const auto first = NextGeneration(File(), std::nullopt, "agent-1");
  EXPECT_FALSE(NextGeneration(File(), first, "agent-2"));
}

TEST(ConfigGeneration, OtherSettingsAreTheNextOne) {
  const auto first = NextGeneration(File(), std::nullopt, "agent-1");
  config::LinkConfig other = File();
  other.topics.refresh = 1s;
  const auto second = NextGeneration(other, first, "agent-2");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->generation, 2);
  EXPECT_EQ(second->agent, "agent-2");
  EXPECT_NE(second->fingerprint, first->fingerprint);
}

TEST(ConfigGeneration, AnAgentNamesTheSettingsInWhichItsFileDiffers) {
  const auto running = NextGeneration(File(), std::nullopt, "agent-1");
  EXPECT_THAT(DifferingSettings(File(), running), IsEmpty());
  EXPECT_THAT(DifferingSettings(File(), std::nullopt), IsEmpty());
  config::LinkConfig other = File();
  other.topics.refresh = 1s;
  other.topics.include[0].prefix = "payments.";
  const auto keys = DifferingSettings(other, running);
  EXPECT_THAT(keys, ElementsAre("topics.include[0].prefix", "topics.refresh"));
  EXPECT_EQ(DifferenceText(*running, keys),
            "agent agent-1 runs the link with generation 1 of its configuration; this agent's file differs in "
            "topics.include[0].prefix, topics.refresh");
}

}  // namespace
}  // namespace klink::link
