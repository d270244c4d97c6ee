#include "link/verify_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::link {
namespace {

using kafka::ControlType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Side = KeyLedger::Side;

KeyedRecord Value(int64_t offset, std::string key, Stands stands) {
  return {offset, std::move(key), false, stands, {offset, std::nullopt, "unexplained", ""}};
}
KeyedRecord Tombstone(int64_t offset, std::string key, Stands stands) {
  KeyedRecord record = Value(offset, std::move(key), stands);
  record.tombstone = true;
  return record;
}

struct KeyLedgerTest : testing::Test {
  std::vector<int64_t> Left() {
    std::vector<int64_t> offsets;
    for (const Difference& difference : ledger.Finish()) offsets.push_back(*difference.source_offset);
    return offsets;
  }
  KeyLedger ledger;
};

TEST_F(KeyLedgerTest, OneDifferenceForEachKeyWhoseLatestIsOnOneSide) {
  ledger.Add(Value(1, "a", Stands::kInSource));
  ledger.Add(Value(2, "a", Stands::kInSource));
  ledger.Add(Value(3, "b", Stands::kInCopy));
  ledger.Add(Value(4, "c", Stands::kInSource));
  ledger.Add(Value(5, "c", Stands::kInBoth));
  EXPECT_EQ(ledger.one_sided(), 4);
  EXPECT_THAT(Left(), ElementsAre(2, 3));
}

TEST_F(KeyLedgerTest, AMissingTombstoneIsALossOnlyWhileTheCopyShowsTheKey) {
  ledger.Add(Value(1, "a", Stands::kInBoth));
  ledger.Add(Tombstone(2, "a", Stands::kInSource));
  ledger.Add(Value(3, "b", Stands::kInSource));
  ledger.Add(Tombstone(4, "b", Stands::kInSource));
  EXPECT_THAT(Left(), ElementsAre(2));
}

TEST_F(KeyLedgerTest, ATombstoneThatOnlyTheCopyStillHasIsNoAddition) {
  ledger.Add(Value(1, "a", Stands::kInCopy));
  ledger.Add(Tombstone(2, "a", Stands::kInCopy));
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(KeyLedgerTest, RecordsWithoutAKeyAreTheCleaners) {
  KeyedRecord record = Value(1, "", Stands::kInSource);
  record.key.reset();
  ledger.Add(record);
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(KeyLedgerTest, AnAbortedTransactionSaysNothing) {
  ledger.Add(Value(1, "a", Stands::kInSource));
  ledger.AddOpen(Side::kSource, 7, Value(2, "a", Stands::kInBoth));
  ledger.AddOpen(Side::kSource, 8, Value(3, "b", Stands::kInSource));
  ledger.AddOpen(Side::kCopy, 8, Value(4, "c", Stands::kInCopy));
  ledger.End(Side::kSource, 7, ControlType::kAbort);
  ledger.End(Side::kSource, 8, ControlType::kAbort);
  EXPECT_THAT(Left(), ElementsAre(1, 4));
}

TEST_F(KeyLedgerTest, OffsetsDecideNotWhenATransactionEnds) {
  ledger.AddOpen(Side::kSource, 7, Value(1, "a", Stands::kInSource));
  ledger.AddOpen(Side::kSource, 7, Value(2, "b", Stands::kInSource));
  ledger.Add(Value(3, "a", Stands::kInBoth));
  ledger.Add(Value(4, "b", Stands::kInSource));
  ledger.End(Side::kSource, 7, ControlType::kCommit);
  EXPECT_THAT(Left(), ElementsAre(4));
}

}  // namespace
}  // namespace klink::link
