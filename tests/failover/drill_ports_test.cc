// What the engine stands on in a drill: the budget that no copy exceeds, and the map in memory.
#include "failover/drill_ports.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace klink::failover {
namespace {

TEST(CopyBudgetTest, WhatDoesNotFitEndsItForAll) {
  CopyBudget budget(100);
  EXPECT_TRUE(budget.Take(60));
  EXPECT_FALSE(budget.spent());
  EXPECT_FALSE(budget.Take(41)) << "not one byte more";
  EXPECT_TRUE(budget.spent());
  EXPECT_FALSE(budget.Take(1)) << "a smaller batch behind it would leave a hole";
  EXPECT_EQ(budget.taken(), 60);
}

Async<void> KeepMap(CopyMap& map, std::vector<Status>& results) {
  results.push_back(co_await map.ChangeShift(SourceOffset(100), DestOffset(0), "offsets: translate", -1));
  results.push_back(co_await map.Record(SourceOffset(100), DestOffset(0), 10));
  results.push_back(co_await map.Resume(DestOffset(0), SourceOffset(110), DestOffset(10)));
  results.push_back(co_await map.Resume(DestOffset(0), SourceOffset(115), DestOffset(15)));
  results.push_back(co_await map.Record(SourceOffset(115), DestOffset(15), 5));
}

TEST(CopyMapTest, AnAppendWhoseAnswerWasLostIsInTheMapOnce) {
  asio::io_context io(1);
  CopyMap map;
  std::vector<Status> results;
  Detach(io.get_executor(), KeepMap(map, results));
  io.run();
  ASSERT_EQ(results.size(), 5u);
  for (const Status& result : results) EXPECT_TRUE(result.ok()) << result;
  EXPECT_EQ(map.shift(), -100);
  EXPECT_EQ(map.ToDest(SourceOffset(112)), DestOffset(12));
  EXPECT_EQ(map.ToSource(DestOffset(19)), SourceOffset(119));
  EXPECT_EQ(map.map().end()->source, SourceOffset(120));
}

}  // namespace
}  // namespace klink::failover
