#include "link/recovery.h"

#include <gmock/gmock.h>

#include "link/batch_patch.h"
#include "tests/link/sample.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;
using ::testing::HasSubstr;
using testing::Make;
using testing::Sample;

constexpr int64_t kOurs = 4000, kFiller = 4001, kOlder = 3999, kForeign = 17;
const Identity kIdentity{kOurs, 2, kFiller, 0, std::make_shared<std::set<int64_t>>(std::set<int64_t>{kOlder})};

// A destination log that ends with this batch.
Facts Ending(const Sample& last) {
  Facts facts;
  facts.log.last_batch = Make(last);
  facts.log.end = DestOffset(last.base + last.records);
  facts.log.high_watermark = facts.log.end;
  facts.was_mirrored = true;
  facts.shift = 0;
  facts.shift_since = DestOffset(0);
  return facts;
}
Sample OursAt(int64_t base) {
  return {.base = base, .records = 5, .producer_id = kOurs, .producer_epoch = 2, .sequence = SequenceAt(base)};
}
Facts EmptyEndingAt(int64_t end) {
  Facts facts;
  facts.log.start = facts.log.end = facts.log.high_watermark = DestOffset(end);
  return facts;
}

Resume ResumeOf(const Facts& facts) {
  const Finding finding = Examine(facts, kIdentity);
  EXPECT_TRUE(std::holds_alternative<Resume>(finding)) << finding.index();
  if (!std::holds_alternative<Resume>(finding)) return {};
  return std::get<Resume>(finding);
}
Stop StopOf(const Facts& facts) {
  const Finding finding = Examine(facts, kIdentity);
  EXPECT_TRUE(std::holds_alternative<Stop>(finding)) << finding.index();
  if (!std::holds_alternative<Stop>(finding)) return {};
  return std::get<Stop>(finding);
}

TEST(Recovery, WhoIsShutOutStopsWhateverTheLogEndsWith) {
  Facts facts = Ending(OursAt(100));
  facts.log.producers = {{kOurs, 3, -1, 0}};
  EXPECT_EQ(StopOf(facts).reason, Reason::kFenced);
  facts.sequences_are_offsets = false;
  EXPECT_EQ(StopOf(facts).reason, Reason::kFenced);
  facts = EmptyEndingAt(0);
  facts.log.producers = {{kFiller, 1, -1, 0}};
  EXPECT_EQ(StopOf(facts).reason, Reason::kFenced) << "before the first record";
}

// An adopted log ends with somebody else's batch, at 105; source offset 105 follows.
Facts TakenOver() {
  Facts facts = Ending({.base = 100, .records = 5, .producer_id = kForeign});
  facts.was_mirrored = false;
  facts.shift.reset();
  facts.shift_since.reset();
  facts.adoption = Adoption{SourceOffset(105), DestOffset(105)};
  return facts;
}

TEST(Recovery, ALogThatIsTakenOverBeginsWhereItWasCompared) {
  EXPECT_TRUE(std::holds_alternative<BeginAdopted>(Examine(TakenOver(), kIdentity)));
  Facts empty = EmptyEndingAt(0);
  empty.adoption = Adoption{SourceOffset(0), DestOffset(0)};
  EXPECT_TRUE(std::holds_alternative<BeginAdopted>(Examine(empty, kIdentity)));
}

TEST(Recovery, ALogThatGrewSinceItWasComparedIsNotTakenOver) {
  Facts facts = TakenOver();
  facts.adoption->at = DestOffset(104);
  EXPECT_EQ(StopOf(facts).reason, Reason::kForeignWrite);
  EXPECT_THAT(StopOf(facts).text, HasSubstr("ends at 105"));
}

TEST(Recovery, ALogThatWasTakenOverResumesBeforeItsFirstBatchAndBehindIt) {
  Facts facts = TakenOver();
  facts.was_mirrored = true;
  facts.sequences_are_offsets = false;
  facts.shift = 0;
  facts.shift_since = DestOffset(105);  // as Gather raises it
  EXPECT_EQ(ResumeOf(facts).at.dest_next, DestOffset(105));
  EXPECT_EQ(ResumeOf(facts).tail, std::nullopt) << "what stands there is nobody's copy";
  facts.log.last_batch = Make(OursAt(105));
  facts.log.end = facts.log.high_watermark = DestOffset(110);
  EXPECT_EQ(ResumeOf(facts).at.source_next, SourceOffset(110));
}

