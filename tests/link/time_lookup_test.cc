#include "link/time_lookup.h"

#include <gtest/gtest.h>

namespace klink::link {
namespace {

offsets::Segment RunOf(int64_t source, int64_t dest, int64_t length) {
  return {{SourceOffset(source), DestOffset(dest), length}, {}, {}, -1};
}

offsets::Translation MapOf(std::vector<offsets::Segment> runs) {
  offsets::Translation map;
  for (offsets::Segment& run : runs) EXPECT_TRUE(map.Append(std::move(run)).ok());
  return map;
}

TEST(TimeLookUp, IsExactWhereNothingButTheSourcesRecordsStand) {
  EXPECT_EQ(TimeLookUp({}), "exact");
  const offsets::Translation whole = MapOf({RunOf(40, 40, 100)});
  EXPECT_EQ(TimeLookUp({.map = &whole, .log_start = 40}), "exact");
  EXPECT_EQ(TimeLookUp({.map = &whole, .log_start = 90}), "exact");
  const offsets::Translation translated = MapOf({RunOf(0, 0, 100), RunOf(150, 100, 50)});
  EXPECT_EQ(TimeLookUp({.map = &translated, .log_start = 0}), "exact");
}

TEST(TimeLookUp, IsEarlyWithMarkersAndCopies) {
  EXPECT_EQ(TimeLookUp({.markers = true}), "early");
  EXPECT_EQ(TimeLookUp({.copies = true}), "early");
}

TEST(TimeLookUp, IsEarlyWhereOthersRecordsStandBeforeOrBetween) {
  const offsets::Translation behind = MapOf({RunOf(0, 5, 100)});
  EXPECT_EQ(TimeLookUp({.map = &behind, .log_start = 0}), "early");
  EXPECT_EQ(TimeLookUp({.map = &behind, .log_start = 5}), "exact");
  const offsets::Translation between = MapOf({RunOf(0, 0, 100), RunOf(100, 103, 50)});
  EXPECT_EQ(TimeLookUp({.map = &between, .log_start = 0}), "early");
}

}  // namespace
}  // namespace klink::link
