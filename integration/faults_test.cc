// Thirty faults and more, one after the other under load: kills of each process, freezes, resets, black holes. Each one
// must be seen to have bitten; then everything is healed, and both logs are proven equal by klink verify --full and by
// the oracle. KLINK_FAULTS: how many; KLINK_SEED: which ones.
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "integration/mirror_check.h"

namespace klink::it {
namespace {

constexpr int kPartitions = 4;
constexpr seconds kLive(60);  // after a fault is healed the copy must have caught up within this

class Faults {
 public:
  Faults()
      : pair_({.name = "source", .proxied = true}, {.name = "destination", .proxied = true}),
        destination_ends_(pair_.destination) {
    LinkFile file;
    file.source = pair_.source.bootstrap();
    file.destination = pair_.destination.bootstrap();
    file.include = "{literal: t-faults}";
    CreateTopic(pair_.source, kTopic, kPartitions);
    agent_ = std::make_unique<Agent>(file);
  }

  void Run(int count, unsigned seed) {
    std::mt19937 random(seed);
    Load load(pair_.source, kTopic, {.partitions = kPartitions, .per_second = 3000, .settings = {{"retries", "1000"}}});
    agent_->Start();
    Await("some load", kLive, [&] { return load.acked() > 500; });
    AwaitCaughtUp(load.acked());
    for (int i = 0; i < count; ++i) {
      const std::string fault = Pick(random);
      Inflict(fault, random);
      const auto healed = std::chrono::steady_clock::now();
      // What was on its way when the fault struck is no proof of life: everything written by now must arrive.
      AwaitCaughtUp(load.acked());
      fmt::print("  {:>3} {:<20} caught up after {:>5} ms\n", i + 1, fault, Since(healed).count());
      std::fflush(stdout);
    }
    load.Stop();
    acked_ = load.acked();
  }

  void ProveEqual() {
    AwaitMirrored(pair_.source, pair_.destination, kTopic, seconds(120));
    EXPECT_GE(destination_ends_.Sum(kTopic, kPartitions), acked_);
    EXPECT_EQ(VerifyComplaint(*agent_, kTopic), "");
    EXPECT_EQ(OracleOnIdentical(pair_.source, pair_.destination, kTopic), "");
  }
  void Keep() {
    agent_->KeepFiles();
    pair_.destination.KeepFiles();
  }

  std::map<std::string, int> bitten;

 private:
  static constexpr char kTopic[] = "t-faults";

  // Cheap faults more often than those that cost a broker's start.
  static std::string Pick(std::mt19937& random) {
    static const std::vector<std::string> kinds = {
        "kill agent",       "kill agent",        "kill agent",         "freeze agent",      "reset source",
        "reset source",     "reset destination", "reset destination",  "reset destination", "hold source",
        "hold destination", "freeze source",     "freeze destination", "kill source",       "kill destination"};
    static size_t next = 0;
    if (next < kinds.size()) return kinds[next++];  // each kind at least once
    return kinds[random() % kinds.size()];
  }

  void Inflict(const std::string& fault, std::mt19937& random) {
    SCOPED_TRACE(fault);
    const milliseconds pause(500 + random() % 2500);
    const bool at_source = fault.ends_with("source");
    Cluster& cluster = at_source ? pair_.source : pair_.destination;
    bool bit = false;
    if (fault == "kill agent") {
      agent_->Kill();
      bit = agent_->Wait(seconds(0)) == 137;
      agent_->Start();
    } else if (fault == "freeze agent") {
      agent_->Freeze();
      bit = Stalled(destination_ends_, pause);
      agent_->Thaw();
    } else if (fault.starts_with("reset")) {
      // An agent that was just started has nothing to be reset yet.
      bit = Eventually(kLive, [&] { return cluster.proxy(0).ResetAll() > 0; });
    } else if (fault.starts_with("hold")) {
      cluster.proxy(0).Hold();
      bit = Silent(cluster.proxy(0), pause);
      cluster.proxy(0).Release();
    } else if (fault.starts_with("freeze")) {
      cluster.Freeze(0);
      bit = Silent(cluster.proxy(0), pause);
      cluster.Thaw(0);
    } else {
      const pid_t before = cluster.pid(0);
      cluster.Kill(0);
      cluster.Restart(0);
      bit = cluster.pid(0) != before;
    }
    EXPECT_TRUE(bit) << "this fault did not bite";
    if (bit) ++bitten[fault];
  }

  // Nothing arrives in `time`, after what was already on its way.
  static bool Stalled(LogEnds& ends, milliseconds time) {
    std::this_thread::sleep_for(milliseconds(300));
    const int64_t from = ends.Sum(kTopic, kPartitions);
    std::this_thread::sleep_for(time);
    return ends.Sum(kTopic, kPartitions) == from;
  }
  // What a broker answers stops flowing; at most the requests of those who wait still do.
  static bool Silent(const Proxy& proxy, milliseconds time) {
    std::this_thread::sleep_for(milliseconds(300));
    const int64_t from = proxy.bytes();
    std::this_thread::sleep_for(time);
    return proxy.bytes() - from < (1 << 20);
  }
  static milliseconds Since(std::chrono::steady_clock::time_point from) {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - from);
  }
  void AwaitCaughtUp(int64_t acked) {
    Await("the copy to catch up", kLive, [&] {
      if (destination_ends_.Sum(kTopic, kPartitions) >= acked) return true;
      std::this_thread::sleep_for(milliseconds(50));
      return false;
    });
  }

  ClusterPair pair_;
  LogEnds destination_ends_;
  std::unique_ptr<Agent> agent_;
  int64_t acked_ = 0;
};

TEST(FaultsTest, AfterThirtyFaultsBothLogsAreTheSame) {
  const int count = std::stoi(Env("KLINK_FAULTS", "32"));
  const auto seed = static_cast<unsigned>(std::stoul(Env("KLINK_SEED", "1")));
  SCOPED_TRACE(fmt::format("again: KLINK_FAULTS={} KLINK_SEED={}", count, seed));
  Faults faults;
  faults.Run(count, seed);
  faults.ProveEqual();
  int bitten = 0;
  for (const auto& [fault, times] : faults.bitten) {
    fmt::print("  {:<20}{:>4}\n", fault, times);
    bitten += times;
  }
  fmt::print("  {:<20}{:>4}\n", "faults that bit", bitten);
  EXPECT_EQ(bitten, count);
  if (testing::Test::HasFailure()) faults.Keep();
}

}  // namespace
}  // namespace klink::it