TEST(Recovery, AnEmptyLogFromZeroBegins) {
  EXPECT_TRUE(std::holds_alternative<Begin>(Examine(EmptyEndingAt(0), kIdentity)));
}

TEST(Recovery, ContinuesBehindOurLastBatch) {
  Facts facts = Ending(OursAt(100));
  facts.log.producers = {{kForeign, 0, 3, 0}, {kOurs, 2, 104, 0}};
  const Resume resume = ResumeOf(facts);
  EXPECT_EQ(resume.at.source_next, SourceOffset(105));
  EXPECT_EQ(resume.at.dest_next, DestOffset(105));
  EXPECT_EQ(resume.at.sequence, 105);
  EXPECT_EQ(resume.at.epoch, 2);
  EXPECT_EQ(resume.cas, CompareAndAppend::kOn);
  ASSERT_TRUE(resume.tail.has_value());
  EXPECT_EQ(resume.tail_source, SourceOffset(100));
}

TEST(Recovery, ContinuesWithoutTheGuardWhenTheLeaderForgotUs) {
  const Resume resume = ResumeOf(Ending(OursAt(100)));
  EXPECT_EQ(resume.at.sequence, 105);
  EXPECT_EQ(resume.cas, CompareAndAppend::kOff);
}

TEST(Recovery, TakesTheEpochFromTheLogAndNotFromTheCoordinator) {
  Sample last = OursAt(100);
  last.producer_epoch = 1;
  EXPECT_EQ(ResumeOf(Ending(last)).at.epoch, 1);
}

TEST(Recovery, TranslatesThePositionByTheShiftInForce) {
  Facts facts = Ending(OursAt(100));
  facts.shift = -900;
  facts.shift_since = DestOffset(50);
  const Resume resume = ResumeOf(facts);
  EXPECT_EQ(resume.at.source_next, SourceOffset(1005));
  EXPECT_EQ(resume.at.dest_next, DestOffset(105));
  EXPECT_EQ(resume.tail_source, SourceOffset(1000));
}

TEST(Recovery, AShiftThatBeginsAtTheEndHasNoTailToCompare) {
  Facts facts = Ending(OursAt(100));
  facts.shift = -900;
  facts.shift_since = facts.log.end;
  const Resume resume = ResumeOf(facts);
  EXPECT_EQ(resume.at.source_next, SourceOffset(1005));
  EXPECT_FALSE(resume.tail.has_value());
}

TEST(Recovery, SequencesWrapInsideABatch) {
  const int64_t base = (int64_t{1} << 31) - 2;
  Facts facts = Ending(OursAt(base));
  facts.log.producers = {{kOurs, 2, 2, 0}};
  const Resume resume = ResumeOf(facts);
  EXPECT_EQ(resume.at.sequence, 3);
  EXPECT_EQ(resume.cas, CompareAndAppend::kOn);
}

TEST(Recovery, AfterAnEarlierIdentityTheSequenceIsTheOffset) {
  Sample last = OursAt(100);
  last.producer_id = kOlder;
  last.producer_epoch = 9;
  const Resume resume = ResumeOf(Ending(last));
  EXPECT_EQ(resume.at.sequence, 105);
  EXPECT_EQ(resume.at.epoch, kIdentity.producer_epoch);
  EXPECT_EQ(resume.cas, CompareAndAppend::kOff);
}

TEST(Recovery, ABatchOfOursWithAnotherSequenceThanItsOffsetWasMisplaced) {
  Sample last = OursAt(100);
  last.sequence = 90;
  const Stop stop = StopOf(Ending(last));
  EXPECT_EQ(stop.reason, Reason::kMisplacedBatch);
  EXPECT_THAT(stop.text, HasSubstr("stands at offset 100 but carries sequence 90"));
}

