// ./x bench groups [--groups N]: what carrying over consumer groups costs and how exact it is: N groups (5,000) on 20
// partitions between two real clusters on this machine. Every committed offset is compared at the destination; then a
// steady round, in which nothing moved, is measured. MirrorMaker 2 carries over the same groups beside it, with its
// most frequent settings.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "bench/bench.h"
#include "integration/group_tools.h"
#include "integration/mirror_check.h"

namespace klink::bench {
namespace {

using namespace it;
using SteadyClock = std::chrono::steady_clock;

constexpr int kPartitions = 20;
constexpr int kRecords = 2000;  // in each
constexpr int kAtOnce = 16;
constexpr int kSteadyRounds = 6;
constexpr char kTopic[] = "groups";
constexpr double kCpuPerRound = 0.25;  // seconds, for 5,000 groups

template <class F>
void InParallel(int count, F one) {
  std::atomic<int> next = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kAtOnce; i++)
    threads.emplace_back([&] {
      for (int job = next++; job < count; job = next++) one(job);
    });
  for (std::thread& thread : threads) thread.join();
}

std::string Name(int group) { return fmt::format("bench-{:04}", group); }

struct Errors {
  int64_t offsets = 0, missing = 0, most = 0;
  double sum = 0;
  double mean() const { return offsets > missing ? sum / static_cast<double>(offsets - missing) : 0; }
};

class Bench {
 public:
  Bench(int groups, fs::path dir)
      : groups_(groups), dir_(std::move(dir)), pair_(Broker("source"), Broker("destination")) {}

  bool Run() {
    fmt::print("{} groups of {} partitions: committing at the source\n", groups_, kPartitions);
    std::fflush(stdout);
    CreateTopic(pair_.source, kTopic, kPartitions);
    Produce(pair_.source, kTopic, SampleRecords(kPartitions * kRecords, kPartitions, 20));
    stands_.resize(static_cast<size_t>(groups_));
    Move(0);
    const bool klink = Klink();
    MirrorMaker();
    return klink;
  }

 private:
  // Every group to another place in every partition.
  void Move(int seed) {
    InParallel(groups_, [&](int g) {
      std::mt19937 random(static_cast<unsigned>(seed * groups_ + g));
      Places& stand = stands_[static_cast<size_t>(g)];
      for (int p = 0; p < kPartitions; p++) {
        const auto [at, fresh] = stand.try_emplace({kTopic, p}, 0);
        // A position that does not move is not committed again, and would be waited for in vain.
        const int64_t before = fresh ? 0 : at->second;
        at->second = (before + 1 + static_cast<int64_t>(random() % kRecords)) % (kRecords + 1);
      }
      CommitPlaces(pair_.source, Name(g), stand);
    });
  }

  // The copy has the same offsets, so an exact position is the source's.
  Errors Compare() {
    std::vector<Place> places;
    for (int p = 0; p < kPartitions; p++) places.emplace_back(kTopic, p);
    Errors errors;
    std::mutex mutex;
    InParallel(groups_, [&](int g) {
      const Places there = CommittedPlaces(pair_.destination, Name(g), places);
      const std::lock_guard lock(mutex);
      for (const auto& [place, offset] : stands_[static_cast<size_t>(g)]) {
        errors.offsets++;
        const auto at = there.find(place);
        if (at == there.end()) {
          errors.missing++;
          continue;
        }
        const int64_t off = std::abs(at->second - offset);
        errors.most = std::max(errors.most, off);
        errors.sum += static_cast<double>(off);
      }
    });
    return errors;
  }

  static void Print(const std::string& who, const Errors& errors) {
    fmt::print("  {:<24}{} offsets: mean error {:.1f}, largest {}, not there {}\n", who, errors.offsets, errors.mean(),
               errors.most, errors.missing);
    std::fflush(stdout);
  }

