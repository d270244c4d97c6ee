// Copies of committed records alone: plain ones, with a marker that ends nothing for everything else.
#include <gmock/gmock.h>

#include "tests/link/verify_logs.h"

namespace klink::link {
namespace {

using kafka::ControlType;
using testing::Batches;
using testing::Compare;
using ::testing::HasSubstr;
using testing::InTransaction;
using testing::Records;
using testing::Say;

constexpr int64_t kApp = 7, kOther = 8, kFiller = 900, kSlot = 6000;
constexpr ControlType kCommit = ControlType::kCommit, kAbort = ControlType::kAbort;

SharedBytes Filler(int64_t offset) { return testing::Marker(offset, kFiller, kAbort); }

PartitionProof Proof(const Batches& source, const Batches& copy, VerifyOptions::Cleaning cleaning = {}) {
  VerifyOptions options{.depth = VerifyOptions::Depth::kBytes, .cleaning = cleaning};
  options.transactions = VerifyOptions::Transactions::kCommitted;
  return Compare(source, copy, {.options = options});
}

// Two producers, one commits and one aborts.
const Batches kSource = {
    Records({{0, "a", "1"}, {1, "b", "2"}}, InTransaction(kApp)),
    Records({{2, "c", "3"}}, InTransaction(kOther)),
    Records({{3, "d", "4"}}),
    testing::Marker(4, kApp, kCommit),
    testing::Marker(5, kOther, kAbort),
};
const SharedBytes kFirst = Records({{0, "a", "1"}, {1, "b", "2"}}), kPlain = Records({{3, "d", "4"}});

TEST(VerifyCommitted, MarkersThatEndNothingStandForWhatIsNotShown) {
  const PartitionProof proof = Proof(kSource, {kFirst, Filler(2), kPlain, Filler(4), Filler(5)});
  EXPECT_EQ(Say(proof), "");
  EXPECT_EQ(proof.fillers, 3);
  EXPECT_EQ(proof.proven_equal_up_to, 6);
}

TEST(VerifyCommitted, ACommittedRecordLeftOutIsLost) {
  const PartitionProof proof = Proof(kSource, {Filler(0), Filler(1), Filler(2), kPlain, Filler(4), Filler(5)});
  EXPECT_THAT(Say(proof), HasSubstr("LOST 0→0: a committed record is left out"));
}

TEST(VerifyCommitted, AnAbortedRecordThatIsShownIsAPhantom) {
  const PartitionProof proof = Proof(kSource, {kFirst, Records({{2, "c", "3"}}), kPlain, Filler(4), Filler(5)});
  EXPECT_THAT(Say(proof), HasSubstr("PHANTOM 2→2: a record of an aborted transaction is shown"));
}

TEST(VerifyCommitted, OtherRecordsAreCorrupt) {
  const PartitionProof proof =
      Proof(kSource, {Records({{0, "a", "1"}, {1, "b", "x"}}), Filler(2), kPlain, Filler(4), Filler(5)});
  EXPECT_THAT(Say(proof), HasSubstr("CORRUPT 0→0"));
}

TEST(VerifyCommitted, APlainRecordMustNotBeReplacedByAMarker) {
  const PartitionProof proof = Proof(kSource, {kFirst, Filler(2), Filler(3), Filler(4), Filler(5)});
  EXPECT_THAT(Say(proof), HasSubstr("CORRUPT 3→3: a marker stands where the source has a record"));
}

TEST(VerifyCommitted, ATransactionThatWasReplayedBeforeTheSettingChangedIsEqualToo) {
  const Batches copy = {Records({{0, "a", "1"}, {1, "b", "2"}}, InTransaction(kSlot)), Filler(2), kPlain,
                        testing::Marker(4, kSlot, kCommit), Filler(5)};
  EXPECT_EQ(Say(Proof(kSource, copy)), "");
}

TEST(VerifyCommitted, WhereTransactionsAreReplayedPlainRecordsAreCorrupt) {
  const PartitionProof proof = Compare(kSource, {kFirst, Filler(2), kPlain, Filler(4), Filler(5)});
  EXPECT_GT(proof.differences_total, 0);
}

TEST(VerifyCommitted, HolesOfCompactionMayBeFilledByEither) {
  const Batches source = {Records({{0, "a", "1"}, {3, "b", "2"}}, InTransaction(kApp)),
                          testing::Marker(4, kApp, kCommit)};
  constexpr auto kCompacts = VerifyOptions::Cleaning::kCompacts;
  const Batches by_markers = {Records({{0, "a", "1"}}), Filler(1), Filler(2), Records({{3, "b", "2"}}), Filler(4)};
  EXPECT_EQ(Say(Proof(source, by_markers, kCompacts)), "");
  const Batches by_copies = {Records({{0, "a", "1"}, {1, "b", "2"}, {2, "b", "2"}, {3, "b", "2"}}), Filler(4)};
  EXPECT_EQ(Say(Proof(source, by_copies, kCompacts)), "");
}

}  // namespace
}  // namespace klink::link
