// Each way in which a copy may differ, planted and named; each way in which it may not, accepted and counted.
#include "link/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/link/verify_logs.h"

namespace klink::link {
namespace {

using kafka::Codec;
using kafka::ControlType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace klink::link::testing;
using Times = VerifyOptions::Times;

constexpr Kind kOurs{.producer_id = 77};

offsets::Translation MapOf(const std::vector<offsets::Run>& runs) {
  offsets::Translation map;
  for (const offsets::Run& run : runs) EXPECT_TRUE(map.Append({run, "HOLES", {}, -1}).ok());
  return map;
}

const Batches kPlain{Records({{0, "a", "1"}, {1, "b", "2"}}), Records({{2, "c", "3"}, {3, "d", "4"}})};
const Batches kCopy{Records({{0, "a", "1"}, {1, "b", "2"}}, kOurs), Records({{2, "c", "3"}, {3, "d", "4"}}, kOurs)};

TEST(VerifyPlain, ProvesACopyToItsEnd) {
  const PartitionProof proof = Compare(kPlain, kCopy);
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.proven_equal_up_to, 4);
  EXPECT_EQ(proof.compared_up_to, 4);
  EXPECT_EQ(proof.batches, 2);
  EXPECT_EQ(proof.rebuilt_batches, 0);
}

TEST(VerifyPlain, WhatIsNotCopiedYetIsNoDifference) {
  const PartitionProof proof = Compare(kPlain, {kCopy[0]});
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.proven_equal_up_to, 2);
  EXPECT_EQ(proof.compared_up_to, 2);
}

TEST(VerifyPlain, NamesAMissingBatchOnceWithItsHeader) {
  const PartitionProof proof = Compare(kPlain, {kCopy[1]});
  EXPECT_EQ(Say(proof), "LOST 0→0: it is missing in the copy\n");
  EXPECT_EQ(proof.differences[0].source_header, HeaderHex(kPlain[0].view()));
  EXPECT_EQ(proof.differences[0].source_header.size(), 122u);
  EXPECT_EQ(proof.differences[0].destination_header, "");
  EXPECT_EQ(proof.proven_equal_up_to, 0);
}

TEST(VerifyPlain, NamesABatchOfSomebodyElse) {
  EXPECT_EQ(Say(Compare({kPlain[0]}, kCopy)), "PHANTOM 2→2: the copy goes on behind the source's end\n");
  const auto map = MapOf({{SourceOffset(0), DestOffset(0), 2}, {SourceOffset(2), DestOffset(4), 2}});
  const Batches invaded{kCopy[0], Records({{2, "x", "x"}, {3, "y", "y"}}, kOurs),
                        Records({{4, "c", "3"}, {5, "d", "4"}}, kOurs)};
  const PartitionProof proof = Compare(kPlain, invaded, {.map = &map});
  EXPECT_EQ(Say(proof), "PHANTOM -→2: the copy holds a record that the source does not have there\n");
  EXPECT_EQ(proof.batches, 2);
  EXPECT_EQ(proof.rebuilt_batches, 0);
}

TEST(VerifyPlain, WhatTheMapListsAsSomebodyElsesIsCountedAndNoDifference) {
  offsets::Translation map = MapOf({{SourceOffset(0), DestOffset(0), 2}});
  ASSERT_TRUE(map.Begin({SourceOffset(2), DestOffset(4), "FOREIGN_WRITE"}).ok());
  ASSERT_TRUE(map.Record({SourceOffset(2), DestOffset(4), 2}).ok());
  const Batches shared{kCopy[0], Records({{2, "x", "y"}, {3, "x", "z"}}),
                       Records({{4, "c", "3"}, {5, "d", "4"}}, kOurs)};
  const PartitionProof proof = Compare(kPlain, shared, {.map = &map});
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.foreign, 2);
  EXPECT_EQ(proof.proven_equal_up_to, 4);
}

