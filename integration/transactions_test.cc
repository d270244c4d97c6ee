// Transactions under load while processes die: at the end every record, verdict and marker stands at its offset, and
// consumers of both clusters read the same, whatever they isolate.
#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "integration/mirror_check.h"
#include "integration/transactional.h"

namespace klink::it {
namespace {

constexpr int kPartitions = 3;
constexpr char kTopic[] = "t-tx";
constexpr seconds kLive(240);          // a broker that restarts on a busy machine, and what was written meanwhile
constexpr int64_t kAroundAKill = 100;  // transactions: they begin before it and go on after it

using Ends = std::array<int64_t, kPartitions>;

Ends EndsOf(LogEnds& log) {
  Ends ends{};
  for (int p = 0; p < kPartitions; ++p) ends[static_cast<size_t>(p)] = log.Of(kTopic, p);
  return ends;
}

// Each by itself: what one lacks, others do not make up for.
bool Reach(const Ends& ends, const Ends& wanted) {
  return std::equal(ends.begin(), ends.end(), wanted.begin(), std::greater_equal<>());
}

TEST(TransactionsTest, AfterTenKillsInsideTransactionsBothLogsAreTheSame) {
  ClusterPair pair({.name = "source"}, {.name = "destination"});
  LinkFile file;
  file.source = pair.source.bootstrap();
  file.destination = pair.destination.bootstrap();
  CreateTopic(pair.source, kTopic, kPartitions);
  TransactionalLoad load(pair.source, kTopic, kPartitions);
  load.AllowUpTo(20);
  Agent agent(file);
  agent.Start();
  LogEnds original(pair.source), copy(pair.destination);
  const auto await_caught_up = [&] {
    const Ends wanted = EndsOf(original);
    Await("the copy to catch up", kLive, [&] { return Reach(EndsOf(copy), wanted); });
  };
  Await("some transactions", kLive, [&] { return load.transactions() >= 20; });
  await_caught_up();
  int kills = 0;
  for (const char* victim : {"agent", "agent", "destination", "agent", "source", "agent", "agent", "destination",
                             "agent", "agent", "source", "agent"}) {
    const std::string name = victim;
    const int64_t before = load.transactions();
    load.AllowUpTo(before + kAroundAKill);
    Await("the load to go on", kLive, [&] { return load.transactions() >= before + 10; });
    if (name == "agent") {
      agent.Kill();
      kills += agent.Wait(seconds(0)) == 137;
      agent.Start();
    } else {
      Cluster& cluster = name == "source" ? pair.source : pair.destination;
      const pid_t pid = cluster.pid(0);
      cluster.Kill(0);
      cluster.Restart(0);
      kills += cluster.pid(0) != pid;
    }
    Await("the rest of the load", kLive, [&] { return load.transactions() >= before + kAroundAKill; });
    const auto began = std::chrono::steady_clock::now();
    await_caught_up();
    fmt::print("  {:<12} caught up after {:>5} ms, {} transactions\n", name,
               std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began).count(),
               load.transactions());
    std::fflush(stdout);
  }
  load.Stop();
  EXPECT_EQ(kills, 12);
  AwaitMirrored(pair.source, pair.destination, kTopic, kLive);
  for (int p = 0; p < kPartitions; ++p)
    for (const char* isolation : {"read_committed", "read_uncommitted"})
      EXPECT_EQ(ReadPartition(pair.source, kTopic, p, isolation), ReadPartition(pair.destination, kTopic, p, isolation))
          << p << " " << isolation;
  EXPECT_EQ(VerifyComplaint(agent, kTopic), "");
  EXPECT_EQ(OracleOnIdentical(pair.source, pair.destination, kTopic), "");
  if (testing::Test::HasFailure()) agent.KeepFiles();
}

}  // namespace
}  // namespace klink::it
