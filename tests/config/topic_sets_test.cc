#include "config/topic_sets.h"

#include <gmock/gmock.h>

#include "config/settings.h"

namespace klink::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TopicSets Sets() {
  std::map<std::string, TopicSet> sets;
  sets["bulk"] = {{{.prefix = "clicks."}}, 1h, 0s, 0};
  sets["tier1"] = {{{.literal = "payments"}, {.regex = "app-[0-9]+"}}, 5s, 2min, 10};
  sets["tier2"] = {{{.regex = "app-.*"}}, 0s, 0s, 5};
  return *TopicSets::Compile(sets);
}

TEST(TopicSets, TellsWhichSetATopicBelongsTo) {
  const TopicSets sets = Sets();
  const auto of = [&](std::string_view topic) {
    const std::string* name = sets.SetOf(topic);
    return name == nullptr ? "-" : *name;
  };
  EXPECT_EQ(of("payments"), "tier1");
  EXPECT_EQ(of("clicks.eu"), "bulk");
  EXPECT_EQ(of("app-web"), "tier2");
  EXPECT_EQ(of("app-7"), "tier1") << "expressions that overlap: the higher priority has it";
  EXPECT_EQ(of("orders"), "-");
}

TEST(TopicSets, WhatIsInNoSetComesBehindAllOfThem) {
  const TopicSets sets = Sets();
  EXPECT_THAT(sets.Names(), ElementsAre("tier1", "tier2", "bulk"));
  EXPECT_EQ(sets.PriorityOf("payments"), 10);
  EXPECT_EQ(sets.PriorityOf("clicks.eu"), 0);
  EXPECT_LT(sets.PriorityOf("orders"), sets.PriorityOf("clicks.eu"));
}

TEST(TopicSets, AnUnknownOneIsAnsweredWithTheNearestName) {
  EXPECT_TRUE(Sets().CheckKnown("tier1", "l").ok());
  EXPECT_EQ(Text(Sets().CheckKnown("tire1", "l")), "link l has no set tire1; did you mean tier1?");
  EXPECT_THAT(Text(Sets().CheckKnown("something-else", "l")), HasSubstr("its sets are tier1, tier2, bulk"));
  EXPECT_THAT(Text(TopicSets().CheckKnown("tier1", "l")), HasSubstr("has no sets"));
}

TEST(TopicSets, AreSettingsOfTheLinkThatItsAgentsCompare) {
  LinkConfig link;
  link.sets["tier1"] = {{{.literal = "payments"}}, 5s, 0s, 10};
  LinkConfig other = link;
  other.sets["tier1"].rpo = 6s;
  EXPECT_THAT(Differences(SettingsOf(link), SettingsOf(other)), ElementsAre("sets.tier1.rpo"));
}

}  // namespace
}  // namespace klink::config