TEST(VerifyPlain, NamesOtherBytesWithBothHeaders) {
  const Batches altered{kCopy[0], Records({{2, "c", "3"}, {3, "d", "5"}}, kOurs)};
  const PartitionProof proof = Compare(kPlain, altered);
  EXPECT_EQ(Say(proof), "CORRUPT 2→2: other records (by checksum)\n");
  EXPECT_EQ(proof.differences[0].source_header, HeaderHex(kPlain[1].view()));
  EXPECT_EQ(proof.differences[0].destination_header, HeaderHex(altered[1].view()));
  EXPECT_EQ(proof.proven_equal_up_to, 2);
}

TEST(VerifyPlain, NamesABrokenChecksum) {
  SharedBytes broken = SharedBytes::CopyOf(kCopy[1].view());
  broken.data()[broken.size() - 2] ^= std::byte{1};
  EXPECT_EQ(Say(Compare(kPlain, {kCopy[0], broken})), "CORRUPT 2→2: the copy does not match its own checksum\n");
}

TEST(VerifyPlain, ABatchWithoutHolesHasNoReasonToBeWrittenAnew) {
  const Batches recompressed{kCopy[0], Records({{2, "c", "3"}, {3, "d", "4"}}, {.codec = Codec::kGzip})};
  EXPECT_THAT(Say(Compare(kPlain, recompressed)), HasSubstr("CORRUPT 2→2"));
}

TEST(VerifyPlain, AGapOfTheMapDoesNotHideARecordThatTheSourceHas) {
  const auto map = MapOf({{SourceOffset(0), DestOffset(0), 2}, {SourceOffset(4), DestOffset(2), 2}});
  const Batches longer{kPlain[0], kPlain[1], Records({{4, "e", "5"}, {5, "f", "6"}})};
  const Batches shorter{kCopy[0], Records({{2, "e", "5"}, {3, "f", "6"}}, kOurs)};
  EXPECT_EQ(Say(Compare(longer, shorter, {.map = &map})),
            "LOST 2→-: it is missing in the copy: source offsets 2 to 3 were not copied: HOLES\n");
}

// --- Batches written anew --------------------------------------------------------------------------------------------

const Batches kHoled{Records({{0, "a", "1"}, {3, "b", "2"}, {4, "c", "3"}}, {.codec = Codec::kLz4}),
                     Records({{8, "d", "4"}})};
const Batches kFilled{Records({{0, "a", "1"}, {1, "b", "2"}, {2, "b", "2"}, {3, "b", "2"}, {4, "c", "3"}}, kOurs),
                      Records({{5, "d", "4"}, {6, "d", "4"}}, kOurs), Records({{7, "d", "4"}, {8, "d", "4"}}, kOurs)};

TEST(VerifyRebuilt, CopiesOfTheNextRecordFillHolesInAndBetweenBatches) {
  const PartitionProof proof = Compare(kHoled, kFilled);
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.fillers, 5);
  EXPECT_EQ(proof.batches, 2);
  EXPECT_EQ(proof.rebuilt_batches, 2);
  EXPECT_EQ(proof.proven_equal_up_to, 9);
}

TEST(VerifyRebuilt, FillersAtTheEndOfTheCopyWaitForTheirRecord) {
  const PartitionProof proof = Compare(kHoled, {kFilled[0], kFilled[1]});
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.fillers, 4);
  EXPECT_EQ(proof.compared_up_to, 8);
}

TEST(VerifyRebuilt, AnythingElseInAHoleIsAPhantom) {
  const Batches strange{Records({{0, "a", "1"}, {1, "b", "2"}, {2, "b", "9"}, {3, "b", "2"}, {4, "c", "3"}}, kOurs),
                        kFilled[1], kFilled[2]};
  const PartitionProof proof = Compare(kHoled, strange);
  EXPECT_EQ(Say(proof), "PHANTOM 2→2: the copy holds a record that the source does not have there\n");
}

TEST(VerifyRebuilt, EveryRecordIsComparedInFull) {
  const auto with = [](Entry last) {
    return Say(Compare({kHoled[0]}, {Records({{0, "a", "1"}, {3, "b", "2"}, std::move(last)}, kOurs, 0)}));
  };
  EXPECT_EQ(with({4, "c", "3"}), "");
  EXPECT_EQ(with({4, "C", "3"}), "CORRUPT 4→4: another key\n");
  EXPECT_EQ(with({4, "c", ""}), "CORRUPT 4→4: another value\n");
  EXPECT_EQ(with({4, "c", "3", 1001}), "CORRUPT 4→4: its time is 1001, not 1000\n");
  EXPECT_EQ(Say(Compare({kHoled[0]}, {Records({{0, "a", "1"}, {4, "c", "3"}}, kOurs)})),
            "LOST 3→3: it is missing in the copy\n");
}

