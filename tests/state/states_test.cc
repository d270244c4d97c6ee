// States, reasons, and what a phase allows.
#include "state/states.h"

#include <set>

#include <gtest/gtest.h>

#include "state/effects.h"
#include "state/reasons.h"

namespace klink::state {
namespace {

TEST(States, EveryNameIsFoundAgain) {
  for (size_t i = 0; i < std::size(MirrorStateNames); i++)
    EXPECT_EQ(FindMirrorState(MirrorStateNames[i]), static_cast<MirrorState>(i));
  for (size_t i = 0; i < std::size(PhaseNames); i++) EXPECT_EQ(FindPhase(PhaseNames[i]), static_cast<Phase>(i));
  EXPECT_EQ(FindPhase("ACTIVE "), std::nullopt);
  EXPECT_EQ(Name(LinkCondition::kUnavailable), "UNAVAILABLE");
  EXPECT_EQ(Name(TaskState::kNotConfigured), "NOT_CONFIGURED");
}

TEST(States, AMirrorShowsItsWorstPartition) {
  using enum MirrorState;
  const MirrorState running[] = {kActive, kActive, kFailed, kPaused};
  EXPECT_EQ(WorstOf(running), kFailed);
  const MirrorState starting[] = {kActive, kPendingMirror};
  EXPECT_EQ(WorstOf(starting), kPendingMirror);
  const MirrorState promoting[] = {kStopped, kPendingStopped, kStopped};
  EXPECT_EQ(WorstOf(promoting), kPendingStopped);
  const MirrorState stopped[] = {kStopped, kStopped};
  EXPECT_EQ(WorstOf(stopped), kStopped);
  EXPECT_EQ(WorstOf({}), std::nullopt);
}

TEST(States, APromotedMirrorIsNeverMirroredIntoAgainByItself) {
  for (size_t i = 0; i < std::size(PhaseNames); i++) {
    const auto to = static_cast<Phase>(i);
    EXPECT_EQ(MayMove(Phase::kStopped, to), to == Phase::kStopped || to == Phase::kSetupForRestore) << Name(to);
    EXPECT_EQ(MayMove(Phase::kPendingStopped, to), to == Phase::kPendingStopped || to == Phase::kStopped) << Name(to);
  }
}

TEST(States, WhatIsTakenOverIsSetUpFirst) {
  EXPECT_FALSE(MayMove(Phase::kStopped, Phase::kRestore));
  EXPECT_FALSE(MayMove(Phase::kSetupForRestore, Phase::kActive));
  EXPECT_TRUE(MayMove(Phase::kSetupForRestore, Phase::kRestore));
  EXPECT_TRUE(MayMove(Phase::kRestore, Phase::kActive));
  EXPECT_TRUE(MayMove(Phase::kRestore, Phase::kPendingStopped)) << "failover works from every state";
}

TEST(States, AMirrorThatOvershotItsHeadIsMadeAgain) {
  EXPECT_TRUE(MayMove(Phase::kPrefill, Phase::kCreating));
  EXPECT_TRUE(MayMove(Phase::kCreating, Phase::kPrefill));
  EXPECT_TRUE(MayMove(Phase::kPrefill, Phase::kActive));
}

TEST(Reasons, EachHasItsNameMeaningAndActionOnce) {
  std::set<std::string_view> names;
  for (const ReasonRow& row : kReasons) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(FindReason(row.name), row.reason);
    EXPECT_EQ(&RowOf(row.reason), &row);
    EXPECT_FALSE(row.meaning.empty());
    EXPECT_FALSE(row.action.empty());
  }
  EXPECT_EQ(names.size(), std::size(kReasons));
  EXPECT_EQ(FindReason("NO_SUCH"), std::nullopt);
}

TEST(Effects, PausedFailedAndStoppedMirrorsAreLeftAlone) {
  for (Phase phase : {Phase::kPaused, Phase::kFailed, Phase::kStopped})
    for (int e = 0; e <= static_cast<int>(Effect::kJournalStep); e++)
      EXPECT_FALSE(Allowed(static_cast<Effect>(e), phase)) << Name(phase) << " " << Name(static_cast<Effect>(e));
}

TEST(Effects, NothingIsWrittenToATopicBeforeItIsSetUp) {
  for (int e = 0; e <= static_cast<int>(Effect::kJournalStep); e++) {
    const auto effect = static_cast<Effect>(e);
    EXPECT_EQ(Allowed(effect, Phase::kSetupForRestore), effect == Effect::kAlterConfigs) << Name(effect);
  }
  EXPECT_FALSE(Allowed(Effect::kDeleteTopic, Phase::kRestore)) << "klink did not make it";
  EXPECT_FALSE(Allowed(Effect::kDeleteRecords, Phase::kRestore));
}

TEST(Effects, APromotionIsTouchedByItsJournalAlone) {
  for (int e = 0; e <= static_cast<int>(Effect::kJournalStep); e++) {
    const auto effect = static_cast<Effect>(e);
    EXPECT_EQ(Allowed(effect, Phase::kPendingStopped), effect == Effect::kJournalStep) << Name(effect);
  }
}

TEST(Effects, AMirrorBeingMadeIsCreatedAndConfiguredButNotWritten) {
  EXPECT_TRUE(Allowed(Effect::kCreateTopic, Phase::kCreating));
  EXPECT_TRUE(Allowed(Effect::kAlterConfigs, Phase::kCreating));
  EXPECT_FALSE(Allowed(Effect::kAppend, Phase::kCreating));
  EXPECT_FALSE(Allowed(Effect::kFill, Phase::kCreating));
  EXPECT_FALSE(Allowed(Effect::kDeleteRecords, Phase::kCreating));
}

TEST(Effects, FillersAreWrittenWhileFillingOnly) {
  EXPECT_TRUE(Allowed(Effect::kFill, Phase::kPrefill));
  EXPECT_FALSE(Allowed(Effect::kFill, Phase::kActive));
  EXPECT_FALSE(Allowed(Effect::kCommitGroupOffsets, Phase::kPrefill));
}

TEST(Effects, NothingHappensInAStaleStateOrWithoutTheLease) {
  EXPECT_TRUE(MayDo(Effect::kAppend, Phase::kActive, {.state_is_fresh = true, .lease_runs = true}, "t").ok());
  EXPECT_TRUE(
      IsUnavailable(MayDo(Effect::kAppend, Phase::kActive, {.state_is_fresh = false, .lease_runs = true}, "t")));
  EXPECT_TRUE(
      IsUnavailable(MayDo(Effect::kAppend, Phase::kActive, {.state_is_fresh = true, .lease_runs = false}, "t")));
  const Status refused =
      MayDo(Effect::kAppend, Phase::kStopped, {.state_is_fresh = true, .lease_runs = true}, "orders");
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_EQ(Text(refused), "mirror orders: appending is not allowed while it is STOPPED");
}

TEST(Effects, RecordsAreDeletedUpToWhatKlinkWroteAndNoFurther) {
  const TopicPartition tp{"orders", 3};
  const DestOffset fillers(1000), replicated(5000);
  EXPECT_TRUE(MayDeleteUpTo(DestOffset(1000), Phase::kPrefill, fillers, replicated, tp).ok());
  EXPECT_FALSE(MayDeleteUpTo(DestOffset(1001), Phase::kPrefill, fillers, replicated, tp).ok());
  EXPECT_TRUE(MayDeleteUpTo(DestOffset(5000), Phase::kActive, fillers, replicated, tp).ok());
  EXPECT_FALSE(MayDeleteUpTo(DestOffset(5001), Phase::kActive, fillers, replicated, tp).ok());
}

}  // namespace
}  // namespace klink::state