  bool Klink() {
    LinkFile file;
    file.link = "bench";
    file.include = fmt::format("{{literal: {}}}", kTopic);
    file.source = pair_.source.bootstrap();
    file.destination = pair_.destination.bootstrap();
    file.extra_link = "groups: {include: [{prefix: bench-}], interval: 5s}";
    Agent agent(file);
    agent.Start();
    AwaitMirrored(pair_.source, pair_.destination, kTopic);
    AwaitAll(agent, 1);
    Print("klink, first round", Compare());
    const double before = CounterSum(agent, "klink_group_commits_total");  // rounds go on while groups move
    Move(1);
    const auto began = SteadyClock::now();
    AwaitAll(agent, before / (groups_ * kPartitions) + 1);
    fmt::print("  every group moved: carried over within {:.1f} s (of which up to 5 s until the next round)\n",
               SecondsSince(began));
    const Errors errors = Compare();
    Print("klink, second round", errors);
    const double cpu = Steady(agent);
    const double scaled = kCpuPerRound * std::max(1.0, groups_ / 5000.0);
    const bool exact = Must("largest error in offsets", static_cast<double>(errors.most + errors.missing), "<=", 0);
    return Must("CPU seconds of a steady round", cpu, "<=", scaled) && exact;
  }

  // Until so many times all positions have been committed, and a round was completed since.
  void AwaitAll(const Agent& agent, double times) {
    Await("every position", seconds(600),
          [&] { return CounterSum(agent, "klink_group_commits_total") >= std::floor(times * groups_ * kPartitions); });
    const auto completed = ReadAt(agent);
    Await("the round's end", seconds(60), [&] { return ReadAt(agent) > completed; });
  }
  static double ReadAt(const Agent& agent) {
    return Sample(agent.Get("/metrics").value_or(""), "klink_group_sync_timestamp_seconds{link=\"bench\"}").value_or(0);
  }

  // What the whole agent uses while nothing moves, by round: an upper bound.
  static double Steady(const Agent& agent) {
    double last = ReadAt(agent);
    Await("a round", seconds(60), [&] { return ReadAt(agent) > last; });
    last = ReadAt(agent);
    const double cpu = CpuSeconds(agent.pid());
    int rounds = 0;
    Await("steady rounds", seconds(120), [&] {
      std::this_thread::sleep_for(seconds(1));  // being asked costs the agent as well
      if (const double now = ReadAt(agent); now > last) rounds++, last = now;
      return rounds >= kSteadyRounds;
    });
    const double each = (CpuSeconds(agent.pid()) - cpu) / rounds;
    fmt::print("  steady: {:.3f} CPU s a round, the whole agent ({} rounds)\n", each, rounds);
    return each;
  }

  void MirrorMaker() {
    RemoveCopy(pair_.destination, kTopic);  // its committed offsets go with it
    const std::string more =
        "a->b.groups = bench-.*\na->b.sync.group.offsets.enabled = true\na->b.sync.group.offsets.interval.seconds = 1\n"
        "a->b.emit.checkpoints.interval.seconds = 1\na->b.refresh.groups.interval.seconds = 5\n"
        "dedicated.mode.enable.internal.rest = false";
    Process process(bench::MirrorMaker(pair_, kTopic, "none", more, dir_), dir_ / "mm2.log");
    Await("MirrorMaker 2's copy", seconds(120), [&] { return PartitionCount(pair_.destination, kTopic) > 0; });
    AwaitMirrored(pair_.source, pair_.destination, kTopic, seconds(300));
    Errors errors = Compare();
    for (int same = 0; same < 3;) {  // until it changes nothing any more
      std::this_thread::sleep_for(seconds(10));
      const Errors now = Compare();
      same = now.missing == errors.missing && now.sum == errors.sum ? same + 1 : 0;
      errors = now;
    }
    Print("MirrorMaker 2", errors);
    process.End(seconds(20));
  }

  int groups_;
  fs::path dir_;
  ClusterPair pair_;
  std::vector<Places> stands_;
};

}  // namespace
}  // namespace klink::bench

int main(int argc, char** argv) {
  int groups = 5000;
  for (int i = 1; i + 1 < argc; i += 2)
    if (std::strcmp(argv[i], "--groups") == 0) groups = std::atoi(argv[i + 1]);
  try {
    klink::it::TempDir dir("klink-bench-groups");
    return klink::bench::Bench(groups, dir.path()).Run() ? 0 : 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "bench groups: {}\n", e.what());
    return 1;
  }
}