TEST(VerifyRebuilt, ClosedUpHolesStandWhereTheMapSays) {
  const auto map = MapOf({{SourceOffset(0), DestOffset(10), 1},
                          {SourceOffset(3), DestOffset(11), 2},
                          {SourceOffset(8), DestOffset(13), 1}});
  const Batches closed{Records({{10, "a", "1"}}, kOurs), Records({{11, "b", "2"}, {12, "c", "3"}}, kOurs),
                       Records({{13, "d", "4"}}, kOurs)};
  const PartitionProof proof = Compare(kHoled, closed, {.map = &map});
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.fillers, 0);
  EXPECT_EQ(proof.rebuilt_batches, 1);
  EXPECT_EQ(proof.batches, 2);
}

TEST(VerifyRebuilt, ABatchBehindAHoleMayBeWrittenAnewForThatAlone) {
  const Batches source{Records({{0, "a", "1"}}), Records({{2, "b", "2"}, {3, "c", "3"}}, {.codec = Codec::kGzip})};
  const Batches copy{Records({{0, "a", "1"}}, kOurs), Records({{1, "b", "2"}}, kOurs),
                     Records({{2, "b", "2"}, {3, "c", "3"}}, kOurs)};
  EXPECT_EQ(Say(Compare(source, copy)), "");
}

TEST(VerifyRebuilt, AnUnreadableBatchIsNamedAloneAndTheRestCompared) {
  SharedBytes broken = SharedBytes::CopyOf(kFilled[0].view());
  broken.data()[broken.size() - 2] ^= std::byte{1};
  const PartitionProof proof = Compare(kHoled, {broken, kFilled[1], kFilled[2]});
  EXPECT_EQ(Say(proof), "CORRUPT 0→0: the copy's batch cannot be read: it does not match its own checksum\n");
  EXPECT_EQ(proof.batches, 1);
}

TEST(VerifyTimes, AppendTimesAreKeptOrTheBytes) {
  SharedBytes source = Records({{0, "a", "1", 10}, {1, "b", "2", 20}}, {.attributes = kafka::kLogAppendTimeBit});
  source = With(source, kafka::kMaxTimestampAt, int64_t{500});
  const Batches exact{Records({{0, "a", "1", 500}, {1, "b", "2", 500}}, kOurs)};
  const Batches bytes{With(source, kafka::kAttributesAt, int16_t{0})};
  const Comparing by_bytes{.options = {.times = Times::kBytes}};
  EXPECT_EQ(Say(Compare({source}, exact)), "");
  EXPECT_EQ(Say(Compare({source}, bytes)), "CORRUPT 0→0: its time is 10, not 500\n");
  EXPECT_EQ(Say(Compare({source}, bytes, by_bytes)), "");
  EXPECT_EQ(Say(Compare({source}, exact, by_bytes)), "");
  const Batches neither{Records({{0, "a", "1", 500}, {1, "b", "2", 501}}, kOurs)};
  EXPECT_EQ(Say(Compare({source}, neither)), "CORRUPT 1→1: its time is 501, not 500\n");
}

TEST(VerifyTimes, ADestinationThatPutsItsOwnTimesIsNamed) {
  SharedBytes copy = Records({{0, "a", "1"}, {1, "b", "2"}}, {.attributes = kafka::kLogAppendTimeBit});
  copy = With(copy, kafka::kMaxTimestampAt, int64_t{9000});
  EXPECT_THAT(Say(Compare({kPlain[0]}, {copy})), HasSubstr("CORRUPT 0→0"));
}

// --- Transactions ----------------------------------------------------------------------------------------------------

const Batches kTransactions{Records({{0, "a", "1"}}, InTransaction(5)), Records({{1, "b", "2"}}, InTransaction(6)),
                            Marker(2, 5, ControlType::kCommit), Marker(3, 6, ControlType::kAbort)};
