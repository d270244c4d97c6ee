#include "link/filler.h"

#include <gtest/gtest.h>

#include "kafka/record_batch.h"

namespace klink::link {
namespace {

using kafka::BatchView;

constexpr size_t kMegabyte = 1 << 20;
constexpr Stamp kStamp{77, 3, 4000};

TEST(Fillers, TakeTheOffsetsTheyAreAskedForUnderTheirOwnStamp) {
  Fillers fillers(kMegabyte);
  for (const int64_t wanted : {1, 7, 7, 5000}) {
    const SharedBytes batch = fillers.Next(wanted, kStamp);
    const BatchView view(batch.view());
    EXPECT_EQ(view.count(), wanted);
    EXPECT_EQ(view.next_offset(), wanted);
    EXPECT_EQ(view.producer_id(), 77);
    EXPECT_EQ(view.producer_epoch(), 3);
    EXPECT_EQ(view.base_sequence(), 4000);
    EXPECT_TRUE(view.crc_ok());
  }
}

TEST(Fillers, AreNoMoreThanABatchHolds) {
  Fillers fillers(kMegabyte);
  EXPECT_EQ(BatchView(fillers.Next(2'000'000'000, kStamp).view()).count(), kFillerRecords);
}

TEST(Fillers, FitATopicThatTakesSmallBatchesOnly) {
  for (const size_t limit : {20'000, 1'000, 100}) {
    Fillers fillers(limit);
    const SharedBytes batch = fillers.Next(1'000'000, kStamp);
    EXPECT_LE(batch.size(), limit);
    EXPECT_GE(BatchView(batch.view()).count(), 1);
    EXPECT_TRUE(BatchView(batch.view()).crc_ok());
  }
}

TEST(Fillers, HalveUntilTheDestinationTakesThem) {
  Fillers fillers(kMegabyte);
  int64_t count = BatchView(fillers.Next(1'000'000, kStamp).view()).count();
  int halved = 0;
  while (fillers.Halve()) {
    const int64_t fewer = BatchView(fillers.Next(1'000'000, kStamp).view()).count();
    EXPECT_LT(fewer, count);
    count = fewer;
    halved++;
  }
  EXPECT_EQ(count, 1);
  EXPECT_EQ(halved, 16);
}

TEST(Fillers, OneRecordIsSentHoweverSmallTheLimitIs) {
  Fillers fillers(10);
  EXPECT_EQ(BatchView(fillers.Next(1'000, kStamp).view()).count(), 1) << "the destination says no, not we";
}

}  // namespace
}  // namespace klink::link
