#include "config/topic_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::config {
namespace {

Pattern Literal(std::string text) { return {.literal = std::move(text)}; }
Pattern Prefix(std::string text) { return {.prefix = std::move(text)}; }
Pattern Regex(std::string text) { return {.regex = std::move(text)}; }

TopicFilter Filter(std::vector<Pattern> include, std::vector<Pattern> exclude = {}, Rename rename = {}) {
  TopicsConfig topics;
  topics.include = std::move(include);
  topics.exclude = std::move(exclude);
  topics.rename = std::move(rename);
  auto filter = TopicFilter::Compile(topics);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return *std::move(filter);
}

TEST(TopicFilter, IncludesByLiteralPrefixAndWholeNameRegex) {
  const TopicFilter filter = Filter({Literal("payments"), Prefix("orders."), Regex("app-[0-9]+")});
  for (const char* topic : {"payments", "orders.", "orders.eu", "app-1", "app-123"}) {
    EXPECT_TRUE(filter.Includes(topic)) << topic;
  }
  for (const char* topic : {"payments2", "xpayments", "orders", "xorders.eu", "app-", "xapp-1", "app-1x", "other"}) {
    EXPECT_FALSE(filter.Includes(topic)) << topic;
  }
}

TEST(TopicFilter, MatchesARegexAsAWholeAlsoWithAlternatives) {
  const TopicFilter filter = Filter({Regex("a|ab")});
  EXPECT_TRUE(filter.Includes("ab"));
  EXPECT_FALSE(filter.Includes("abc"));
  EXPECT_FALSE(filter.Includes("xa"));
}

TEST(TopicFilter, ExcludeWins) {
  const TopicFilter filter = Filter({Literal("*"), Literal("b.tmp")}, {Regex(".*[.]tmp")});
  EXPECT_TRUE(filter.Includes("a"));
  EXPECT_FALSE(filter.Includes("b.tmp"));
  EXPECT_EQ(filter.Decide("b.tmp").why, "excluded by {regex: .*[.]tmp}");
}

TEST(TopicFilter, SaysWhichEntryDecided) {
  const TopicFilter filter = Filter({Prefix("orders."), Literal("*")});
  EXPECT_EQ(filter.Decide("orders.eu").why, "included by {prefix: orders.}");
  EXPECT_EQ(filter.Decide("x").why, "included by {literal: *}");
  EXPECT_EQ(Filter({Prefix("a")}).Decide("b").why, "no include entry matches");
}

TEST(TopicFilter, NamesTheLineOfTheFileThatDecided) {
  const TopicFilter filter =
      Filter({Literal("payments"), Prefix("orders.")}, {Regex("orders[.]tmp[.].*")}, {.prefix = std::string(50, 'p')});
  EXPECT_EQ(filter.Decide("orders.eu").rule, "topics.include[1] {prefix: orders.}");
  EXPECT_EQ(filter.Decide("orders.tmp.1").rule, "topics.exclude[0] {regex: orders[.]tmp[.].*}");
  EXPECT_EQ(filter.Decide("orders." + std::string(220, 'x')).rule, "topics.rename");
  EXPECT_EQ(filter.Decide("x").rule, "");
  EXPECT_EQ(filter.Decide("__consumer_offsets").rule, "");
}

TEST(TopicFilter, KnowsTheLinesThatTakeNoTopic) {
  const TopicFilter filter = Filter({Literal("payments"), Prefix("oders."), Regex("app-[0-9]+"), Literal("*")});
  EXPECT_THAT(filter.Idle({"orders.eu", "app-7"}),
              testing::ElementsAre("topics.include[0] {literal: payments}", "topics.include[1] {prefix: oders.}"));
  EXPECT_THAT(filter.Idle({"payments", "oders.", "app-1"}), testing::IsEmpty());
  EXPECT_THAT(filter.Idle({}), testing::SizeIs(4));
}

TEST(TopicFilter, SaysAtWhichCharacterARegexIsWrong) {
  const std::pair<const char*, int> cases[] = {{"app-([", 6},   {"a(b(c)", 2},    {"a(b[)](c", 7}, {"a\\(b)c", 5},
                                               {"ab[]()](", 8}, {"x{2}**", 2},    {"a\\yb", 2},    {"(?!x)a", 1},
                                               {"ab[z-a]c", 4}, {"a[^])(]b)", 9}, {"ok|*", 4}};
  for (const auto& [regex, at] : cases)
    EXPECT_THAT(Text(CheckPattern(Regex(regex))), testing::HasSubstr(fmt::format("(at character {})", at))) << regex;
}

TEST(TopicFilter, NeverIncludesInternalTopics) {
  for (const char* topic : {"__consumer_offsets", "__transaction_state", "__x", "_klink.a.state", "_klink.drill.1.2",
                            "mm2-offset-syncs.paris.internal", "mm2-configs.lyon.internal", "mm2.x.internal",
                            "paris.checkpoints.internal", "heartbeats"}) {
    EXPECT_FALSE(Filter({Literal("*"), Literal(topic)}).Includes(topic)) << topic;
  }
}

TEST(TopicFilter, IncludesSomeTopicsOnlyByTheirLiteralName) {
  for (const char* topic : {"_schemas", "connect.internal", "app-internal", "orders.replica"}) {
    const TopicFilter everything = Filter({Literal("*"), Regex(".*"), Prefix(std::string(topic).substr(0, 3))});
    EXPECT_FALSE(everything.Includes(topic)) << topic;
    EXPECT_THAT(everything.Decide(topic).why, testing::HasSubstr("{literal: ")) << topic;
    EXPECT_TRUE(Filter({Literal("*"), Literal(topic)}).Includes(topic)) << topic;
    EXPECT_FALSE(Filter({Literal(topic)}, {Literal("*")}).Includes(topic)) << topic;
  }
}

TEST(TopicFilter, IncludesOrdinaryTopicsThatOnlyLookInternal) {
  const TopicFilter filter = Filter({Literal("*")});
  for (const char* topic :
       {"_x", "klink", "mm2", "mm2-orders", "internal", "heartbeats2", "device.heartbeats", "_klinks"}) {
    EXPECT_TRUE(filter.Includes(topic)) << topic;
  }
}

TEST(TopicFilter, NamesMirrorsAndFindsTheSourceOfAName) {
  const TopicFilter filter = Filter({Literal("*")}, {}, {.prefix = "paris.", .suffix = "-copy"});
  EXPECT_EQ(filter.DestinationName("orders"), "paris.orders-copy");
  EXPECT_EQ(filter.SourceName("paris.orders-copy"), "orders");
  for (const char* topic : {"orders", "paris.orders", "orders-copy", "paris.-copy", "paris.", ""}) {
    EXPECT_EQ(filter.SourceName(topic), std::nullopt) << topic;
  }
  EXPECT_EQ(Filter({Literal("*")}).DestinationName("orders"), "orders");
  EXPECT_EQ(Filter({Literal("*")}).SourceName("orders"), "orders");
}

TEST(TopicFilter, DoesNotTakeOverlappingEndsForASourceName) {
  EXPECT_EQ(DestinationToSourceName({.prefix = "aba", .suffix = "bab"}, "abab"), std::nullopt);
}

TEST(TopicFilter, LeavesOutATopicWhoseNewNameIsTooLong) {
  const TopicFilter filter = Filter({Literal("*")}, {}, {.prefix = "paris."});
  EXPECT_TRUE(filter.Includes(std::string(243, 'a')));
  const Decision decision = filter.Decide(std::string(244, 'a'));
  EXPECT_FALSE(decision.included);
  EXPECT_THAT(decision.why, testing::HasSubstr("longer than 249"));
}

TEST(TopicFilter, RefusesPatternsThatAreNotExactlyOneThing) {
  for (const Pattern& pattern : {Pattern{}, Pattern{.literal = "a", .prefix = "b"}, Regex("("), Regex("(?=x)"),
                                 Regex(std::string(5000, 'a')), Regex("((a{100}){100}){100}")}) {
    TopicsConfig topics;
    topics.include = {pattern};
    EXPECT_EQ(TopicFilter::Compile(topics).status().code(), Code::kInvalidArgument) << PatternText(pattern);
  }
}

TEST(TopicFilter, KnowsWhenTwoPatternsSurelyMeet) {
  EXPECT_TRUE(SurelyOverlap(Literal("*"), Regex("x")));
  EXPECT_TRUE(SurelyOverlap(Literal("a"), Literal("a")));
  EXPECT_TRUE(SurelyOverlap(Prefix("orders."), Literal("orders.eu")));
  EXPECT_TRUE(SurelyOverlap(Regex("o.*"), Literal("orders")));
  EXPECT_TRUE(SurelyOverlap(Prefix("orders."), Prefix("orders.eu.")));
  EXPECT_TRUE(SurelyOverlap(Regex("x+"), Regex("x+")));
  EXPECT_FALSE(SurelyOverlap(Literal("a"), Literal("b")));
  EXPECT_FALSE(SurelyOverlap(Prefix("a."), Prefix("b.")));
  EXPECT_FALSE(SurelyOverlap(Prefix("a."), Literal("a")));
  EXPECT_FALSE(SurelyOverlap(Regex("x"), Regex("x|x")));
}

}  // namespace
}  // namespace klink::config