Batches Replayed() {
  return {Records({{0, "a", "1"}}, InTransaction(70)), Records({{1, "b", "2"}}, InTransaction(71)),
          Marker(2, 70, ControlType::kCommit, 9), Marker(3, 71, ControlType::kAbort, 9)};
}

TEST(VerifyTransactions, MarkersOfAnotherCoordinatorAreEqualByVerdict) {
  const PartitionProof proof = Compare(kTransactions, Replayed());
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.markers, 2);
  EXPECT_EQ(proof.batches, 4);
  EXPECT_EQ(proof.proven_equal_up_to, 4);
}

TEST(VerifyTransactions, AnotherVerdictIsNamed) {
  Batches copy = Replayed();
  copy[3] = Marker(3, 71, ControlType::kCommit);
  EXPECT_EQ(Say(Compare(kTransactions, copy)), "CORRUPT 3→3: the transaction ends with COMMIT, not ABORT\n");
}

TEST(VerifyTransactions, AMarkerOfTheOtherTransactionIsNamed) {
  Batches copy = Replayed();
  copy[2] = Marker(2, 71, ControlType::kCommit);
  copy[3] = Marker(3, 70, ControlType::kAbort);
  EXPECT_THAT(Say(Compare(kTransactions, copy)),
              HasSubstr("CORRUPT 2→2: it ends a transaction of producer 71, not of 70\n"));
}

TEST(VerifyTransactions, TwoTransactionsInOneAreNamed) {
  Batches copy = Replayed();
  copy[1] = Records({{1, "b", "2"}}, InTransaction(70));
  EXPECT_THAT(Say(Compare(kTransactions, copy)),
              HasSubstr("CORRUPT 1→1: the transaction of producer 70 holds records of another transaction too\n"));
}

TEST(VerifyTransactions, ARecordOutsideOfItsTransactionIsNamed) {
  Batches copy = Replayed();
  copy[0] = Records({{0, "a", "1"}}, kOurs);
  EXPECT_THAT(Say(Compare(kTransactions, copy)), HasSubstr("CORRUPT 0→0: attributes 0x0, not 0x10\n"));
  const Batches holed{Records({{0, "a", "1"}, {2, "b", "2"}}, InTransaction(5))};
  EXPECT_EQ(Say(Compare(holed, {Records({{0, "a", "1"}, {1, "b", "2"}, {2, "b", "2"}}, kOurs)})),
            "CORRUPT 0→0: it is outside of the transaction\n"
            "PHANTOM 1→1: the copy holds a record that the source does not have there\n");
}

TEST(VerifyTransactions, AMissingMarkerIsALossAlsoWhenARecordStandsInItsPlace) {
  EXPECT_THAT(Say(Compare(kTransactions, {Replayed()[0], Replayed()[1], Replayed()[3]})),
              HasSubstr("LOST 2→2: the marker (COMMIT) is missing in the copy\n"));
  Batches copy = Replayed();
  copy[2] = Records({{2, "x", "y"}}, kOurs);
  EXPECT_THAT(Say(Compare(kTransactions, copy)),
              HasSubstr("CORRUPT 2→2: a record stands where the source has a marker\n"));
}

TEST(VerifyTransactions, EmptyTransactionsFillAHoleBeforeAMarker) {
  const Batches source{Records({{0, "a", "1"}}, InTransaction(5)), Marker(3, 5, ControlType::kCommit)};
  const Batches copy{Records({{0, "a", "1"}}, InTransaction(70)), Marker(1, 72, ControlType::kAbort),
                     Marker(2, 73, ControlType::kAbort), Marker(3, 70, ControlType::kCommit)};
  const PartitionProof proof = Compare(source, copy);
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.fillers, 2);
  EXPECT_EQ(proof.markers, 1);
  Batches early = copy;
  early[2] = Marker(2, 70, ControlType::kAbort);
  EXPECT_THAT(Say(Compare(source, early)),
              HasSubstr("PHANTOM 2→2: a marker that the source does not have ends one of its transactions\n"));
}

