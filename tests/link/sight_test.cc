// Which agents hear of the source, and what follows: an agent that does not leaves its place to one that does; when
// none does for long enough, and all agree, the source is given up, once.
#include "link/sight.h"

#include <gmock/gmock.h>

namespace klink::link {
namespace {

using testing::HasSubstr;
using Step = AutoFailoverStep;

const Instant kBegin{};

std::string Mark(const std::string& process, Duration silent, int64_t count) {
  return "held by " + process + "; " + SightText(silent, count);
}

TEST(Silence, GrowsWhileTheClusterIsAskedAndDoesNotAnswer) {
  Silence silence(kBegin);
  for (Duration at = 0s; at <= 10s; at += 2s) silence.Tick(kBegin + at, kBegin + 1s);
  EXPECT_EQ(silence.lasts(kBegin + 10s), 9s);
  silence.Tick(kBegin + 12s, kBegin + 11s);
  EXPECT_EQ(silence.lasts(kBegin + 12s), 1s);
}

TEST(Silence, BeginsAnewAfterASleepInWhichNobodyAsked) {
  Silence silence(kBegin);
  silence.Tick(kBegin + 2s, kBegin + 2s);
  silence.Tick(kBegin + 1h, kBegin + 2s);
  EXPECT_EQ(silence.lasts(kBegin + 1h), 0s) << "a process that was stopped does not know";
}

TEST(Sights, CountAnAgentWhileItGoesOnSayingSomething) {
  Sights sights;
  sights.Heard({Mark("a-1/77", 0s, 5), Mark("b-1/88", 40s, 9)}, kBegin);
  EXPECT_TRUE(sights.Fresh(kBegin, "a-1").empty()) << "a mark that was only seen once may be of the dead";
  sights.Heard({Mark("a-1/77", 2s, 6), Mark("b-1/88", 42s, 10)}, kBegin + 2s);
  auto fresh = sights.Fresh(kBegin + 2s, "a-1");
  ASSERT_EQ(fresh.size(), 1u) << "not the one that asks";
  EXPECT_EQ(fresh[0].agent, "b-1");
  EXPECT_EQ(fresh[0].silent, 42s);
  sights.Heard({Mark("b-1/88", 42s, 10)}, kBegin + 9s);
  EXPECT_EQ(sights.Fresh(kBegin + 9s, "a-1").size(), 1u);
  EXPECT_TRUE(sights.Fresh(kBegin + 13s, "a-1").empty()) << "it says nothing more";
}

TEST(Sights, TheNewestOfAProcessMarksStandsAndForeignTextIsPassedOver) {
  Sights sights;
  sights.Heard({Mark("b-1/88", 1s, 3), "", "held by b-1/88", "released by b-1/88; source silent for 1 ms, mark 9",
                "held by c-1/99; source silent for -5 ms, mark 1", "held by c-1/99; source silent for x ms, mark 1"},
               kBegin);
  sights.Heard({Mark("b-1/88", 7s, 5), Mark("b-1/88", 1s, 3)}, kBegin + 2s);
  const auto fresh = sights.Fresh(kBegin + 2s, "a-1");
  ASSERT_EQ(fresh.size(), 1u);
  EXPECT_EQ(fresh[0].silent, 7s);
}

TEST(HandOver, ABlindAgentLeavesItsPlaceToOneThatSees) {
  struct Row {
    Duration silent;
    std::vector<Sight> others;
    bool hands_over;
    bool stays_away;
  };
  const std::vector<Row> rows = {
      {29s, {{"b", 1s}}, false, true},
      {30s, {{"b", 1s}}, true, true},
      {30s, {}, false, false},                           // nobody is there to take it
      {30s, {{"b", 30s}}, false, false},                 // blind as well
      {30s, {{"b", 30s}, {"c", 2s}}, true, true},        // one is enough
      {0s, {{"b", 1s}}, false, false},                   // it sees
      {10min, {{"b", 10min}, {"c", 7s}}, false, false},  // nobody surely sees
  };
  for (const Row& row : rows) {
    EXPECT_EQ(HandsOver(row.silent, row.others), row.hands_over) << ToMillis(row.silent) << " " << row.others.size();
    EXPECT_EQ(StaysAway(row.silent, row.others), row.stays_away) << ToMillis(row.silent) << " " << row.others.size();
  }
}

class AutoFailoverTest : public testing::Test {
 protected:
  AutoFailoverTest() {
    config.enabled = true;
    config.after = 60s;
    config.agents = 2;
    config.sets = {"tier1"};
  }
  AutoFailoverFacts Facts(Duration silent, std::vector<Sight> others) const {
    AutoFailoverFacts facts{config};
    facts.silent = silent;
    facts.others = std::move(others);
    return facts;
  }
  config::AutoFailover config;
};

TEST_F(AutoFailoverTest, IsOffUnlessItIsAskedFor) {
  config = config::AutoFailover();
  EXPECT_EQ(DecideFailover(Facts(10h, {{"b", 10h}})).step, Step::kOff);
}

TEST_F(AutoFailoverTest, GoesOnceEnoughAgentsMissTheSourceForLongEnough) {
  struct Row {
    Duration silent;
    std::vector<Sight> others;
    Step step;
    const char* why;
  };
  const std::vector<Row> rows = {
      {1s, {{"b", 1s}}, Step::kWatch, "answers"},
      {59s, {{"b", 90s}}, Step::kWait, "for 59 s of 60 s"},
      {60s, {{"b", 59s}}, Step::kWait, "agent b has missed it for 59 s"},
      {60s, {{"b", 60s}}, Step::kGo, "none of 2 agents for 60 s"},
      {60s, {}, Step::kWait, "wants 2"},
      {1h, {{"b", 1h}, {"c", 1s}}, Step::kWait, "agent c still hears"},  // it is there
      {1h, {{"b", 1h}, {"c", 70s}}, Step::kGo, "none of 3 agents"},
  };
  for (const Row& row : rows) {
    const AutoFailoverVerdict verdict = DecideFailover(Facts(row.silent, row.others));
    EXPECT_EQ(verdict.step, row.step) << verdict.why;
    EXPECT_THAT(verdict.why, HasSubstr(row.why));
  }
}

TEST_F(AutoFailoverTest, OneAgentIsEnoughWhereThatIsConfigured) {
  config.agents = 1;
  config.after = 5s;
  EXPECT_EQ(DecideFailover(Facts(5s, {})).step, Step::kGo);
  EXPECT_EQ(DecideFailover(Facts(4s, {})).step, Step::kWatch);
}

TEST_F(AutoFailoverTest, NeverGoesTwice) {
  AutoFailoverFacts facts = Facts(1h, {{"b", 1h}});
  facts.done = "20260101T000000Z-ab12";
  EXPECT_EQ(DecideFailover(facts).step, Step::kDone);
  EXPECT_THAT(DecideFailover(facts).why, HasSubstr("by 20260101T000000Z-ab12"));
  facts.done.reset();
  facts.anything_left = false;
  EXPECT_EQ(DecideFailover(facts).step, Step::kDone);
}

TEST_F(AutoFailoverTest, InhibitedItRefusesAndSaysSo) {
  AutoFailoverFacts facts = Facts(1h, {{"b", 1h}});
  facts.inhibited = true;
  facts.inhibited_text = "inhibited by root: maintenance";
  EXPECT_EQ(DecideFailover(facts).step, Step::kHeld);
  EXPECT_THAT(DecideFailover(facts).why, HasSubstr("inhibited by root: maintenance, so nothing is failed over"));
  facts.silent = 1s;
  facts.others = {{"b", 1s}};
  EXPECT_EQ(DecideFailover(facts).step, Step::kWatch);
  EXPECT_THAT(DecideFailover(facts).why, HasSubstr("inhibited by root: maintenance; the source answers"));
}

TEST_F(AutoFailoverTest, APausedLinkAndAPromotionThatRunsHoldIt) {
  AutoFailoverFacts facts = Facts(1h, {{"b", 1h}});
  facts.link_paused = true;
  EXPECT_EQ(DecideFailover(facts).step, Step::kHeld);
  facts.link_paused = false;
  facts.promotion_runs = true;
  EXPECT_EQ(DecideFailover(facts).step, Step::kWait);
}

}  // namespace
}  // namespace klink::link
