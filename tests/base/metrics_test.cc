// Series appear with their first handle, count together, and vanish with the last one.
#include "base/metrics.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MetricsTest, HandlesOfTheSameLabelsAreOneSeries) {
  Metrics metrics;
  Counter a = metrics.Get(metric::kFetchedBytes, "l");
  Counter b = metrics.Get(metric::kFetchedBytes, "l");
  a.Add(2), b.Add(3);
  EXPECT_THAT(metrics.Expose(), HasSubstr("klink_fetched_bytes_total{link=\"l\"} 5\n"));
}

TEST(MetricsTest, ASeriesVanishesWithItsLastHandle) {
  Metrics metrics;
  {
    Gauge lag = metrics.Get(metric::kLagRecords, "l", "orders");
    Gauge same = lag;
    lag.Set(7);
    EXPECT_THAT(metrics.Expose(), HasSubstr("klink_lag_records{link=\"l\",topic=\"orders\"} 7\n"));
  }
  EXPECT_THAT(metrics.Expose(), Not(HasSubstr("klink_lag_records")));
  Gauge again = metrics.Get(metric::kLagRecords, "l", "orders");
  again.Set(1);
  EXPECT_THAT(metrics.Expose(), HasSubstr("topic=\"orders\"} 1\n"));
}

TEST(MetricsTest, AHandleMayOutliveItsMetrics) {
  Histogram latency;
  latency.Observe(1);  // belongs to nothing yet
  {
    Metrics metrics;
    latency = metrics.Get(metric::kReplicationLatency, "l");
    latency.Observe(0.003);
    EXPECT_THAT(metrics.Expose(), HasSubstr("klink_replication_latency_seconds_bucket{link=\"l\",le=\"0.005\"} 1\n"));
  }
  latency.Observe(1);
}

TEST(MetricsTest, TheProcessTellsItsOwnFigures) {
  const std::string text = Metrics().Expose();
  EXPECT_THAT(text, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_THAT(text, HasSubstr("\nprocess_open_fds "));
}

TEST(MetricsTest, EveryNameIsGivenOnceAndHasHelp) {
  std::set<std::string_view> seen;
  for (const MetricRow& row : MetricTable()) {
    EXPECT_TRUE(seen.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.name.starts_with("klink_")) << row.name;
    EXPECT_EQ(row.kind == "Counter", row.name.ends_with("_total")) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
  }
}

}  // namespace
}  // namespace klink
