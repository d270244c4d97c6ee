#include "link/read_replica.h"

#include <gtest/gtest.h>

namespace klink::link {
namespace {

TEST(ReadReplica, TheLeaderIsReadUntilItNamesAFollowerAndAgainAfterAWhile) {
  const Instant now{};
  ReadReplica replica;
  EXPECT_EQ(replica.BrokerOr(1), 1);
  EXPECT_FALSE(replica.Over(now + kReplicaFor));
  replica.Prefer(3, now);
  EXPECT_TRUE(replica.follows());
  EXPECT_EQ(replica.BrokerOr(1), 3);
  EXPECT_FALSE(replica.Over(now + kReplicaFor - Duration(1)));
  EXPECT_TRUE(replica.Over(now + kReplicaFor));
  replica.Leave();
  EXPECT_FALSE(replica.follows());
  EXPECT_EQ(replica.BrokerOr(2), 2);
}

struct Case {
  SourceBounds told;
  int64_t next;
  int64_t log_start_before;
  SourceBounds meant;
};

SourceBounds Bounds(int64_t log_start, int64_t high_watermark, int64_t last_stable) {
  return {SourceOffset(log_start), SourceOffset(high_watermark), SourceOffset(last_stable)};
}

TEST(ReadReplica, AFollowersBoundsAreNeverBelowWhatIsKnown) {
  const Case cases[] = {
      {Bounds(0, 100, 90), 50, 0, Bounds(0, 100, 90)},       // ahead of us: as told
      {Bounds(0, 100, 90), 120, 0, Bounds(0, 120, 120)},     // behind: what was read was committed
      {Bounds(0, 100, 90), 95, 0, Bounds(0, 100, 95)},       // read_committed gave it
      {Bounds(10, 100, 100), 50, 40, Bounds(40, 100, 100)},  // it has not heard of a deletion
      {Bounds(60, 100, 100), 50, 40, Bounds(60, 100, 100)},
  };
  for (const Case& c : cases) {
    const SourceBounds meant = BoundsFromFollower(c.told, SourceOffset(c.next), SourceOffset(c.log_start_before));
    EXPECT_EQ(meant.log_start, c.meant.log_start);
    EXPECT_EQ(meant.high_watermark, c.meant.high_watermark);
    EXPECT_EQ(meant.last_stable, c.meant.last_stable);
  }
}

}  // namespace
}  // namespace klink::link
