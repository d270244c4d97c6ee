#include "link/diff.h"

#include <gmock/gmock.h>

namespace klink::link {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

DiffTopic Topic(std::optional<int32_t> at_source, std::optional<int32_t> at_destination) {
  DiffTopic topic;
  topic.source_topic = "orders";
  topic.name = "paris.orders";
  topic.at_source = at_source;
  topic.at_destination = at_destination;
  topic.mirror = true;
  topic.state = "ACTIVE";
  return topic;
}

LinkDiff Of(const DiffTopic& topic) {
  LinkDiffer differ("paris-to-lyon", "paris", "lyon");
  differ.Topic(topic);
  return differ.Take();
}

const ComparedKind& Kind(const LinkDiff& diff, std::string_view kind) {
  for (const ComparedKind& one : diff.kinds)
    if (one.kind == kind) return one;
  return diff.kinds.at(99);
}

TEST(Diff, EqualTopicsDoNotDiffer) {
  DiffTopic topic = Topic(3, 3);
  topic.configs.emplace();
  const LinkDiff diff = Of(topic);
  EXPECT_THAT(diff.differences, IsEmpty());
  for (const char* kind : {"topics", "partitions", "configs"}) {
    EXPECT_TRUE(Kind(diff, kind).compared) << kind;
    EXPECT_EQ(Kind(diff, kind).items, 1) << kind;
    EXPECT_EQ(Kind(diff, kind).differences, 0) << kind;
  }
  EXPECT_FALSE(Kind(diff, "acls").compared);
}

TEST(Diff, EachKindOfDifferenceOfATopicHasItsSentence) {
  struct Case {
    std::optional<int32_t> at_source, at_destination;
    bool mirror;
    const char* kind;
    const char* text;
  };
  for (const Case& c : {Case{3, {}, true, "topics", "the mirror is not there; it is ACTIVE"},
                        Case{3, {}, false, "topics", "it is not mirrored yet"},
                        Case{{}, 3, true, "topics", "orders is not at the source any more"},
                        Case{3, 3, false, "topics", "which this link did not make"},
                        Case{4, 3, true, "partitions", "klink adds what is missing"},
                        Case{2, 3, true, "partitions", "PARTITIONS_DIFFER"}}) {
    DiffTopic topic = Topic(c.at_source, c.at_destination);
    topic.mirror = c.mirror;
    const LinkDiff diff = Of(topic);
    ASSERT_EQ(diff.differences.size(), 1u) << c.text;
    EXPECT_EQ(diff.differences[0].kind, c.kind);
    EXPECT_EQ(diff.differences[0].name, "paris.orders") << "the name at the destination";
    EXPECT_THAT(diff.differences[0].text, HasSubstr(c.text));
    EXPECT_EQ(diff.differences[0].source.has_value(), c.at_source.has_value());
    EXPECT_EQ(diff.differences[0].destination.has_value(), c.at_destination.has_value());
    EXPECT_EQ(Kind(diff, c.kind).differences, 1);
  }
}

TEST(Diff, AMissingMirrorHasItsReason) {
  DiffTopic topic = Topic(3, std::nullopt);
  topic.state = "FAILED";
  topic.reason_code = "DESTINATION_TOPIC_DELETED";
  EXPECT_THAT(Of(topic).differences.at(0).text, HasSubstr("it is FAILED, DESTINATION_TOPIC_DELETED"));
}

TEST(Diff, ATopicGoneOnBothSidesIsNone) {
  const LinkDiff diff = Of(Topic(std::nullopt, std::nullopt));
  EXPECT_THAT(diff.differences, IsEmpty());
  EXPECT_FALSE(Kind(diff, "topics").compared);
}

TEST(Diff, SettingsThatWouldBeChangedDiffer) {
  DiffTopic topic = Topic(3, 3);
  topic.configs.emplace();
  topic.configs->always.push_back({"retention.ms", "1000", "2000"});
  topic.configs->others.push_back({"flush.ms", std::nullopt, "10"});
  topic.configs->unknown.push_back("new.key");
  const LinkDiff diff = Of(topic);
  ASSERT_EQ(diff.differences.size(), 3u);
  EXPECT_EQ(diff.differences[0].key, "retention.ms");
  EXPECT_EQ(diff.differences[0].source, "1000");
  EXPECT_EQ(diff.differences[0].destination, "2000");
  EXPECT_FALSE(diff.differences[1].source.has_value());
  EXPECT_THAT(diff.differences[1].text, HasSubstr("takes it away"));
  EXPECT_THAT(diff.differences[2].text, HasSubstr("do not know this key"));
  EXPECT_EQ(Kind(diff, "configs").differences, 3);
}

TEST(Diff, AclsThatWouldBeMadeOrDeletedDiffer) {
  AclSteps steps;
  steps.create.push_back({.name = "orders", .principal = "User:app"});
  steps.remove.push_back({.name = "orders", .principal = "User:old"});
  LinkDiffer differ("l", "a", "b");
  differ.Acls(7, steps);
  const LinkDiff diff = differ.Take();
  EXPECT_EQ(Kind(diff, "acls").items, 7);
  ASSERT_EQ(diff.differences.size(), 2u);
  EXPECT_EQ(diff.differences[0].name, "User:app");
  EXPECT_FALSE(diff.differences[0].destination.has_value());
  EXPECT_EQ(diff.differences[1].name, "User:old");
  EXPECT_FALSE(diff.differences[1].source.has_value());
}

TEST(Diff, QuotasDifferWithBothValues) {
  const QuotaName set{"app", std::nullopt, "producer_byte_rate"}, local{"web", std::nullopt, "producer_byte_rate"};
  QuotaSteps steps;
  steps.set[set] = 100;
  steps.local.push_back(local);
  LinkDiffer differ("l", "a", "b");
  differ.ClientQuotas({{set, 100}, {local, 5}}, {{local, 7}}, steps);
  const LinkDiff diff = differ.Take();
  ASSERT_EQ(diff.differences.size(), 2u);
  EXPECT_EQ(diff.differences[0].source, "100");
  EXPECT_FALSE(diff.differences[0].destination.has_value());
  EXPECT_EQ(diff.differences[1].destination, "7");
  EXPECT_THAT(diff.differences[1].text, HasSubstr("own limit stands"));
}

GroupSummary Group(std::string name, PositionCounts positions) {
  GroupSummary group;
  group.group = std::move(name);
  group.positions = positions;
  return group;
}

TEST(Diff, GroupsThatWouldNotGoOnWhereTheyStoodDiffer) {
  GroupsSnapshot groups;
  groups.groups = {Group("app-exact", {.total = 3, .exact = 3}),
                   Group("app-behind", {.total = 3, .exact = 1, .clamped = 2}),
                   Group("app-unknown", {.total = 1, .unknown = 1}),
                   Group("app-at-work", {.total = 1, .skipped = 1}),
                   Group("app-deleted", {}),
                   Group("app-elsewhere", {.total = 2, .exact = 1, .skipped = 1})};
  groups.groups[3].state = "PAUSED";
  groups.groups[3].reason_code = "GROUP_IN_USE";
  groups.groups[3].reason = "group app-at-work has members at b";
  groups.groups[4].state = "STOPPED";
  groups.groups[4].reason = "the group was deleted at a";
  LinkDiffer differ("l", "a", "b");
  differ.Groups(groups);
  const LinkDiff diff = differ.Take();
  EXPECT_EQ(Kind(diff, "groups").items, 6);
  ASSERT_EQ(diff.differences.size(), 4u);
  EXPECT_EQ(diff.differences[0].name, "app-behind");
  EXPECT_EQ(diff.differences[0].source, "3 positions");
  EXPECT_EQ(diff.differences[0].destination, "1 exact, 2 clamped, 0 unknown");
  EXPECT_THAT(diff.differences[0].text, HasSubstr("raises them"));
  EXPECT_EQ(diff.differences[1].name, "app-unknown");
  EXPECT_FALSE(diff.differences[1].destination.has_value());
  EXPECT_EQ(diff.differences[2].text, "GROUP_IN_USE: group app-at-work has members at b");
  EXPECT_EQ(diff.differences[3].name, "app-deleted");
  EXPECT_FALSE(diff.differences[3].source.has_value());
}

TEST(Diff, TheListIsBoundedAndTheCountIsNot) {
  LinkDiffer differ("l", "a", "b");
  const auto more = static_cast<int64_t>(LinkDiffer::kListedMost) + 5;
  for (int64_t i = 0; i < more; i++) differ.Topic(Topic(3, std::nullopt));
  const LinkDiff diff = differ.Take();
  EXPECT_EQ(diff.differences.size(), LinkDiffer::kListedMost);
  EXPECT_EQ(Kind(diff, "topics").differences, more);
}

TEST(Diff, WhatIsNotComparedSaysWhy) {
  LinkDiffer differ("l", "a", "b");
  differ.NotCompared("acls", "acls.enabled is false");
  const LinkDiff diff = differ.Take();
  EXPECT_FALSE(Kind(diff, "acls").compared);
  EXPECT_EQ(Kind(diff, "acls").reason, "acls.enabled is false");
}

}  // namespace
}  // namespace klink::link
