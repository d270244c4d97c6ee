#include "link/explain.h"

#include <gmock/gmock.h>

namespace klink::link {
namespace {

using ::testing::HasSubstr;
using Is = Presence::Is;

constexpr char kLine[] = "topics.include[0] {prefix: orders.}";

LinkFacts Link(std::string state = "ACTIVE") {
  LinkFacts link;
  link.name = "paris-to-lyon";
  link.source = "paris";
  link.destination = "lyon";
  link.state = std::move(state);
  link.agent = "agent-1";
  link.leads = true;
  return link;
}

Presence At(Is is, int32_t partitions = 3) {
  Presence presence;
  presence.is = is;
  presence.partitions = partitions;
  presence.text = "it does not answer";
  return presence;
}

MirrorSnapshot Mirror(std::string state, std::optional<std::string> reason_code = {}, std::string reason = "") {
  MirrorSnapshot mirror;
  mirror.topic = mirror.source_topic = "orders.eu";
  mirror.state = std::move(state);
  mirror.reason_code = std::move(reason_code);
  if (!reason.empty()) mirror.reason = std::move(reason);
  mirror.partitions.resize(3);
  for (PartitionSnapshot& partition : mirror.partitions) partition.state = mirror.state;
  return mirror;
}

// A mirror that runs as it should.
TopicFacts Running() {
  TopicFacts facts;
  facts.link = Link();
  facts.names = {"orders.eu", "orders.eu"};
  facts.decision = {true, "included by {prefix: orders.}", kLine};
  facts.at_source = facts.at_destination = At(Is::kThere);
  facts.mirror = Mirror("ACTIVE");
  return facts;
}

struct Case {
  const char* name;
  std::function<void(TopicFacts&)> change;
  const char* mirrored;
  const char* decided_by;
  std::optional<std::string> reason_code;
  const char* to_do;  // a piece of it
};

class ExplainTable : public testing::TestWithParam<Case> {};

TEST_P(ExplainTable, TheFirstRuleThatDoesNotAgreeDecides) {
  const Case& c = GetParam();
  TopicFacts facts = Running();
  c.change(facts);
  const Explanation told = ExplainTopic(facts);
  EXPECT_EQ(told.mirrored, c.mirrored);
  EXPECT_EQ(told.decided_by, c.decided_by);
  EXPECT_EQ(told.reason_code, c.reason_code);
  EXPECT_THAT(told.what_to_do, HasSubstr(c.to_do));
  for (const ExplainStep& step : told.steps) EXPECT_FALSE(step.text.empty()) << step.rule;
}

const Case kCases[] = {
    {"Running", [](TopicFacts&) {}, "yes", kLine, {}, "nothing"},
    {"RunningBehindAGap", [](TopicFacts& f) { f.mirror = Mirror("ACTIVE", "RETENTION_GAP", "offsets 5–9 are gone"); },
     "yes", kLine, "RETENTION_GAP", "nothing"},
    {"NoLine",
     [](TopicFacts& f) {
       f.decision = {false, "no include entry matches", ""};
       f.mirror.reset();
       f.at_destination = At(Is::kMissing);
     },
     "no",
     "no include entry matches",
     {},
     "add {literal: orders.eu} to topics.include of link paris-to-lyon"},
    {"Excluded",
     [](TopicFacts& f) {
       f.decision = {false, "excluded by {prefix: orders.}", "topics.exclude[1] {prefix: orders.}"};
       f.mirror = Mirror("PAUSED", "FILTERED_OUT", "excluded by {prefix: orders.}");
     },
     "no",
     "topics.exclude[1] {prefix: orders.}",
     {},
     "take topics.exclude[1] {prefix: orders.} out"},
    {"Internal",
     [](TopicFacts& f) {
       f.names = {"__consumer_offsets", "__consumer_offsets"};
       f.decision = {false, "an internal topic is never mirrored", ""};
       f.mirror.reset();
     },
     "no",
     "an internal topic is never mirrored",
     {},
     "nothing"},
    {"SchemasWithoutItsLiteral",
     [](TopicFacts& f) {
       f.names = {"_schemas", "_schemas"};
       f.decision = {false, "an internal topic is mirrored only when {literal: _schemas} names it", ""};
       f.mirror.reset();
     },
     "no",
     "an internal topic is mirrored only when {literal: _schemas} names it",
     {},
     "add {literal: _schemas} to topics.include"},
    {"NameTooLong",
     [](TopicFacts& f) { f.decision = {false, "renamed it would be longer than 249 characters", "topics.rename"}; },
     "no",
     "topics.rename",
     {},
     "shorter topics.rename"},
    {"NotAtTheSource",
     [](TopicFacts& f) {
       f.at_source = At(Is::kMissing);
       f.mirror.reset();
     },
     "no",
     "source",
     {},
     "create it at paris"},
    {"GoneFromTheSource",
     [](TopicFacts& f) {
       f.at_source = At(Is::kMissing);
       f.mirror = Mirror("FAILED", "SOURCE_TOPIC_MAY_BE_DELETED", "topic orders.eu is not at the source any more");
     },
     "no", "source", "SOURCE_TOPIC_MAY_BE_DELETED", "create it at paris"},
    {"RightMissingAtTheSource", [](TopicFacts& f) { f.at_source = At(Is::kForbidden), f.mirror.reset(); }, "no",
     "source", "AUTHORIZATION_ERROR", "grant klink DESCRIBE and READ on topic orders.eu at paris"},
    {"RightMissingAtTheDestination", [](TopicFacts& f) { f.at_destination = At(Is::kForbidden); }, "no", "destination",
     "AUTHORIZATION_ERROR", "klink acl plan"},
    {"SourceSilent",
     [](TopicFacts& f) {
       f.at_source = At(Is::kUnknown);
       f.link = Link("UNAVAILABLE");
       f.link.reason_code = "SOURCE_UNAVAILABLE";
       f.mirror = Mirror("SOURCE_UNAVAILABLE", "SOURCE_UNAVAILABLE");
     },
     "not yet", "link paris-to-lyon", "SOURCE_UNAVAILABLE", "check its brokers"},
    {"LinkPaused",
     [](TopicFacts& f) {
       f.link = Link("PAUSED");
       f.link.reason_code = "PAUSED_BY_OPERATOR";
       f.link.reason = "paused by root: rack 3 is moved";
       f.mirror = Mirror("LINK_PAUSED", "PAUSED_BY_OPERATOR");
     },
     "no", "link paris-to-lyon", "PAUSED_BY_OPERATOR", "klink link resume"},
    {"LinkFailed",
     [](TopicFacts& f) {
       f.link = Link("FAILED");
       f.link.reason_code = "LINK_CLUSTER_CHANGED";
     },
     "no", "link paris-to-lyon", "LINK_CLUSTER_CHANGED", "correct bootstrap.servers"},
    {"NotBegun",
     [](TopicFacts& f) {
       f.mirror.reset();
       f.at_destination = At(Is::kMissing);
     },
     "not yet",
     "mirror",
     {},
     "wait"},
    {"BeingMade", [](TopicFacts& f) { f.mirror = Mirror("PENDING_MIRROR"); }, "not yet", "mirror", {}, "wait"},
    {"Paused", [](TopicFacts& f) { f.mirror = Mirror("PAUSED", "PAUSED_BY_OPERATOR", "paused by root: a test"); }, "no",
     "PAUSED_BY_OPERATOR", "PAUSED_BY_OPERATOR", "klink mirror resume"},
    {"OnePartitionFailed",
     [](TopicFacts& f) {
       f.mirror = Mirror("FAILED", "FOREIGN_WRITE", "offset 9 is not ours");
       f.mirror->partitions[0].state = f.mirror->partitions[2].state = "ACTIVE";
     },
     "no", "FOREIGN_WRITE", "FOREIGN_WRITE", "stop that writer"},
    {"PolicyRefuses",
     [](TopicFacts& f) {
       f.mirror = Mirror("FAILED", "POLICY_VIOLATION", "topics need an owner");
       f.mirror->partitions.clear();
       f.at_destination = At(Is::kMissing);
     },
     "no", "POLICY_VIOLATION", "POLICY_VIOLATION", "change the destination's create or alter policy"},
    {"CreatingItIsTriedAgain",
     [](TopicFacts& f) {
       f.mirror = Mirror("FAILED", {}, "creating orders.eu: timed out");
       f.mirror->partitions.clear();
       f.at_destination = At(Is::kMissing);
     },
     "not yet",
     "mirror",
     {},
     "wait"},
    {"Promoted", [](TopicFacts& f) { f.mirror = Mirror("STOPPED"); }, "no", "mirror", {}, "nothing"},
};

INSTANTIATE_TEST_SUITE_P(All, ExplainTable, testing::ValuesIn(kCases),
                         [](const auto& param) { return std::string(param.param.name); });

std::string TextOf(const Explanation& told, std::string_view rule) {
  for (const ExplainStep& step : told.steps)
    if (step.rule == rule) return step.answer + ": " + step.text;
  return "";
}

TEST(Explain, WalksTheRulesInOrder) {
  std::vector<std::string> rules;
  for (const ExplainStep& step : ExplainTopic(Running()).steps) rules.push_back(step.rule);
  EXPECT_THAT(rules, testing::ElementsAre("filter", "source", "link", "agent", "destination", "mirror"));
}

TEST(Explain, NamesTheAgentThatCarriesTheLink) {
  TopicFacts facts = Running();
  EXPECT_EQ(TextOf(ExplainTopic(facts), "agent"), "ok: agent-1, this agent, carries the link");
  facts.link.leads = false;
  facts.link.leader = "agent-2";
  EXPECT_THAT(TextOf(ExplainTopic(facts), "agent"), HasSubstr("ok: agent-2 carries the link"));
  facts.link.leader.reset();
  EXPECT_THAT(TextOf(ExplainTopic(facts), "agent"), HasSubstr("wait: no agent"));
}

TEST(Explain, SaysHowManyPartitionsAreAsBadAsTheMirror) {
  TopicFacts facts = Running();
  facts.mirror = Mirror("FAILED", "FOREIGN_WRITE", "offset 9 is not ours");
  EXPECT_EQ(TextOf(ExplainTopic(facts), "mirror"), "no: orders.eu is FAILED: FOREIGN_WRITE: offset 9 is not ours");
  facts.mirror->partitions[0].state = "ACTIVE";
  EXPECT_THAT(TextOf(ExplainTopic(facts), "mirror"), HasSubstr("2 partitions of 3: FOREIGN_WRITE"));
  facts.mirror->partitions[1].state = "ACTIVE";
  facts.mirror->partitions[2].partition = 2;
  EXPECT_THAT(TextOf(ExplainTopic(facts), "mirror"), HasSubstr("partition 2 of 3: FOREIGN_WRITE"));
}

TEST(Explain, ATopicOfThatNameThatIsNotOursIsSaidSo) {
  TopicFacts facts = Running();
  facts.mirror.reset();
  EXPECT_THAT(TextOf(ExplainTopic(facts), "destination"), HasSubstr("this link did not make it"));
}

TEST(Explain, ReadsANameOfEitherSide) {
  const config::Rename rename{.prefix = "paris.", .suffix = ""};
  const TopicNames both{"orders", "paris.orders"};
  EXPECT_EQ(ReadTopicName("orders", rename, {.there = true}), both);
  EXPECT_EQ(ReadTopicName("paris.orders", rename, {.source_of_record = "orders"}), both);
  EXPECT_EQ(ReadTopicName("paris.orders", rename, {.there_without_rename = true}), both);
  // A topic that is really called so at the source is meant, unless a mirror has the name.
  const TopicNames twice{"paris.orders", "paris.paris.orders"};
  EXPECT_EQ(ReadTopicName("paris.orders", rename, {.there = true, .there_without_rename = true}), twice);
  EXPECT_EQ(ReadTopicName("paris.orders", rename, {}), twice);
  EXPECT_EQ(ReadTopicName("orders", {}, {.there = true, .there_without_rename = true}),
            (TopicNames{"orders", "orders"}));
}

constexpr char kGroupLine[] = "groups.include[0] {prefix: app-}";

// A group that is carried over as it should be.
GroupFacts Carried() {
  GroupFacts facts{Link(), "app-pay", {true, "included by {prefix: app-}", kGroupLine}};
  facts.standing.emplace();
  facts.standing->group = "app-pay";
  facts.standing->positions = {.total = 4, .exact = 4};
  return facts;
}
GroupFacts Standing(std::string state, std::optional<std::string> code, std::string reason) {
  GroupFacts facts = Carried();
  facts.standing->state = std::move(state);
  facts.standing->reason_code = std::move(code);
  facts.standing->reason = std::move(reason);
  return facts;
}
GroupFacts WithPositions(PositionCounts positions) {
  GroupFacts facts = Carried();
  facts.standing->positions = positions;
  return facts;
}

struct GroupCase {
  const char* name;
  GroupFacts facts;
  const char* mirrored;
  const char* decided_by;
  const char* rule;  // the step that decided
  const char* text;  // a piece of it
};

class ExplainGroupTable : public testing::TestWithParam<GroupCase> {};

TEST_P(ExplainGroupTable, WhatBecameOfItsOffsetsDecides) {
  const GroupCase& c = GetParam();
  const Explanation told = ExplainGroup(c.facts);
  EXPECT_EQ(told.mirrored, c.mirrored);
  EXPECT_EQ(told.decided_by, c.decided_by);
  EXPECT_THAT(TextOf(told, c.rule), HasSubstr(c.text));
  EXPECT_FALSE(told.what_to_do.empty());
}

const GroupCase kGroupCases[] = {
    {"Carried", Carried(), "yes", kGroupLine, "offsets", "ok: 4 positions: 4 exact, 0 clamped"},
    {"PartlyClamped", WithPositions({.total = 4, .exact = 1, .clamped = 3}), "yes", kGroupLine, "offsets",
     "1 exact, 3 clamped"},
    {"NothingCommitted", WithPositions({}), "not yet", "offsets", "offsets", "wait: app-pay has committed nothing"},
    {"NotKnownYet", WithPositions({.total = 1, .unknown = 1}), "not yet", "offsets", "offsets", "wait: 1 position:"},
    {"OfOtherTopics", WithPositions({.total = 2, .skipped = 2}), "no", "offsets", "offsets", "no running mirrors"},
    {"AtWork", Standing("PAUSED", "GROUP_IN_USE", "group app-pay has members at lyon"), "no", "GROUP_IN_USE", "offsets",
     "no: GROUP_IN_USE: group app-pay has members at lyon"},
    {"Refused", Standing("FAILED", "AUTHORIZATION_ERROR", "READ is missing"), "no", "AUTHORIZATION_ERROR", "offsets",
     "no: AUTHORIZATION_ERROR: READ is missing"},
    {"TriedAgain", Standing("FAILED", std::nullopt, "no coordinator"), "not yet", "offsets", "offsets",
     "wait: FAILED: no coordinator"},
    {"Deleted", Standing("STOPPED", std::nullopt, "the group was deleted at paris"), "no", "source", "source",
     "no: the group was deleted at paris"},
};
INSTANTIATE_TEST_SUITE_P(All, ExplainGroupTable, testing::ValuesIn(kGroupCases),
                         [](const auto& param) { return param.param.name; });

TEST(Explain, AGroupThatTheSourceDoesNotListIsNotCarriedOver) {
  GroupFacts facts = Carried();
  facts.standing.reset();
  const Explanation told = ExplainGroup(facts);
  EXPECT_EQ(told.mirrored, "no");
  EXPECT_THAT(TextOf(told, "source"), HasSubstr("no: paris lists no group app-pay"));
  EXPECT_THAT(told.what_to_do, HasSubstr("DESCRIBE on group app-pay at paris"));
}

TEST(Explain, AnAgentThatDoesNotLeadSaysThatItDoesNotKnowAGroup) {
  GroupFacts facts = Carried();
  facts.standing.reset();
  facts.unknown = "link paris-to-lyon is led by agent agent-2, this is agent-1: ask that one";
  const Explanation told = ExplainGroup(facts);
  EXPECT_EQ(told.mirrored, "not yet");
  EXPECT_THAT(TextOf(told, "offsets"), HasSubstr("unknown: link paris-to-lyon is led by agent agent-2"));
}

TEST(Explain, AGroupThatNoLineTakesIsLeftOut) {
  GroupFacts facts = Carried();
  facts.decision = {false, "no groups are carried over", ""};
  const Explanation told = ExplainGroup(facts);
  EXPECT_EQ(told.mirrored, "no");
  EXPECT_THAT(told.what_to_do, HasSubstr("groups.include"));
}

}  // namespace
}  // namespace klink::link
