#include "link/saturation.h"

#include <gtest/gtest.h>

namespace klink::link {
namespace {

class SaturationTest : public testing::Test {
 protected:
  // Looks every four seconds for that long; the lag grows and markers take their time at these rates.
  bool For(Duration length, int64_t lag_per_look, double marker_share) {
    bool last = false;
    for (Duration passed{}; passed < length; passed += 4s) {
      now_ += 4s;
      lag_ += lag_per_look;
      waited_ += std::chrono::duration_cast<Duration>(4s * marker_share);
      last = saturation_.Look(now_, lag_, waited_);
    }
    return last;
  }
  Saturation saturation_;
  Instant now_{};
  int64_t lag_ = 0;
  Duration waited_{};
};

TEST_F(SaturationTest, IsSaidOnceTheLagGrewForAWindowOfMarkers) {
  EXPECT_FALSE(For(60s, 10, 0.5));
  EXPECT_TRUE(For(8s, 10, 0.5));
}
TEST_F(SaturationTest, IsTakenBackWhenTheLagShrinks) {
  ASSERT_TRUE(For(80s, 10, 0.5));
  EXPECT_TRUE(For(40s, 0, 0.1)) << "it stands still";
  EXPECT_FALSE(For(80s, -5, 0.5));
}
TEST_F(SaturationTest, ALagThatGrowsForAnotherReasonIsNone) { EXPECT_FALSE(For(200s, 10, 0.1)); }
TEST_F(SaturationTest, ALagThatStandsIsNone) { EXPECT_FALSE(For(200s, 0, 0.9)); }

}  // namespace
}  // namespace klink::link
