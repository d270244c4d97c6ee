// ./x bench transactions: how many transactions a second are replayed on one partition and over 32, beside the floor
// (replay.cc: one partition, step after step) and MirrorMaker 2 in its exactly-once mode, which copies committed
// records into transactions of its own. All between the same two clusters, one after the other. Absolute figures are
// this machine's; the ratios are what is promised.
#include <cstdio>
#include <exception>
#include <thread>

#include <fmt/format.h>

#include "bench/bench.h"
#include "integration/transactional.h"

namespace klink::bench {
namespace {

using namespace it;
using SteadyClock = std::chrono::steady_clock;

constexpr int kManyPartitions = 32;
constexpr int kProducers = 2;  // of each partition
constexpr int kLoaders = 8;    // threads
constexpr int kMemoryMiB = 128;
constexpr seconds kLimit(300);
// What must hold.
constexpr double kOneOverFloor = 0.8;
constexpr double kManyOverFloor = 8 * kOneOverFloor;

// Each transaction is of one partition: two batches, three to seven records; every fourth is aborted. Two producers of
// a partition write at the same time, so their transactions are interleaved.
void WriteTransactions(const Cluster& cluster, const std::string& topic, int partition, int producer, int count) {
  TransactionalProducer app(cluster, fmt::format("{}-{}-{}", topic, partition, producer), {{"linger.ms", "0"}});
  for (int i = 0; i < count; ++i) {
    std::vector<Record> first = SampleRecords(3, 1), second = SampleRecords(i % 5, 1);
    for (auto* part : {&first, &second})
      for (Record& record : *part) record.partition = partition;
    app.Begin();
    app.Send(topic, first);
    if (!second.empty()) app.Send(topic, second);
    i % 4 == 3 ? app.Abort() : app.Commit();
  }
}

void Load(const Cluster& cluster, const std::string& topic, int partitions, int per_producer) {
  fmt::print("\n{} partitions, {} transactions: loading\n", partitions, partitions * kProducers * per_producer);
  std::fflush(stdout);
  CreateTopic(cluster, topic, partitions);
  std::atomic<int> next = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kLoaders; ++i) {
    threads.emplace_back([&] {
      for (int job = next++; job < partitions * kProducers; job = next++)
        WriteTransactions(cluster, topic, job / kProducers, job % kProducers, per_producer);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class Bench {
 public:
  explicit Bench(fs::path dir) : dir_(std::move(dir)), pair_(Broker("source"), Broker("destination")) {}

  bool Run(int transactions) {
    const int one = transactions / kProducers, many = transactions * 12 / kProducers / kManyPartitions;
    Load(pair_.source, "one", 1, one);
    Load(pair_.source, "many", kManyPartitions, many);
    Load(pair_.source, "warm", kManyPartitions, many / 3);
    (void)Klink("warm", kManyPartitions);  // unmeasured: brokers that have seen transactions before
    (void)Floor("one");
    const double floor = Rate("floor, 1 partition", Floor("one"), transactions);
    const double single = Rate("klink, 1 partition", Klink("one", 1), transactions);
    const int all = many * kProducers * kManyPartitions;
    const double spread = Rate("klink, 32 partitions", Klink("many", kManyPartitions), all);
    const double each = (used_.klink + used_.brokers) / all;
    fmt::print("    {:.2f} ms of CPU each (klink {:.2f}): no more than {:.0f} transactions/s on {} cores\n",
               each * 1000, used_.klink / all * 1000, std::thread::hardware_concurrency() / each,
               std::thread::hardware_concurrency());
    Rate("MirrorMaker 2 exactly-once, 1 partition", MirrorMaker("one", 1), transactions);
    Rate("MirrorMaker 2 exactly-once, 32 partitions", MirrorMaker("many", kManyPartitions), all);
    const bool fast = Must("one partition over the floor", single / floor, ">=", kOneOverFloor);
    const bool wide = Must("32 partitions over the floor", spread / floor, ">=", kManyOverFloor);
    return fast && wide;
  }

 private:
  static double Rate(const std::string& who, double seconds, int transactions) {
    fmt::print("  {:<44}{:>8.0f} transactions/s\n", who, transactions / seconds);
    std::fflush(stdout);
    return transactions / seconds;
  }

  double Floor(const std::string& topic) {
    RemoveCopy(pair_.destination, topic);
    CreateTopic(pair_.destination, topic, 1);
    (void)LogEnds(pair_.destination).Sum(topic, 1);  // the leader answers
    const fs::path log = dir_ / "replay.log";
    Process process({{Env("KLINK_FLOOR", "build/release/bench/bench_replay"), pair_.source.bootstrap(),
                      pair_.destination.bootstrap(), topic}},
                    log);
    const std::optional<int> code = process.Wait(kLimit);
    if (code != 0) throw std::runtime_error("the floor failed: " + LastLines(log, 5));
    return std::stod(ReadFile(log));
  }

  double BrokerCpu() const { return CpuSeconds(pair_.source.pid(0)) + CpuSeconds(pair_.destination.pid(0)); }

  // From the first record that arrives to the last.
  double Klink(const std::string& topic, int partitions) {
    RemoveCopy(pair_.destination, topic);
    const fs::path log = dir_ / "klink.log";
    Process process(bench::Klink(pair_, topic, kMemoryMiB, dir_), log);
    LogEnds wanted(pair_.source), ends(pair_.destination);
    // One partition at a time: asking about all of them all the time would be most of the brokers' work.
    const auto arrived = [&](int partition, int64_t end) {
      if (!process.Running()) throw std::runtime_error("klink ended early:\n" + LastLines(log, 20));
      return ends.Of(topic, partition) >= end;
    };
    Await("the first record", kLimit, [&] { return arrived(0, 1); });
    const auto began = SteadyClock::now();
    const double cpu = CpuSeconds(process.pid()), brokers = BrokerCpu();
    for (int p = 0; p < partitions; ++p) {
      const int64_t end = wanted.Of(topic, p);
      Await("the last record", kLimit, [&] { return arrived(p, end); });
    }
    const double took = SecondsSince(began);
    used_ = {CpuSeconds(process.pid()) - cpu, BrokerCpu() - brokers};
    process.End(seconds(20));
    return took;
  }

  // Its log ends elsewhere: it is done when no more comes and the committed records are there.
  double MirrorMaker(const std::string& topic, int partitions) {
    RemoveCopy(pair_.destination, topic);
    const auto committed = [&](const Cluster& cluster) {
      size_t count = 0;
      for (int p = 0; p < partitions; ++p) count += ReadPartition(cluster, topic, p, "read_committed").size();
      return count;
    };
    const size_t wanted = committed(pair_.source);
    const fs::path log = dir_ / "mm2.log";
    Process process(bench::MirrorMaker(pair_, topic, "none",
                                       fmt::format("dedicated.mode.enable.internal.rest = true\n"
                                                   "listeners = http://127.0.0.1:{}\n"
                                                   "b.exactly.once.source.support = enabled\n"
                                                   "a.consumer.isolation.level = read_committed",
                                                   FreePort()),
                                       dir_),
                    log);
    LogEnds ends(pair_.destination);
    int64_t last = 0;
    std::optional<SteadyClock::time_point> first, grew;
    Await("MirrorMaker 2 to copy all", kLimit, [&] {
      if (!process.Running()) throw std::runtime_error("MirrorMaker 2 ended early:\n" + LastLines(log, 20));
      const int64_t now = ends.Sum(topic, partitions);
      if (now > last) {
        grew = SteadyClock::now();
        if (!first) first = grew;
        last = now;
      }
      return grew && SteadyClock::now() - *grew > seconds(3) && committed(pair_.destination) >= wanted;
    });
    process.End(seconds(20));
    return std::max(0.1, std::chrono::duration<double>(*grew - *first).count());  // all of it may come at once
  }

  struct Cpu {
    double klink = 0, brokers = 0;
  };
  fs::path dir_;
  ClusterPair pair_;
  Cpu used_;  // in seconds, of the last run
};

}  // namespace
}  // namespace klink::bench

int main(int count, char** arguments) {
  using namespace klink::bench;
  try {
    const int transactions = count > 1 ? std::atoi(arguments[1]) : 2000;
    klink::it::TempDir dir("bench");
    const bool met = Bench(dir.path()).Run(transactions);
    fmt::print("\n{}\n", met ? "all targets met" : "a target was missed");
    return met ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}
