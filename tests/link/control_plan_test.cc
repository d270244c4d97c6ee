// Which mirrors a request takes in, and what it makes of each.
#include "link/control_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::link {
namespace {

using state::LinkCondition;
using state::Phase;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ControlPlanTest : public testing::Test {
 protected:
  ControlPlanTest() {
    Add("orders.eu", Phase::kActive);
    Add("orders.us", Phase::kActive);
    Add("payments", Phase::kActive);
    Add("promoted", Phase::kStopped);
  }
  void Add(const std::string& topic, Phase phase) {
    state::MirrorRecord& record = records_[topic];
    record.source_topic = record.destination_topic = topic;
    record.phase = phase;
    record.partitions.resize(2);
    facts_[topic] = {&record, std::string(Name(state::StateOf(phase))), {}};
  }
  void Take(const ControlPlan& plan) {
    for (const state::MirrorRecord& record : plan.records) {
      records_[record.destination_topic] = record;
      facts_[record.destination_topic].state = Name(state::StateOf(record.phase));
    }
  }
  ControlPlan Plan(ControlVerb verb, std::vector<std::string> topics, state::Accept accept = state::Accept::kNone) {
    ControlRequest request;
    request.link = "l";
    request.verb = verb;
    request.all = topics.empty();
    request.topics = std::move(topics);
    request.accept = accept;
    return PlanControl(request, facts_, link_, 100);
  }
  // "topic outcome state" of each answer.
  static std::vector<std::string> Told(const ControlPlan& plan) {
    std::vector<std::string> told;
    for (const ControlledMirror& m : plan.answers)
      told.push_back(fmt::format("{} {} {}", m.topic, m.outcome, m.state.value_or("-")));
    return told;
  }

  std::map<std::string, state::MirrorRecord> records_;
  std::map<std::string, MirrorFacts> facts_;
  LinkCondition link_ = LinkCondition::kActive;
};

TEST(Pattern, StandsForWholeNames) {
  for (const auto& [pattern, name] : std::vector<std::pair<const char*, const char*>>{{"*", "a"},
                                                                                      {"a*", "a"},
                                                                                      {"a*c", "abbc"},
                                                                                      {"*.eu", "orders.eu"},
                                                                                      {"a?c", "abc"},
                                                                                      {"*a*b*", "xaybz"},
                                                                                      {"a**", "ab"}})
    EXPECT_TRUE(MatchesPattern(pattern, name)) << pattern << " " << name;
  for (const auto& [pattern, name] : std::vector<std::pair<const char*, const char*>>{
           {"a", "ab"}, {"a*c", "abcd"}, {"a?", "a"}, {"", "a"}, {"orders.*", "orders"}, {"*a*b", "xbya"}})
    EXPECT_FALSE(MatchesPattern(pattern, name)) << pattern << " " << name;
}

TEST_F(ControlPlanTest, EachNamedMirrorIsAnsweredOnceInOrder) {
  const ControlPlan plan = Plan(ControlVerb::kPause, {"payments", "orders.*", "orders.eu", "payments"});
  EXPECT_THAT(Told(plan), ElementsAre("payments paused PAUSED", "orders.eu paused PAUSED", "orders.us paused PAUSED"));
  EXPECT_EQ(plan.records.size(), 3u);
}

TEST_F(ControlPlanTest, WhatIsNamedAndCannotBeIsRefusedByName) {
  facts_["fresh"].state = "FAILED";
  const ControlPlan plan = Plan(ControlVerb::kPause, {"nope", "promoted", "fresh", "x*", "payments"});
  EXPECT_THAT(Told(plan), ElementsAre("nope refused -", "promoted refused STOPPED", "fresh refused FAILED",
                                      "x* refused -", "payments paused PAUSED"));
  EXPECT_EQ(plan.answers[0].error, "link l has no mirror topic nope");
  EXPECT_THAT(*plan.answers[1].error, HasSubstr("promoted is STOPPED"));
  EXPECT_EQ(plan.answers[2].error, "fresh is not mirrored yet");
  EXPECT_EQ(plan.answers[3].error, "no mirror topic of link l matches x*");
}

TEST_F(ControlPlanTest, AllTakesInWhatTheRequestAppliesTo) {
  facts_["fresh"].state = "FAILED";
  EXPECT_THAT(Told(Plan(ControlVerb::kPause, {})),
              ElementsAre("orders.eu paused PAUSED", "orders.us paused PAUSED", "payments paused PAUSED"));
  facts_.clear();
  EXPECT_THAT(Told(Plan(ControlVerb::kPause, {})), IsEmpty());
}

TEST_F(ControlPlanTest, PausingAgainAndResumingWhatRunsChangesNothing) {
  EXPECT_THAT(Told(Plan(ControlVerb::kResume, {"payments"})), ElementsAre("payments unchanged ACTIVE"));
  Take(Plan(ControlVerb::kPause, {"payments"}));
  const ControlPlan again = Plan(ControlVerb::kPause, {"payments"});
  EXPECT_THAT(Told(again), ElementsAre("payments unchanged PAUSED"));
  EXPECT_THAT(again.records, IsEmpty());
}

TEST_F(ControlPlanTest, AResumedMirrorShowsThatItsLinkIsPaused) {
  Take(Plan(ControlVerb::kPause, {"payments"}));
  EXPECT_THAT(Told(Plan(ControlVerb::kResume, {"payments"})), ElementsAre("payments resumed ACTIVE"));
  link_ = LinkCondition::kPaused;
  EXPECT_THAT(Told(Plan(ControlVerb::kResume, {"payments"})), ElementsAre("payments resumed LINK_PAUSED"));
}

TEST_F(ControlPlanTest, WhatFailedIsRestartedAlsoWithoutAChangeOfItsRecord) {
  facts_["payments"].state = "FAILED";
  facts_["payments"].halted.partitions[1] = state::Reason::kRecordTooLarge;
  const ControlPlan plan = Plan(ControlVerb::kResume, {"payments"});
  EXPECT_THAT(Told(plan), ElementsAre("payments restarted ACTIVE"));
  EXPECT_THAT(plan.restart, ElementsAre("payments"));
  EXPECT_THAT(plan.records, IsEmpty());
}

TEST_F(ControlPlanTest, AnAcceptanceIsWrittenWhereItAnswersAndRefusedElsewhere) {
  facts_["payments"].halted.partitions[1] = state::Reason::kSourceTruncated;
  const ControlPlan all = Plan(ControlVerb::kResume, {}, state::Accept::kTruncation);
  EXPECT_THAT(Told(all), ElementsAre("payments restarted ACTIVE"));
  EXPECT_EQ(all.records.at(0).partitions[1].accept, state::Accept::kTruncation);
  const ControlPlan wrong = Plan(ControlVerb::kResume, {"payments", "orders.eu"}, state::Accept::kGap);
  EXPECT_THAT(wrong.records, IsEmpty());
  EXPECT_THAT(*wrong.answers.at(0).error, HasSubstr("stands still for SOURCE_TRUNCATED, which --accept-gap does not"));
  EXPECT_THAT(*wrong.answers.at(1).error, HasSubstr("nothing has failed there"));
}

}  // namespace
}  // namespace klink::link
