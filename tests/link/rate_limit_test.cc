#include "link/rate_limit.h"

#include <gmock/gmock.h>

namespace klink::link {
namespace {

constexpr Instant kStart{std::chrono::hours(1000)};

TEST(RateLimit, WithoutALimitNothingWaits) {
  RateLimit limit;
  limit.Spend(1LL << 40, kStart);
  EXPECT_EQ(limit.Wait(kStart), 0s);
  EXPECT_EQ(limit.FetchMost(1000), 1000);
}

TEST(RateLimit, TheNextFetchWaitsUntilTheLastOneIsPaidFor) {
  RateLimit limit;
  limit.Set(1'000'000);
  EXPECT_EQ(limit.Wait(kStart), 0s);
  limit.Spend(2'500'000, kStart);
  EXPECT_EQ(limit.Wait(kStart), 2500ms);
  EXPECT_EQ(limit.Wait(kStart + 1s), 1500ms);
  EXPECT_EQ(limit.Wait(kStart + 3s), 0s);
}

TEST(RateLimit, QuietTimeIsNotSavedUp) {
  RateLimit limit;
  limit.Set(1000);
  limit.Spend(1000, kStart);
  limit.Spend(1000, kStart + 1h);
  EXPECT_EQ(limit.Wait(kStart + 1h), 1s);
}

TEST(RateLimit, OverManyFetchesTheRateIsKept) {
  RateLimit limit;
  limit.Set(1 << 20);
  Instant now = kStart;
  int64_t bytes = 0;
  for (int i = 0; i < 1000; i++) {
    now += limit.Wait(now);
    const int64_t fetched = 1000 + i * 37 % 100'000;
    limit.Spend(fetched, now);
    bytes += fetched;
  }
  const double seconds = std::chrono::duration<double>(now - kStart).count();
  EXPECT_NEAR(static_cast<double>(bytes) / seconds, 1 << 20, 1 << 15);
}

TEST(RateLimit, OneFetchIsAQuarterOfASecondsWorthButNotTooSmall) {
  RateLimit limit;
  limit.Set(4 << 20);
  EXPECT_EQ(limit.FetchMost(64 << 20), 1 << 20);
  limit.Set(1000);
  EXPECT_EQ(limit.FetchMost(64 << 20), RateLimit::kFetchLeast);
  EXPECT_EQ(limit.FetchMost(1000), 1000);
}

TEST(RateLimit, ANewRateCountsFromThenOn) {
  RateLimit limit;
  limit.Set(1000);
  limit.Spend(10'000, kStart);
  limit.Set(0);
  EXPECT_EQ(limit.Wait(kStart), 0s);
}

}  // namespace
}  // namespace klink::link
