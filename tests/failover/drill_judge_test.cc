// What a drill decides without waiting: its verdicts, and what a name at the cluster tells.
#include "failover/drill_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "failover/drill_text.h"

namespace klink::failover {
namespace {

using testing::HasSubstr;
using V = DrillVerdict;

constexpr int64_t kNow = 1'000'000;

LossFacts Crossed(int64_t end, int64_t replicated_to) {
  LossFacts facts;
  facts.source_end = end;
  facts.replicated_to = replicated_to;
  return facts;
}

TEST(DrillLossTest, NothingIsLostOfWhatHadCrossed) {
  const DrillLoss loss = LossOf("t", {Crossed(10, 10), Crossed(0, 0)}, kNow);
  EXPECT_EQ(loss.records, 0);
  EXPECT_EQ(loss.bytes, 0);
  EXPECT_EQ(loss.seconds, 0);
  EXPECT_FALSE(loss.is_bound);
}

TEST(DrillLossTest, TheOldestRecordThatHadNotCrossedCounts) {
  LossFacts late = Crossed(20, 10);
  late.tail_bytes = 500;
  late.oldest_ms = kNow - 3000;
  LossFacts later = Crossed(9, 8);
  later.tail_bytes = 50;
  later.oldest_ms = kNow - 1000;
  const DrillLoss loss = LossOf("t", {late, later, Crossed(1, 1)}, kNow);
  EXPECT_EQ(loss.records, 11);
  EXPECT_EQ(loss.bytes, 550);
  EXPECT_EQ(loss.seconds, 3);
}

TEST(DrillLossTest, WithoutTheSourceTheNewestCopyIsABoundAndRecordsAreNotKnown) {
  LossFacts gone;
  gone.replicated_to = 10;
  gone.newest_copied_ms = kNow - 60'000;
  const DrillLoss loss = LossOf("t", {gone}, kNow);
  EXPECT_EQ(loss.records, std::nullopt);
  EXPECT_EQ(loss.bytes, std::nullopt);
  EXPECT_EQ(loss.seconds, 60);
  EXPECT_TRUE(loss.is_bound);
}

TEST(DrillLossTest, AnAgeThatCannotBeToldIsNotZero) {
  LossFacts unread = Crossed(20, 10);  // its tail could not be read
  const DrillRpo rpo = SumUp({LossOf("t", {unread}, kNow), LossOf("u", {Crossed(1, 1)}, kNow)});
  EXPECT_EQ(rpo.records, 10);
  EXPECT_EQ(rpo.bytes, std::nullopt);
  EXPECT_EQ(rpo.seconds, std::nullopt);
  EXPECT_EQ(JudgeRpo(30, rpo).verdict, "UNKNOWN");
}

TEST(DrillObjectiveTest, IsMetMissedOrUnknown) {
  DrillRpo rpo;
  rpo.seconds = 5;
  EXPECT_EQ(JudgeRpo(5, rpo).verdict, "PASSED");
  EXPECT_EQ(JudgeRpo(4.9, rpo).verdict, "FAILED");
  rpo.is_bound = true;
  EXPECT_THAT(JudgeRpo(5, rpo).detail, HasSubstr("a bound"));
  EXPECT_EQ(JudgeRto(10, 9.9, config::DrillKind::kIsolated).verdict, "PASSED");
  EXPECT_EQ(JudgeRto(10, 10.1, config::DrillKind::kLive).verdict, "FAILED");
  EXPECT_EQ(JudgeRto(10, std::nullopt, config::DrillKind::kLive).verdict, "UNKNOWN");
  EXPECT_EQ(JudgeRto(10, std::nullopt, config::DrillKind::kDry).verdict, "NOT_CHECKED");
}

TEST(DrillObjectiveTest, WhatNoStepCountsWasTakingControl) {
  const auto phases = PhasesOf({{"FENCE", 0.5}, {"RECORD_CUT", 0.25}}, 1.0);
  ASSERT_EQ(phases.size(), 3u);
  EXPECT_EQ(phases[0].phase, "take_control");
  EXPECT_DOUBLE_EQ(phases[0].seconds, 0.25);
  EXPECT_EQ(phases[1].phase, "fence");
  EXPECT_EQ(phases[2].phase, "record_cut");
  EXPECT_EQ(PhasesOf({{"FENCE", 2}}, 1.0)[0].seconds, 0) << "clocks differ";
}

struct PositionCase {
  const char* name;
  PositionFacts facts;
  V ahead, behind;
};
PositionFacts Stands(std::optional<int64_t> begin, std::optional<int64_t> now, std::optional<int64_t> reached,
                     std::optional<bool> same = true) {
  PositionFacts facts;
  facts.source_at_begin = begin;
  facts.source_now = now;
  facts.reached = reached;
  facts.same_record = same;
  return facts;
}

TEST(DrillPositionTest, Table) {
  PositionFacts gone = Stands(10, 10, 10);
  gone.source_answers = false;
  PositionFacts cut = Stands(10, 10, 7);
  cut.copy_reaches_begin = false;  // it stands at the end of the copy
  const PositionCase cases[] = {
      {"where it stood", Stands(10, 10, 10), V::kPassed, V::kPassed},
      {"it went on meanwhile", Stands(10, 15, 12), V::kPassed, V::kPassed},
      {"it would read again", Stands(10, 15, 9), V::kPassed, V::kFailed},
      {"it would skip records", Stands(10, 11, 12), V::kFailed, V::kPassed},
      {"nothing was carried over", Stands(10, 10, std::nullopt), V::kPassed, V::kFailed},
      {"nothing was committed at the source", Stands(std::nullopt, std::nullopt, std::nullopt), V::kNotChecked,
       V::kNotChecked},
      {"another record stands there", Stands(10, 10, 10, false), V::kFailed, V::kFailed},
      {"its record could not be read", Stands(10, 10, 10, std::nullopt), V::kUnknown, V::kUnknown},
      {"the source is gone", gone, V::kUnknown, V::kUnknown},
      {"the copy does not reach it", cut, V::kPassed, V::kPassed},
  };
  for (const PositionCase& c : cases) {
    const PositionVerdict verdict = JudgePosition(c.facts);
    EXPECT_EQ(Name(verdict.ahead), Name(c.ahead)) << c.name;
    EXPECT_EQ(Name(verdict.behind), Name(c.behind)) << c.name;
    EXPECT_FALSE(verdict.detail.empty()) << c.name;
  }
}

TEST(DrillVerdictTest, FailedIsWorseThanUnknownAndUnknownIsNoPass) {
  EXPECT_EQ(Worst({}), V::kNotChecked);
  EXPECT_EQ(Worst({V::kNotChecked, V::kPassed}), V::kPassed);
  EXPECT_EQ(Worst({V::kPassed, V::kUnknown}), V::kUnknown);
  EXPECT_EQ(Worst({V::kFailed, V::kUnknown}), V::kFailed);
  DrillReport report;
  EXPECT_EQ(JudgeAll(report), DrillOutcome::kPassed);
  report.invariants.push_back({"L9", "ABORTED", "NOT_CHECKED", ""});
  EXPECT_EQ(JudgeAll(report), DrillOutcome::kPassed);
  report.invariants.push_back({"L13", "STALE-ACK", "UNKNOWN", ""});
  EXPECT_EQ(JudgeAll(report), DrillOutcome::kMissed);
  report.rollback.complete = false;
  EXPECT_EQ(JudgeAll(report), DrillOutcome::kLeftOver);
}

TEST(DrillVerdictTest, TheLastLineNamesWhatWasMissed) {
  DrillReport report;
  report.drill = "quarterly";
  report.id = "20261127T151000Z-ab12";
  report.outcome = "MISSED";
  report.rto.seconds = 1.25;
  report.rpo.seconds = 4;
  report.rpo.records = 12;
  report.rpo.topics.push_back({"t", 12, 100, 4, false});
  report.objectives.push_back(JudgeRpo(1, report.rpo));
  report.invariants.push_back({"L13", "STALE-ACK", "FAILED", ""});
  EXPECT_EQ(SummaryOf(report),
            "drill quarterly 20261127T151000Z-ab12: MISSED; RTO 1.2 s; RPO 4.0 s, 12 records; rpo FAILED, L13 FAILED");
}

TEST(DrillNameTest, OnlyWhatADrillMadeIsTakenForIt) {
  const std::string id = NewDrillId(WallTime(std::chrono::milliseconds(1'800'000'000'123)), 0x1ab12);
  EXPECT_EQ(id, "20270115T080000Z-ab12");
  EXPECT_EQ(BeganAt(id), WallTime(std::chrono::milliseconds(1'800'000'000'000)));
  for (const char* ending : {"0", "17", "state", "runs", "app.pay"}) EXPECT_EQ(DrillIdOf(DrillPrefix(id) + ending), id);
  for (const char* other : {"_klink.drill.x.0", "_klink.paris-to-lyon.state", "orders", "_klink.drill.", "_klink.drill",
                            "_klink.drill.20270115T080000Z-ab12", "_klink.drill.20271315T080000Z-ab12.0"})
    EXPECT_EQ(DrillIdOf(other), std::nullopt) << other;
}

TEST(DrillSizeTest, ACopyBeginsWhereTheRestFits) {
  EXPECT_EQ(CopyFrom({0, 1000, 10}, 1000), 900);
  EXPECT_EQ(CopyFrom({0, 1000, 10}, 1'000'000), 0);
  EXPECT_EQ(CopyFrom({500, 1000, 10}, 1'000'000), 500);
  EXPECT_EQ(CopyFrom({0, 1000, 10}, 1), 999) << "the last record at least";
  EXPECT_EQ(CopyFrom({7, 7, 0}, 1000), 7) << "an empty log";
}

TEST(DrillTextTest, WhatWasNotCheckedIsSkippedAndWhatIsUnknownFails) {
  DrillReport report;
  report.drill = "a<b";
  report.invariants.push_back({"L7", "AHEAD", "NOT_CHECKED", "no groups"});
  report.invariants.push_back({"L8", "BEHIND", "UNKNOWN", "\"why\" & how"});
  report.invariants.push_back({"L9", "ABORTED", "PASSED", ""});
  const std::string xml = JUnitOf(report);
  EXPECT_THAT(xml, HasSubstr("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"klink drill a&lt;b\""));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"&quot;why&quot; &amp; how\" type=\"UNKNOWN\"/>"));
  EXPECT_THAT(xml, HasSubstr("<skipped message=\"no groups\"/>"));
  const std::string html = HtmlOf(report);
  EXPECT_THAT(html, HasSubstr("Signature"));
  for (const char* beyond : {"http://", "https://", "src=", "href="})
    EXPECT_THAT(html, testing::Not(HasSubstr(beyond))) << "it needs nothing beside itself";
}

}  // namespace
}  // namespace klink::failover