TEST(Recovery, ALeaderThatRemembersAnotherLastSequenceMeansMisplaced) {
  Facts facts = Ending(OursAt(100));
  facts.log.producers = {{kOurs, 2, 109, 0}};
  const Stop stop = StopOf(facts);
  EXPECT_EQ(stop.reason, Reason::kMisplacedBatch);
  EXPECT_THAT(stop.text, HasSubstr("the leader's last sequence 109"));
}

TEST(Recovery, AForeignBatchAtTheEndOfAMirrorStopsIt) {
  const Stop stop = StopOf(Ending({.base = 100, .records = 5, .producer_id = kForeign}));
  EXPECT_EQ(stop.reason, Reason::kForeignWrite);
  EXPECT_THAT(stop.text, HasSubstr("offsets 100–104, producer id 17"));
}

TEST(Recovery, OtherDataInANewMirrorIsLeftAloneAndTheCopyGoesBehindIt) {
  Facts facts = Ending({.base = 100, .records = 5, .producer_id = kForeign});
  facts.was_mirrored = false;
  facts.shift.reset();
  facts.shift_since.reset();
  const Finding finding = Examine(facts, kIdentity);
  ASSERT_TRUE(std::holds_alternative<BeginBehind>(finding));
  EXPECT_EQ(std::get<BeginBehind>(finding).end, DestOffset(105));
  EXPECT_EQ(std::get<BeginBehind>(finding).why, "the destination topic already has records");
}

TEST(Recovery, AnEmptiedLogThatWasNeverOursIsBegunBehind) {
  const Finding finding = Examine(EmptyEndingAt(70), kIdentity);
  ASSERT_TRUE(std::holds_alternative<BeginBehind>(finding));
  EXPECT_EQ(std::get<BeginBehind>(finding).end, DestOffset(70));
  EXPECT_EQ(std::get<BeginBehind>(finding).why, "the destination log does not start at 0");
}

TEST(Recovery, AnEmptiedMirrorContinuesAtItsEndUnderItsShift) {
  Facts facts = EmptyEndingAt(70);
  facts.was_mirrored = true;
  facts.shift = 20;
  facts.shift_since = DestOffset(25);
  const Resume resume = ResumeOf(facts);
  EXPECT_EQ(resume.at.source_next, SourceOffset(50));
  EXPECT_EQ(resume.at.sequence, 70);
  EXPECT_EQ(resume.cas, CompareAndAppend::kOff);
  EXPECT_FALSE(resume.tail.has_value());
}

// --- Markers and slots take offsets and no sequences of ours -------------------------------------------------------

TEST(RecoveryMixed, BehindASlotsBatchTheSequenceIsTheLeadersAndNotTheOffsets) {
  Sample last = OursAt(100);
  last.producer_id = kOlder;
  last.sequence = 3;
  Facts facts = Ending(last);
  facts.sequences_are_offsets = false;
  facts.log.producers = {{kOlder, 0, 7, 0, DestOffset(90)}, {kOurs, 4, 61, 0, {}}};
  const Resume resume = ResumeOf(facts);
  EXPECT_EQ(resume.at.source_next, SourceOffset(105));
  EXPECT_EQ(resume.at.sequence, 62);
  EXPECT_EQ(resume.at.epoch, 4);
  EXPECT_EQ(resume.cas, CompareAndAppend::kOn);
  EXPECT_EQ(resume.tail_source, SourceOffset(100));
}

TEST(RecoveryMixed, BehindOurOwnBatchItIsTheBatchs) {
  Sample last = OursAt(100);
  last.sequence = 57;
  Facts facts = Ending(last);
  facts.sequences_are_offsets = false;
  facts.log.producers = {{kOurs, 2, 61, 0, {}}};
  EXPECT_EQ(ResumeOf(facts).at.sequence, 62);
}

TEST(RecoveryMixed, AnyBatchOfOursMayStandAtAnySequence) {
  Sample last = OursAt(100);
  last.sequence = 57;
  Facts facts = Ending(last);
  EXPECT_EQ(StopOf(facts).reason, Reason::kMisplacedBatch);
  facts.sequences_are_offsets = false;
  EXPECT_EQ(ResumeOf(facts).at.sequence, 62);
}

// --- A new partition that is being aligned: fillers to 200, then the log starts at 203 -----------------------------

