// What readers of committed records do not see.
#include "link/aborted_data.h"

#include <gtest/gtest.h>

#include "tests/link/sample.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using testing::Make;

constexpr int16_t kMarkerBits = kafka::kTransactionalBit | kafka::kControlBit;

bool Covers(AbortedData& aborted, int64_t base, int64_t pid, int16_t attributes = kafka::kTransactionalBit) {
  const SharedBytes batch = Make({.base = base, .records = 5, .producer_id = pid, .attributes = attributes});
  return aborted.Covers(BatchView(batch.view()));
}

TEST(AbortedData, ReachesFromItsFirstBatchToItsMarker) {
  AbortedData aborted({{7, SourceOffset(110)}});
  EXPECT_FALSE(Covers(aborted, 100, 7)) << "an earlier transaction of that producer";
  EXPECT_TRUE(Covers(aborted, 110, 7));
  EXPECT_FALSE(Covers(aborted, 115, 8)) << "another producer's";
  EXPECT_TRUE(Covers(aborted, 120, 7));
  EXPECT_FALSE(Covers(aborted, 125, 7, kMarkerBits)) << "a marker is no data";
  EXPECT_FALSE(Covers(aborted, 130, 7)) << "the next transaction";
}

TEST(AbortedData, KnowsTheSecondOfAProducerAsWell) {
  AbortedData aborted({{7, SourceOffset(120)}, {7, SourceOffset(100)}});
  EXPECT_TRUE(Covers(aborted, 100, 7));
  EXPECT_FALSE(Covers(aborted, 105, 7, kMarkerBits));
  EXPECT_FALSE(Covers(aborted, 110, 7));
  EXPECT_FALSE(Covers(aborted, 115, 7, kMarkerBits));
  EXPECT_TRUE(Covers(aborted, 120, 7));
}

TEST(AbortedData, OneThatBeganBeforeTheRowIsUnderWay) {
  AbortedData aborted({{7, SourceOffset(20)}});
  EXPECT_TRUE(Covers(aborted, 100, 7));
}

TEST(AbortedData, PlainBatchesOfItsProducerAreNotCovered) {
  AbortedData aborted({{7, SourceOffset(100)}});
  EXPECT_FALSE(Covers(aborted, 100, 7, 0));
}

}  // namespace
}  // namespace klink::link
