// What a link remembers of its drills: which, how many, and in a form that agents can read whatever an operator typed.
#include "failover/drill_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace klink::failover {
namespace {

using testing::HasSubstr;

DrillReport Isolated() {
  DrillReport report;
  report.id = "20270115T080000Z-ab12";
  report.drill = "quarterly";
  report.type = "isolated";
  report.outcome = "MISSED";
  report.exit_code = 1;
  report.summary = "drill quarterly 20270115T080000Z-ab12: MISSED";
  report.operator_name = "ada";
  report.approver = "grace";
  report.reason = "the quarter ends";
  report.scope.link = "paris-to-lyon";
  report.started = WallTime(std::chrono::milliseconds(1'800'000'000'000));
  report.finished = WallTime(std::chrono::milliseconds(1'800'000'012'000));
  report.rto.seconds = 1.5;
  report.rpo.seconds = 0.25;
  report.rpo.records = 12;
  report.rpo.is_bound = true;
  report.objectives = {{"rto", 1.0, 1.5, false, "FAILED", "1.5 s"}};
  report.invariants = {{"L12", "COLLISION", "PASSED", "at the cut"}};
  return report;
}

TEST(DrillHistoryTest, OnlyDrillsThatWroteAnyhowAreRemembered) {
  DrillReport report = Isolated();
  EXPECT_TRUE(IsRemembered(report));
  report.outcome = Name(DrillOutcome::kPrecondition);
  EXPECT_FALSE(IsRemembered(report)) << "nothing was touched";
  report = Isolated();
  report.type = "live";
  EXPECT_TRUE(IsRemembered(report));
  report.type = "dry";
  EXPECT_FALSE(IsRemembered(report)) << "it writes nothing";
}

TEST(DrillHistoryTest, WhatIsRememberedIsWhatTheReportSaid) {
  const DrillReport whole = Isolated();
  const DrillReport known = ReportOf(RecordOf(whole, "klink-drill-x"), "paris-to-lyon");
  EXPECT_EQ(known.id, whole.id);
  EXPECT_EQ(known.drill, whole.drill);
  EXPECT_EQ(known.type, whole.type);
  EXPECT_EQ(known.outcome, whole.outcome);
  EXPECT_EQ(known.exit_code, whole.exit_code);
  EXPECT_EQ(known.summary, whole.summary);
  EXPECT_EQ(known.operator_name, whole.operator_name);
  EXPECT_EQ(known.approver, whole.approver);
  EXPECT_EQ(known.reason, whole.reason);
  EXPECT_EQ(known.scope.link, whole.scope.link);
  EXPECT_EQ(known.started, whole.started);
  EXPECT_EQ(known.finished, whole.finished);
  EXPECT_EQ(known.rto.seconds, whole.rto.seconds);
  EXPECT_EQ(known.rpo.seconds, whole.rpo.seconds);
  EXPECT_EQ(known.rpo.records, whole.rpo.records);
  EXPECT_TRUE(known.rpo.is_bound);
  ASSERT_EQ(known.objectives.size(), 1u);
  EXPECT_EQ(known.objectives[0].verdict, "FAILED");
  ASSERT_EQ(known.invariants.size(), 1u);
  EXPECT_EQ(known.invariants[0].code, "L12");
  ASSERT_EQ(known.deviations.size(), 1u);
  EXPECT_THAT(known.deviations[0], HasSubstr("klink-drill-x.json, SHA-256 "));
}

TEST(DrillHistoryTest, ALongTextIsCutBetweenCharacters) {
  DrillReport report = Isolated();
  report.reason = std::string(limits::kHttpTextBytes - 1, 'x') + "éé";
  const state::DrillRecord record = RecordOf(report, "r");
  EXPECT_EQ(record.text, std::string(limits::kHttpTextBytes - 1, 'x'));
  EXPECT_TRUE(HistoryWrite({}, record, {}).ok());
}

// One that stood there would stop the link: its agents would not know what else they cannot read.
TEST(DrillHistoryTest, ARecordThatAgentsCouldNotReadIsNotWritten) {
  DrillReport report = Isolated();
  report.reason = "caf\xe9";
  EXPECT_EQ(HistoryWrite({}, RecordOf(report, "r"), {}).status().code(), Code::kInvalidArgument);
}

TEST(DrillHistoryTest, TheOldestGoWhenThereAreTooMany) {
  state::StateView view;
  const auto apply = [&view](const kafka::Record& record) { view.Apply(*record.key, record.value); };
  for (size_t i = 0; i < state::kDrillsKept + 5; i++) {
    state::DrillRecord record = RecordOf(Isolated(), "r");
    record.id = fmt::format("20270115T080000Z-{:04}", i);
    const auto written = HistoryWrite(view, record, {});
    ASSERT_TRUE(written.ok()) << written.status();
    EXPECT_EQ(written->size(), i < state::kDrillsKept ? 1u : 2u);
    for (size_t n = 0; n < written->size(); n++) EXPECT_EQ((*written)[n].offset_delta, static_cast<int32_t>(n));
    std::for_each(written->begin(), written->end(), apply);
  }
  EXPECT_TRUE(view.status().ok()) << view.status();
  EXPECT_EQ(view.drills().size(), state::kDrillsKept);
  EXPECT_EQ(view.drills().begin()->first, "20270115T080000Z-0005");
}

}  // namespace
}  // namespace klink::failover
