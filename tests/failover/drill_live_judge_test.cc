// What a live drill concludes from what it saw, and what it says of a failover that did not come to its end.
#include "failover/drill_live_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "failover/drill_judge.h"

namespace klink::failover {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const DrillInvariant& Of(const std::vector<DrillInvariant>& all, const std::string& code) {
  return *std::find_if(all.begin(), all.end(), [&](const DrillInvariant& i) { return i.code == code; });
}

// Two partitions that were failed over, nothing wrong.
LiveFacts Good() {
  LiveFacts facts;
  facts.operation = "20270115T080000Z-ab12";
  facts.completed = true;
  facts.compared = absl::OkStatus();
  for (int32_t p = 0; p < 2; p++) {
    LivePartition& partition = facts.partitions[{"pay", p}];
    partition.cut = 102;
    partition.last_stable = 102;
    partition.has_tail = true;
    partition.tail_stands = true;
    partition.read_behind = true;
  }
  return facts;
}

TEST(LiveVerdicts, WhatNeedsARecordIsNotCheckedAndTheRestPasses) {
  const auto all = JudgeLive(Good(), {}, {});
  std::vector<std::string> codes;
  for (const DrillInvariant& i : all) codes.push_back(i.code);
  EXPECT_THAT(codes, ElementsAre("L1", "L4", "L6", "L7", "L8", "L9", "L10", "L11", "L12", "L13", "L14"));
  for (const char* code : {"L1", "L4", "L6", "L9", "L10", "L11", "L13", "L14"})
    EXPECT_EQ(Of(all, code).verdict, "PASSED") << code;
  EXPECT_EQ(Of(all, "L12").verdict, "NOT_CHECKED");
  EXPECT_THAT(Of(all, "L12").detail, HasSubstr("an isolated one checks it"));
  EXPECT_EQ(Of(all, "L7").verdict, "NOT_CHECKED") << "it names no groups";
}

struct LiveCase {
  const char* name;
  std::function<void(LiveFacts&, LivePartition&)> change;  // of the second partition
  const char* code;
  const char* verdict;
};

TEST(LiveVerdicts, Table) {
  const LiveCase cases[] = {
      {"a transaction holds readers back", [](auto&, auto& p) { p.last_stable = 101; }, "L10", "FAILED"},
      {"an application's own transaction stands behind", [](auto&, auto& p) { p.last_stable = 150; }, "L10", "PASSED"},
      {"nobody tells how far it can be read", [](auto&, auto& p) { p.last_stable.reset(); }, "L10", "UNKNOWN"},
      {"no cut was recorded", [](auto&, auto& p) { p.cut.reset(); }, "L10", "UNKNOWN"},
      {"klink wrote behind the cut", [](auto&, auto& p) { p.ours_behind = 1; }, "L11", "FAILED"},
      {"what is behind could not be read", [](auto&, auto& p) { p.read_behind = false; }, "L11", "UNKNOWN"},
      {"an application wrote at the cut", [](auto&, auto& p) { p.others_from = 102; }, "L12", "PASSED"},
      {"an application was acknowledged below it", [](auto&, auto& p) { p.others_from = 101; }, "L12", "FAILED"},
      {"something is missing before its first record", [](auto&, auto& p) { p.others_from = 103; }, "L12", "FAILED"},
      {"the tail is another one", [](auto&, auto& p) { p.tail_stands = false; }, "L13", "FAILED"},
      {"the tail could not be read", [](auto&, auto& p) { p.tail_stands.reset(); }, "L13", "UNKNOWN"},
      {"one partition is empty", [](auto&, auto& p) { p.has_tail = false; }, "L13", "PASSED"},
      {"a record is lost", [](auto& f, auto&) { f.kinds["LOST"] = 1; }, "L13", "FAILED"},
      {"a record is lost", [](auto& f, auto&) { f.kinds["LOST"] = 1; }, "L1", "FAILED"},
      {"a record is lost", [](auto& f, auto&) { f.kinds["LOST"] = 1; }, "L9", "FAILED"},
      {"a record is not the source's", [](auto& f, auto&) { f.kinds["PHANTOM"] = 1; }, "L6", "FAILED"},
      {"the source is gone", [](auto& f, auto&) { f.compared.reset(); }, "L1", "NOT_CHECKED"},
      {"the source is gone", [](auto& f, auto&) { f.compared.reset(); }, "L13", "PASSED"},
      {"it went away meanwhile", [](auto& f, auto&) { f.compared = Unavailable("gone"); }, "L4", "UNKNOWN"},
      {"it did not end", [](auto& f, auto&) { f.completed = false; }, "L14", "FAILED"},
      {"nothing was failed over", [](auto& f, auto&) { f.partitions.clear(); }, "L10", "UNKNOWN"},
  };
  for (const LiveCase& c : cases) {
    LiveFacts facts = Good();
    c.change(facts, facts.partitions[{"pay", 1}]);
    const auto all = JudgeLive(facts, {}, {});
    EXPECT_EQ(Of(all, c.code).verdict, c.verdict) << c.name << " " << c.code;
    EXPECT_FALSE(Of(all, c.code).detail.empty()) << c.name;
  }
}

TEST(LiveVerdicts, WithoutTheSourceAGroupMustStandSomewhere) {
  DrillPosition stands{"app", "pay", 0, {}, 40, {}, {}, "UNKNOWN", "UNKNOWN", ""};
  DrillPosition beside{"app", "pay", 1, {}, {}, {}, {}, "UNKNOWN", "UNKNOWN", ""};
  DrillPosition nowhere{"lost", "pay", 0, {}, {}, {}, {}, "UNKNOWN", "UNKNOWN", ""};
  const auto judged = WithoutSource({stands, beside, nowhere});
  EXPECT_EQ(judged[0].behind, "NOT_CHECKED");
  EXPECT_EQ(judged[1].behind, "NOT_CHECKED") << "it may never have read that partition";
  EXPECT_EQ(judged[2].behind, "FAILED");
  EXPECT_THAT(judged[2].detail, HasSubstr("would begin anew"));
}

state::StateView View(const std::map<std::string, state::Phase>& phases) {
  state::StateView view;
  for (const auto& [topic, phase] : phases) {
    state::MirrorRecord mirror;
    mirror.source_topic = mirror.destination_topic = topic;
    mirror.phase = phase;
    const admin::KeyValue entry = state::Encode(mirror);
    view.Apply(entry.key, entry.value);
  }
  return view;
}

TEST(LiveAborted, WhatStandsIsToldWithWhatFinishesIt) {
  const auto standing = StandingOf(View({{"a", state::Phase::kStopped},
                                         {"b", state::Phase::kPendingStopped},
                                         {"c", state::Phase::kActive},
                                         {"d", state::Phase::kStopped}}),
                                   {"a", "b", "c"});
  EXPECT_THAT(standing.stopped, ElementsAre("a"));
  EXPECT_THAT(standing.pending, ElementsAre("b"));
  EXPECT_THAT(standing.untouched, ElementsAre("c"));
  EXPECT_TRUE(standing.touched());
  const DrillRollback rollback = RollbackOf(standing);
  EXPECT_FALSE(rollback.complete);
  EXPECT_THAT(rollback.left,
              ElementsAre("a is STOPPED: it can be written to", "b is PENDING_STOPPED: it is not copied any more"));
  const auto commands = CommandsFor(standing, "paris-to-lyon");
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].command, "klink failover b c --link paris-to-lyon --yes");
  EXPECT_EQ(commands[1].command, "klink mirror failback a --plan --link paris-to-lyon");
}

TEST(LiveAborted, NothingStandsOfWhatWasNotBegun) {
  const auto standing = StandingOf(View({{"a", state::Phase::kActive}}), {"a"});
  EXPECT_FALSE(standing.touched());
  EXPECT_TRUE(RollbackOf(standing).complete);
  EXPECT_THAT(CommandsFor(standing, "l"), IsEmpty());
}

TEST(LiveAborted, Table) {
  EXPECT_EQ(OutcomeOfAborted(PermissionDenied("no"), false), DrillOutcome::kPrecondition);
  EXPECT_EQ(OutcomeOfAborted(FailedPrecondition("a promotion runs"), false), DrillOutcome::kPrecondition);
  EXPECT_EQ(OutcomeOfAborted(Cancelled("interrupted"), false), DrillOutcome::kRolledBack);
  EXPECT_EQ(OutcomeOfAborted(Unavailable("no answer"), false), DrillOutcome::kRolledBack);
  EXPECT_EQ(OutcomeOfAborted(FailedPrecondition("one is unfinished"), true), DrillOutcome::kLeftOver);
  EXPECT_EQ(OutcomeOfAborted(Cancelled("interrupted"), true), DrillOutcome::kLeftOver);
}

}  // namespace
}  // namespace klink::failover