Facts Prefilling(std::optional<Sample> last, int64_t end) {
  Facts facts = EmptyEndingAt(end);
  if (last) facts.log.last_batch = Make(*last);
  facts.prefill = Prefill{DestOffset(200), DestOffset(203)};
  facts.shift = 0;
  return facts;
}

TEST(RecoveryPrefill, GoesOnWithFillersWhereTheLogEnds) {
  for (int64_t end : {0, 120}) {
    const Finding finding = Examine(Prefilling({}, end), kIdentity);
    ASSERT_TRUE(std::holds_alternative<ContinuePrefill>(finding));
    EXPECT_EQ(std::get<ContinuePrefill>(finding).from, DestOffset(end));
    EXPECT_EQ(std::get<ContinuePrefill>(finding).prefill.fillers_end, DestOffset(200));
  }
}

TEST(RecoveryPrefill, ContinuesWithDataOnceTheFillersStand) {
  const Sample filler{.base = 100, .records = 100, .producer_id = kFiller, .producer_epoch = 0, .sequence = 100};
  const Resume resume = ResumeOf(Prefilling(filler, 200));
  EXPECT_EQ(resume.at.dest_next, DestOffset(200));
  EXPECT_EQ(resume.at.sequence, 200);
  EXPECT_EQ(resume.at.epoch, kIdentity.producer_epoch);
  EXPECT_FALSE(resume.tail.has_value());
}

TEST(RecoveryPrefill, ContinuesBehindTheFirstBatchesOfOurs) {
  const Resume resume = ResumeOf(Prefilling(OursAt(200), 205));
  EXPECT_EQ(resume.at.source_next, SourceOffset(205));
  EXPECT_TRUE(resume.tail.has_value());
}

TEST(RecoveryPrefill, FillersBeyondTheirEndAskForANewTopic) {
  const Sample filler{.base = 150, .records = 100, .producer_id = kFiller, .producer_epoch = 0, .sequence = 150};
  const Finding finding = Examine(Prefilling(filler, 250), kIdentity);
  ASSERT_TRUE(std::holds_alternative<Overshoot>(finding));
  EXPECT_THAT(std::get<Overshoot>(finding).why, HasSubstr("fillers reach offset 250, beyond 200"));
}

TEST(RecoveryPrefill, AnotherProducersBatchIsAForeignWrite) {
  const Stop stop = StopOf(Prefilling(Sample{.base = 200, .records = 5, .producer_id = kForeign}, 205));
  EXPECT_EQ(stop.reason, Reason::kForeignWrite);
  EXPECT_THAT(stop.text, HasSubstr("before it was ready"));
}

// --- The comparison of the last batch -------------------------------------------------------------------------------

TEST(RecoverySameRecords, APatchedBatchIsTheSourcesBatch) {
  const SharedBytes source = Make({.base = 1000, .records = 4, .producer_id = 12, .producer_epoch = 0, .sequence = 5});
  SharedBytes ours = SharedBytes::CopyOf(source.view());
  PatchBatch(ours, Stamp{kOurs, 2, 40});
  EXPECT_TRUE(SameRecords(ours.view(), source.view()));
}

TEST(RecoverySameRecords, SeesEveryDifferenceThatMatters) {
  const SharedBytes source = Make({.records = 4});
  EXPECT_FALSE(SameRecords(Make({.records = 4, .text = "other"}).view(), source.view()));
  EXPECT_FALSE(SameRecords(Make({.records = 4, .text = "valuE"}).view(), source.view()));
  EXPECT_FALSE(SameRecords(Make({.records = 3}).view(), source.view()));
  EXPECT_FALSE(SameRecords(Make({.records = 4, .timestamp = 1}).view(), source.view()));
  EXPECT_FALSE(SameRecords(testing::With<int16_t>(source, kafka::kAttributesAt, 1).view(), source.view()));
  EXPECT_FALSE(SameRecords(testing::With<int32_t>(source, kafka::kCountAt, 3).view(), source.view()));
  EXPECT_FALSE(SameRecords(testing::With<int32_t>(source, kafka::kLastOffsetDeltaAt, 8).view(), source.view()));
}

}  // namespace
}  // namespace klink::link
