// What pausing, resuming and the filter make of a record: every phase, every acceptance.
#include "state/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/effects.h"
#include "state/view.h"

namespace klink::state {
namespace {

using testing::HasSubstr;

constexpr Phase kEveryPhase[] = {Phase::kCreating, Phase::kPrefill,         Phase::kActive,
                                 Phase::kPaused,   Phase::kPendingStopped,  Phase::kStopped,
                                 Phase::kFailed,   Phase::kSetupForRestore, Phase::kRestore};
constexpr Accept kEveryAccept[] = {Accept::kTruncation, Accept::kRestartAsNew, Accept::kGap};

MirrorRecord Orders(Phase phase) {
  MirrorRecord mirror;
  mirror.source_topic = mirror.destination_topic = "orders";
  mirror.phase = phase;
  mirror.since_ms = 5;
  mirror.partitions.resize(3);
  for (PartitionRecord& partition : mirror.partitions) {
    partition.phase = phase;
    if (phase == Phase::kActive) partition.shift = 0;
  }
  return mirror;
}
const Order kRoot{"root", "rack 3 is moved", 100};
const Order kLater{"", "", 200};

MirrorRecord PausedFrom(Phase phase) { return *Pause(Orders(phase), kRoot); }
FilterVerdict Verdict(bool included) { return {included, "no include matches", 300}; }

TEST(Control, APauseRemembersWhatItLiesOn) {
  for (Phase phase : {Phase::kCreating, Phase::kPrefill, Phase::kActive}) {
    const MirrorRecord paused = PausedFrom(phase);
    EXPECT_EQ(paused.phase, Phase::kPaused);
    EXPECT_EQ(paused.reason, Reason::kPausedByOperator);
    EXPECT_EQ(paused.text, "paused by root: rack 3 is moved");
    EXPECT_EQ(paused.since_ms, 100);
    EXPECT_EQ(paused.partitions, Orders(phase).partitions);
    const MirrorRecord resumed = *Resume(paused, kLater, Accept::kNone, {});
    MirrorRecord expected = Orders(phase);
    expected.since_ms = 200;
    EXPECT_EQ(resumed, expected) << Name(phase);
  }
}

TEST(Control, TheViewTakesEveryRecordControlMakes) {
  for (Phase phase : {Phase::kCreating, Phase::kPrefill, Phase::kActive, Phase::kFailed}) {
    StateView view;
    for (const MirrorRecord& record :
         {Orders(phase), *Pause(Orders(phase), kRoot), *Resume(PausedFrom(phase), kLater, Accept::kNone, {}),
          *FollowFilter(Orders(phase), Verdict(false))}) {
      EXPECT_TRUE(view.MayWrite(record).ok()) << Name(phase) << " to " << Name(record.phase);
      const admin::KeyValue entry = Encode(record);
      view.Apply(entry.key, entry.value);
      EXPECT_EQ(*view.mirror("orders"), record);
    }
  }
}

TEST(Control, ASecondPauseKeepsTheFirst) {
  const MirrorRecord paused = PausedFrom(Phase::kActive);
  EXPECT_EQ(*Pause(paused, kLater), paused);
}

TEST(Control, WhatIsPromotedIsLeftAlone) {
  for (Phase phase : {Phase::kPendingStopped, Phase::kStopped}) {
    EXPECT_EQ(Pause(Orders(phase), kRoot).status().code(), Code::kFailedPrecondition);
    EXPECT_EQ(Resume(Orders(phase), kRoot, Accept::kNone, {}).status().code(), Code::kFailedPrecondition);
    EXPECT_EQ(FollowFilter(Orders(phase), Verdict(false)), std::nullopt);
    EXPECT_EQ(FollowFilter(Orders(phase), Verdict(true)), std::nullopt);
  }
}

TEST(Control, ResumingAMirrorThatRunsChangesNothing) {
  for (Phase phase : {Phase::kCreating, Phase::kPrefill, Phase::kActive})
    EXPECT_EQ(*Resume(Orders(phase), kLater, Accept::kNone, {}), Orders(phase));
}

TEST(Control, FailedIsNoDeadEnd) {
  MirrorRecord mirror = Orders(Phase::kActive);
  mirror.partitions[1].phase = Phase::kFailed;
  mirror.partitions[1].reason = Reason::kRecordTooLarge;
  MirrorRecord resumed = *Resume(mirror, kLater, Accept::kNone, {});
  EXPECT_EQ(resumed.partitions[1].phase, Phase::kActive);
  EXPECT_EQ(resumed.partitions[1].reason, std::nullopt);
  mirror.phase = Phase::kFailed;
  mirror.partitions[1].shift.reset();
  resumed = *Resume(mirror, kLater, Accept::kNone, {});
  EXPECT_EQ(resumed.partitions[1].phase, Phase::kCreating);
  EXPECT_EQ(resumed.phase, Phase::kCreating);
  resumed = *Resume(*Pause(mirror, kRoot), kLater, Accept::kNone, {});
  EXPECT_TRUE(Runs(resumed.phase));
}

TEST(Control, ATopicThatLeavesTheFilterComesBackByItself) {
  for (Phase phase : {Phase::kCreating, Phase::kPrefill, Phase::kActive}) {
    const std::optional<MirrorRecord> out = FollowFilter(Orders(phase), Verdict(false));
    ASSERT_TRUE(out);
    EXPECT_EQ(out->phase, Phase::kPaused);
    EXPECT_EQ(out->reason, Reason::kFilteredOut);
    EXPECT_EQ(out->text, "no include matches");
    EXPECT_EQ(FollowFilter(*out, Verdict(false)), std::nullopt) << "it is said once";
    EXPECT_EQ(FollowFilter(*out, Verdict(true))->phase, phase);
    EXPECT_EQ(FollowFilter(Orders(phase), Verdict(true)), std::nullopt);
  }
}

TEST(Control, AnOperatorsPauseOutlastsTheFilter) {
  const MirrorRecord paused = PausedFrom(Phase::kActive);
  EXPECT_EQ(FollowFilter(paused, Verdict(false)), std::nullopt);
  EXPECT_EQ(FollowFilter(paused, Verdict(true)), std::nullopt);
  const MirrorRecord out = *FollowFilter(Orders(Phase::kActive), Verdict(false));
  EXPECT_EQ(FollowFilter(*Pause(out, kRoot), Verdict(true)), std::nullopt);
}

TEST(Control, AnOperatorCannotResumePastTheFilter) {
  const MirrorRecord out = *FollowFilter(Orders(Phase::kActive), Verdict(false));
  EXPECT_EQ(Text(Resume(out, kLater, Accept::kNone, {}).status()),
            "mirror orders is paused because orders left the link's filter (no include matches): include it again and "
            "it goes on by itself");
}

TEST(Control, AnAcceptanceStandsWhereItsReasonDoes) {
  Halted halted;
  halted.partitions = {{0, Reason::kRetentionGap}, {2, Reason::kSourceTruncated}};
  const MirrorRecord accepted = *Resume(Orders(Phase::kActive), kLater, Accept::kTruncation, halted);
  EXPECT_EQ(accepted.partitions[0].accept, Accept::kNone);
  EXPECT_EQ(accepted.partitions[2].accept, Accept::kTruncation);
  EXPECT_EQ(accepted.partitions[2].accept_ms, 200);
  EXPECT_EQ(accepted.accept, Accept::kNone);
  const MirrorRecord gap = *Resume(Orders(Phase::kActive), kLater, Accept::kGap, halted);
  EXPECT_EQ(gap.partitions[0].accept, Accept::kGap);
  EXPECT_EQ(gap.partitions[2].accept, Accept::kNone);
  Halted changed;
  changed.mirror = Reason::kSourceTopicIdChanged;
  EXPECT_EQ(Resume(Orders(Phase::kActive), kLater, Accept::kRestartAsNew, changed)->accept, Accept::kRestartAsNew);
}

TEST(Control, AnAcceptanceOfWhatDidNotHappenIsRefused) {
  for (Accept accept : kEveryAccept) {
    EXPECT_FALSE(Resume(Orders(Phase::kActive), kLater, accept, {}).ok());
    for (const ReasonRow& row : kReasons) {
      Halted halted;
      halted.partitions[1] = row.reason;
      EXPECT_EQ(Resume(Orders(Phase::kActive), kLater, accept, halted).ok(), Answers(accept, row.reason)) << row.name;
    }
  }
  Halted halted;
  halted.partitions = {{0, Reason::kRetentionGap}, {1, Reason::kRetentionGap}};
  EXPECT_EQ(Text(Resume(Orders(Phase::kActive), kLater, Accept::kTruncation, halted).status()),
            "mirror orders stands still for RETENTION_GAP, which --accept-truncation does not answer");
}

TEST(Control, EveryReasonHasAtMostOneAcceptance) {
  for (const ReasonRow& row : kReasons) {
    int answers = 0;
    for (Accept accept : kEveryAccept) answers += Answers(accept, row.reason);
    EXPECT_LE(answers, 1) << row.name;
    if (answers > 0) EXPECT_THAT(std::string(row.action), HasSubstr("klink mirror resume")) << row.name;
  }
}

TEST(Control, TheEngineWorksBelowThePauseAndDoesNotLiftIt) {
  MirrorRecord mirror = PausedFrom(Phase::kPrefill);
  BelowThePause(mirror, [](MirrorRecord& m) {
    EXPECT_EQ(m.phase, Phase::kPrefill);
    for (PartitionRecord& partition : m.partitions) partition.phase = Phase::kActive;
    m.phase = Phase::kActive;
    m.since_ms = 777;
  });
  EXPECT_EQ(mirror.phase, Phase::kPaused);
  EXPECT_EQ(mirror.since_ms, 100);
  EXPECT_EQ(mirror.reason, Reason::kPausedByOperator);
  EXPECT_EQ(Resume(mirror, kLater, Accept::kNone, {})->phase, Phase::kActive);
}

TEST(Control, OnlyPhasesThatRunAreWritten) {
  for (Phase phase : kEveryPhase) {
    if (phase == Phase::kSetupForRestore) continue;  // its settings alone, by whoever leads: no agent mirrors it yet
    EXPECT_EQ(Runs(phase), Allowed(Effect::kAlterConfigs, phase)) << Name(phase);
  }
}

TEST(Control, APausedLinkRemembersTheFirstWhoPausedIt) {
  const PauseRecord paused = Pause(PauseRecord{}, kRoot);
  EXPECT_TRUE(paused.paused);
  EXPECT_EQ(paused.by, "root");
  EXPECT_EQ(Pause(paused, kLater), paused);
  const PauseRecord resumed = Resume(paused, kLater);
  EXPECT_FALSE(resumed.paused);
  EXPECT_EQ(Resume(resumed, kRoot), resumed);
  StateView view;
  EXPECT_FALSE(view.pause().paused);
  const admin::KeyValue entry = Encode(paused);
  EXPECT_EQ(entry.key, "pause");
  view.Apply(entry.key, entry.value);
  EXPECT_EQ(view.pause(), paused);
}

TEST(Control, APausedLinkAllowsTheStepsOfAPromotionAlone) {
  for (int e = 0; e <= static_cast<int>(Effect::kJournalStep); e++) {
    const auto effect = static_cast<Effect>(e);
    for (Phase phase : kEveryPhase) {
      const Standing standing{.state_is_fresh = true, .link_paused = true, .lease_runs = true};
      EXPECT_EQ(MayDo(effect, phase, standing, "t").ok(), effect == Effect::kJournalStep && Allowed(effect, phase));
    }
  }
}

TEST(Control, WhatConcernsTheLinkAsAWholeIsAskedForWithoutAPhase) {
  const Standing fine{.state_is_fresh = true, .link_paused = false, .lease_runs = true};
  EXPECT_TRUE(MayDo(Effect::kWriteQuotas, fine, "l").ok());
  Standing paused = fine, stale = fine, lost = fine;
  paused.link_paused = true;
  stale.state_is_fresh = false;
  lost.lease_runs = false;
  EXPECT_EQ(MayDo(Effect::kWriteAcls, paused, "l").code(), Code::kFailedPrecondition);
  EXPECT_EQ(MayDo(Effect::kWriteAcls, stale, "l").code(), Code::kUnavailable);
  EXPECT_EQ(MayDo(Effect::kWriteQuotas, lost, "l").code(), Code::kUnavailable);
}

TEST(Control, ARealignmentIsNotedInWhatRunsAndAnswersNothing) {
  MirrorRecord mirror;
  mirror.destination_topic = "orders";
  mirror.phase = Phase::kActive;
  const auto noted = Realign(mirror, {"ann", "", 77});
  ASSERT_TRUE(noted.ok());
  EXPECT_EQ(noted->accept, Accept::kRealign);
  EXPECT_EQ(noted->accept_ms, 77);
  mirror.phase = Phase::kPaused;
  EXPECT_EQ(Realign(mirror, {}).status().code(), Code::kFailedPrecondition);
  mirror.phase = Phase::kStopped;
  EXPECT_EQ(Realign(mirror, {}).status().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(Answers(Accept::kRealign, Reason::kForeignWrite));
}

}  // namespace
}  // namespace klink::state