TEST(VerifyTransactions, ARepeatedMarkerIsAFillerWhereTheMapSaysSo) {
  const auto map = MapOf({{SourceOffset(0), DestOffset(0), 4}, {SourceOffset(4), DestOffset(5), 1}});
  Batches source = kTransactions, copy = Replayed();
  source.push_back(Records({{4, "c", "3"}}));
  copy.push_back(Marker(4, 71, ControlType::kAbort));
  copy.push_back(Records({{5, "c", "3"}}, kOurs));
  const PartitionProof proof = Compare(source, copy, {.map = &map});
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.fillers, 1);
}

TEST(VerifyTransactions, AFillerStandsInTheTransactionOfItsRecord) {
  const Batches source{Records({{0, "a", "1"}, {2, "b", "2"}}, InTransaction(5)), Marker(3, 5, ControlType::kAbort)};
  const auto filled = [](Kind kind) {
    return Batches{Records({{0, "a", "1"}}, InTransaction(70)), Records({{1, "b", "2"}}, kind),
                   Records({{2, "b", "2"}}, InTransaction(70)), Marker(3, 70, ControlType::kAbort)};
  };
  EXPECT_EQ(Say(Compare(source, filled(InTransaction(70)))), "");
  EXPECT_THAT(Say(Compare(source, filled(kOurs))), HasSubstr("PHANTOM 1→1"));
  EXPECT_THAT(Say(Compare(source, filled(InTransaction(71)))), HasSubstr("PHANTOM 1→1"));
}

// --- Compacted topics ------------------------------------------------------------------------------------------------

const Comparing kCompacted{.options = {.cleaning = VerifyOptions::Cleaning::kCompacts}};

TEST(VerifyCompacted, WhatOneCleanerRemovedIsNoDifferenceOnEitherSide) {
  const Batches source{Records({{0, "a", "1"}, {1, "b", "1"}, {2, "a", "2"}}), Records({{3, "b", "2"}})};
  const Batches cleaned{Records({{2, "a", "2"}}, kOurs, 0), Records({{3, "b", "2"}}, kOurs)};
  PartitionProof proof = Compare(source, cleaned, kCompacted);
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.cleaned, 2);
  EXPECT_EQ(proof.batches, 2);
  proof = Compare(cleaned, source, kCompacted);
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.cleaned, 2);
}

TEST(VerifyCompacted, TheLatestOfAKeyMustBeThere) {
  const Batches source{Records({{0, "a", "1"}, {1, "b", "1"}, {2, "a", "2"}})};
  PartitionProof proof = Compare(source, {Records({{0, "a", "1"}, {2, "a", "2"}}, kOurs)}, kCompacted);
  EXPECT_EQ(Say(proof), "LOST 1→1: it is the last of its key, and missing in the copy\n");
  EXPECT_EQ(proof.proven_equal_up_to, 1);
  EXPECT_EQ(proof.cleaned, 0);
  EXPECT_EQ(proof.differences[0].source_header, HeaderHex(source[0].view()));
  proof = Compare({Records({{0, "a", "1"}, {2, "a", "2"}})}, {Records({{0, "a", "1"}, {1, "x", "1"}, {2, "a", "2"}})},
                  kCompacted);
  EXPECT_EQ(Say(proof), "PHANTOM 1→1: the last of its key is not in the source\n");
}

TEST(VerifyCompacted, FillersAreFillersAlsoAfterTheSourceCleanedTheirRecord) {
  const Batches source{Records({{0, "a", "1"}}, {}, 0, 3),
                       Records({{5, "b", "3"}})};  // offset 3 held b=2 when it was copied
  const Batches copy{Records({{0, "a", "1"}, {1, "b", "2"}, {2, "b", "2"}, {3, "b", "2"}}, kOurs),
                     Records({{4, "b", "3"}, {5, "b", "3"}}, kOurs)};
  const PartitionProof proof = Compare(source, copy, kCompacted);
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.fillers, 1);
  EXPECT_EQ(proof.cleaned, 3);
}

