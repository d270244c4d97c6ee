#include "link/batch_patch.h"

#include <gtest/gtest.h>

#include "tests/link/sample.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using testing::Make;

constexpr Stamp kStamp{4'611'686'018'427'387'999, 3, 2'147'483'646};

TEST(BatchPatch, TheChecksumIsRightAfterEverySizeOfBatch) {
  for (int records : {1, 2, 3, 17, 300, 5000}) {
    SharedBytes batch = Make({.base = 77, .records = records, .producer_id = 12, .producer_epoch = 1, .sequence = 900});
    ASSERT_TRUE(BatchView(batch.view()).crc_ok());
    PatchBatch(batch, kStamp);
    EXPECT_TRUE(BatchView(batch.view()).crc_ok()) << records << " records";
  }
}

TEST(BatchPatch, PutsOurIdentityAndOffsetZeroIntoTheHeader) {
  SharedBytes batch = Make({.base = 1'234'567'890'123, .producer_id = 12, .producer_epoch = 1, .sequence = 900});
  PatchBatch(batch, kStamp);
  const BatchView view(batch.view());
  EXPECT_EQ(view.base_offset(), 0);
  EXPECT_EQ(view.producer_id(), kStamp.producer_id);
  EXPECT_EQ(view.producer_epoch(), kStamp.producer_epoch);
  EXPECT_EQ(view.base_sequence(), kStamp.base_sequence);
}

TEST(BatchPatch, LeavesEverythingElseAsItWas) {
  const SharedBytes original = Make({.base = 5, .records = 9});
  SharedBytes batch = SharedBytes::CopyOf(original.view());
  PatchBatch(batch, kStamp);
  const BatchView before(original.view());
  const BatchView after(batch.view());
  EXPECT_EQ(after.body(), before.body());
  EXPECT_EQ(after.count(), before.count());
  EXPECT_EQ(after.last_offset_delta(), before.last_offset_delta());
  EXPECT_EQ(after.base_timestamp(), before.base_timestamp());
  EXPECT_EQ(after.max_timestamp(), before.max_timestamp());
  EXPECT_EQ(after.leader_epoch(), before.leader_epoch());
  EXPECT_EQ(after.magic(), before.magic());
  EXPECT_EQ(after.size_bytes(), before.size_bytes());
}

TEST(BatchPatch, ClearsTheBitsThatAreNotOursToKeepAndNoOther) {
  struct Row {
    int16_t before, after;
  };
  for (const Row& row : {Row{0, 0}, Row{kafka::kLogAppendTimeBit, 0}, Row{kafka::kTransactionalBit, 0},
                         Row{kafka::kDeleteHorizonBit, 0}, Row{kafka::kControlBit, kafka::kControlBit}, Row{4, 4},
                         Row{int16_t{2 | kafka::kLogAppendTimeBit | kafka::kDeleteHorizonBit}, 2}}) {
    SharedBytes batch = testing::With<int16_t>(Make({}), kafka::kAttributesAt, row.before);
    PatchBatch(batch, kStamp);
    EXPECT_EQ(BatchView(batch.view()).attributes(), row.after) << row.before;
    EXPECT_TRUE(BatchView(batch.view()).crc_ok()) << row.before;
  }
}

TEST(BatchPatch, InAReplayedTransactionItStaysTransactional) {
  for (const int16_t before :
       {kafka::kTransactionalBit, int16_t{kafka::kTransactionalBit | kafka::kLogAppendTimeBit}}) {
    SharedBytes batch = testing::With<int16_t>(Make({}), kafka::kAttributesAt, before);
    PatchBatch(batch, kStamp, Keep::kTransactional);
    EXPECT_EQ(BatchView(batch.view()).attributes(), kafka::kTransactionalBit);
    EXPECT_TRUE(BatchView(batch.view()).crc_ok());
  }
}

TEST(BatchPatch, DoesNotHideThatTheRecordsWereDamaged) {
  for (size_t flipped : {kafka::kHeaderSize, kafka::kHeaderSize + 5}) {
    SharedBytes batch = Make({.records = 4});
    batch.data()[flipped] ^= std::byte{1};
    PatchBatch(batch, kStamp);
    EXPECT_FALSE(BatchView(batch.view()).crc_ok());
  }
}

TEST(BatchPatch, PatchedTwiceIsPatchedWithTheSecondStamp) {
  SharedBytes twice = Make({.records = 4});
  SharedBytes once = SharedBytes::CopyOf(twice.view());
  PatchBatch(twice, Stamp{1, 0, 5});
  PatchBatch(twice, kStamp);
  PatchBatch(once, kStamp);
  EXPECT_EQ(twice, once);
}

TEST(BatchPatch, SequencesWrapFromTheLargestNumberToZero) {
  constexpr int32_t kMost = 2'147'483'647;
  EXPECT_EQ(AdvanceSequence(0, 10), 10);
  EXPECT_EQ(AdvanceSequence(kMost, 1), 0);
  EXPECT_EQ(AdvanceSequence(kMost - 7, 10), 2);
  EXPECT_EQ(SequenceAt(kMost), kMost);
  EXPECT_EQ(SequenceAt(int64_t{kMost} + 1), 0);
  EXPECT_EQ(SequenceAt((int64_t{1} << 40) + 9), 9);
}

}  // namespace
}  // namespace klink::link