TEST(VerifyCompacted, AnAbortedRecordExplainsNothing) {
  const Batches source{Records({{0, "a", "1"}}), Records({{1, "a", "2"}}, InTransaction(5)),
                       Marker(2, 5, ControlType::kAbort)};
  const Batches copy{Records({{1, "a", "2"}}, InTransaction(70)), Marker(2, 70, ControlType::kAbort)};
  EXPECT_EQ(Say(Compare(source, copy, kCompacted)), "LOST 0→0: it is the last of its key, and missing in the copy\n");
  EXPECT_EQ(Say(Compare(source, {Records({{0, "a", "1"}}, kOurs), Marker(2, 70, ControlType::kAbort)}, kCompacted)),
            "");
}

TEST(VerifyCompacted, AMarkerMayBeCleanedOnceItsRecordsAre) {
  const Batches source{Records({{0, "a", "1"}}, InTransaction(5)), Marker(1, 5, ControlType::kCommit),
                       Records({{2, "a", "2"}})};
  const SharedBytes later = Records({{2, "a", "2"}}, kOurs);
  EXPECT_EQ(Say(Compare(source, {later}, kCompacted)), "");
  EXPECT_EQ(Say(Compare(source, {Records({{0, "a", "1"}}, InTransaction(70)), later}, kCompacted)),
            "LOST 1→1: the marker (COMMIT) is missing in the copy\n");
}

// --- Parts of a log --------------------------------------------------------------------------------------------------

TEST(VerifyWindow, BeginsAndEndsInsideABatch) {
  Batches altered = kFilled;
  altered[0] = Records({{0, "X", "X"}, {1, "b", "2"}, {2, "b", "2"}, {3, "b", "2"}, {4, "Y", "Y"}}, kOurs);
  const PartitionProof proof = Compare(kHoled, altered, {.from = 2, .to = 4});
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.from, 2);
  EXPECT_EQ(proof.compared_up_to, 4);
  EXPECT_EQ(Say(Compare(kHoled, altered, {.from = 2, .to = 5})), "CORRUPT 4→4: another key\n");
}

TEST(VerifyWindow, InACompactedTopicNothingLaterIsKnownSoNothingIsMissing) {
  const Batches source{Records({{0, "a", "1"}, {1, "b", "1"}}), Records({{2, "b", "2"}})};
  const Batches copy{Records({{0, "a", "1"}}, kOurs, 0, 1), Records({{2, "b", "2"}}, kOurs)};
  Comparing part = kCompacted;
  part.to = 2;
  EXPECT_EQ(Say(Compare(source, copy, part)), "");
}

TEST(SampleWindowsTest, CoverTheAskedShareInOrder) {
  const OffsetWindow range{1000, 1'001'000};
  for (const double percent : {0.01, 5.0, 50.0, 100.0}) {
    int64_t covered = 0, last = range.from;
    for (const OffsetWindow& window : SampleWindows(range, percent, 42)) {
      EXPECT_GE(window.from, last);
      EXPECT_LT(window.from, window.to);
      covered += window.to - window.from;
      last = window.to;
    }
    EXPECT_LE(last, range.to);
    EXPECT_NEAR(static_cast<double>(covered), std::max(percent, 0.1) * 10'000, 1) << percent;
  }
  EXPECT_THAT(SampleWindows(range, 100, 7), ElementsAre(range));
  EXPECT_THAT(SampleWindows({5, 5}, 10, 7), IsEmpty());
  EXPECT_THAT(SampleWindows({5, 70}, 10, 7), ElementsAre(OffsetWindow{5, 70}));
  EXPECT_NE(SampleWindows(range, 1, 1), SampleWindows(range, 1, 2));
}

TEST(VerifyFromTest, IsWhatBothLogsHold) {
  const LogEnds ends{.source_start = 10, .source_end = 100, .copy_start = 30, .copy_end = 80};
  EXPECT_EQ(VerifyFrom(ends, nullptr, std::nullopt), 30);
  EXPECT_EQ(VerifyFrom(ends, nullptr, 50), 50);
  const auto map = MapOf({{SourceOffset(40), DestOffset(20), 100}});
  EXPECT_EQ(VerifyFrom(ends, &map, std::nullopt), 50);
  const auto ahead = MapOf({{SourceOffset(40), DestOffset(35), 100}});
  EXPECT_EQ(VerifyFrom(ends, &ahead, std::nullopt), 40);
}

}  // namespace
}  // namespace klink::link
