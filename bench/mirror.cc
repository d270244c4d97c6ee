// ./x bench mirror: klink, MirrorMaker 2 and the floor (relay.cc) copy the same topic between two real clusters on this
// machine, one after the other, onto the same warm brokers. Everybody is measured from outside: throughput and CPU from
// the first record that arrives to the last, peak memory, and the time from the start of the process to the first
// record. Absolute figures are this machine's; the ratios are what is promised.
#include <cstdio>
#include <exception>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "bench/bench.h"

namespace klink::bench {
namespace {

using namespace it;

constexpr int kPartitions = 6;
constexpr int kRecordBytes = 1000;
constexpr int kMemoryMiB = 128;  // klink's budget
constexpr seconds kCopyLimit(300);
constexpr int kWarmUps = 3;
// What must hold.
constexpr double kThroughputOverMm2 = 2.5;
constexpr double kCpuOverFloor = 2.0;
constexpr double kRssBeyondBudgetMiB = 60;
constexpr double kFirstRecordSeconds = 1.0;

using Clock = std::chrono::steady_clock;

struct Figures {
  double gigabytes = 0;
  double first_record_s = 0;
  double copy_s = 0;
  double cpu_s = 0;
  double brokers_cpu_s = 0;
  double rss_mib = 0;
  double mb_per_s() const { return gigabytes * 1000 / copy_s; }
  double cpu_per_gb() const { return cpu_s / gigabytes; }
  // What the cores of this machine allow when nobody ever waits: the brokers take theirs of the same cores.
  double bound_mb_per_s() const {
    return gigabytes * 1000 * std::thread::hardware_concurrency() / (cpu_s + brokers_cpu_s);
  }
};

double PeakRssMiB(pid_t pid) {
  const std::string status = ReadFile(fmt::format("/proc/{}/status", pid));
  const size_t at = status.find("VmHWM:");
  return at == std::string::npos ? 0 : std::strtod(status.c_str() + at + 6, nullptr) / 1024;
}

// The bytes of a topic's batches as stored.
double LogGigabytes(const Cluster& cluster, const std::string& topic) {
  double bytes = 0;
  for (int partition = 0; partition < kPartitions; ++partition) {
    for (const auto& file : fs::directory_iterator(cluster.DataDir(0) / fmt::format("{}-{}", topic, partition))) {
      if (file.path().extension() == ".log") bytes += static_cast<double>(file.file_size());
    }
  }
  return bytes / 1e9;
}

// Half noise, half zeros: compressible to about half.
void FillTopic(const Cluster& cluster, const std::string& topic, const std::string& codec, int records) {
  CreateTopic(cluster, topic, kPartitions);
  std::mt19937_64 random(1);
  std::string noise(1 << 20, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  constexpr int kChunk = 100000;
  for (int done = 0; done < records; done += kChunk) {
    std::vector<Record> chunk;
    for (int i = done; i < std::min(done + kChunk, records); ++i) {
      Record record{.partition = i % kPartitions};
      record.value = noise.substr(random() % (noise.size() - kRecordBytes / 2), kRecordBytes / 2);
      record.value->resize(kRecordBytes, '0');
      chunk.push_back(std::move(record));
    }
    Produce(cluster, topic, chunk, {{"compression.type", codec}, {"batch.size", "65536"}, {"linger.ms", "20"}});
  }
}

// Starts a copier and watches until `records` have arrived.
Figures Measure(const ClusterPair& pair, const std::string& topic, int64_t records, const Command& command,
                const fs::path& log) {
  LogEnds ends(pair.destination);
  Figures figures{.gigabytes = LogGigabytes(pair.source, topic)};
  const Clock::time_point began = Clock::now();
  Process process(command, log);
  const auto arrived = [&](int64_t wanted) {
    if (!process.Running()) throw std::runtime_error("it ended early:\n" + LastLines(log, 20));
    return ends.Sum(topic, kPartitions) >= wanted;
  };
  Await("the first record", kCopyLimit, [&] { return arrived(1); });
  figures.first_record_s = SecondsSince(began);
  const Clock::time_point first = Clock::now();
  const auto brokers = [&] { return CpuSeconds(pair.source.pid(0)) + CpuSeconds(pair.destination.pid(0)); };
  const double cpu = CpuSeconds(process.pid());
  const double brokers_cpu = brokers();
  Await("the last record", kCopyLimit, [&] { return arrived(records); });
  figures.copy_s = SecondsSince(first);
  figures.cpu_s = CpuSeconds(process.pid()) - cpu;
  figures.brokers_cpu_s = brokers() - brokers_cpu;
  figures.rss_mib = PeakRssMiB(process.pid());
  process.End(seconds(20));
  return figures;
}

class Bench {
 public:
  Bench(int records, fs::path dir) : records_(records), dir_(std::move(dir)) {
    pair_ = std::make_unique<ClusterPair>(Broker("source"), Broker("destination"));
  }

  // Brokers in use have had groups and transactions before; what they take the first time is told, not measured.
  void WarmUp() {
    FillTopic(pair_->source, "warm", "none", records_);
    const Figures first = Klink("warm", records_);
    fmt::print("first record on a destination that never had a group or a transaction: {:.2f} s\n",
               first.first_record_s);
  }

  // The copiers on one topic, after unmeasured runs that warm the brokers up.
  bool Compare(const std::string& topic, const std::string& codec) {
    fmt::print("\n{} x {} B, {} partitions, {}: loading\n", records_, kRecordBytes, kPartitions, codec);
    FillTopic(pair_->source, topic, codec, records_);
    // Brokers become faster for some gigabytes; whoever comes last would be measured on the fastest.
    for (int i = 0; i < kWarmUps; ++i) Floor(topic);
    Row("", "MB/s", "CPU s/GB", "RSS MiB", "first s", "brokers' CPU");
    const Figures floor = Floor(topic);
    Print("floor (relay)", floor);
    const Figures klink = Klink(topic, records_);
    Print("klink", klink);
    const Figures mm2 = MirrorMaker(topic, codec);
    Print("MirrorMaker 2", mm2);
    fmt::print("  what the cores allow: klink {:.0f} MB/s, MirrorMaker 2 {:.0f} MB/s\n", klink.bound_mb_per_s(),
               mm2.bound_mb_per_s());
    const bool fast =
        Must("throughput over MirrorMaker 2", klink.mb_per_s() / mm2.mb_per_s(), ">=", kThroughputOverMm2);
    const bool lean = Must("CPU per GB over the floor", klink.cpu_per_gb() / floor.cpu_per_gb(), "<=", kCpuOverFloor);
    const bool small = Must("MiB beyond the budget", klink.rss_mib - kMemoryMiB, "<=", kRssBeyondBudgetMiB);
    const bool quick = Must("seconds to the first record", klink.first_record_s, "<=", kFirstRecordSeconds);
    RemoveCopy(pair_->source, topic);
    return fast && lean && small && quick;
  }

 private:
  Figures Floor(const std::string& topic) {
    RemoveCopy(pair_->destination, topic);
    CreateTopic(pair_->destination, topic, kPartitions);
    (void)LogEnds(pair_->destination).Sum(topic, kPartitions);  // the leaders answer: the relay asks only once
    return Measure(*pair_, topic, records_,
                   {{Env("KLINK_FLOOR", "build/release/bench/bench_relay"), pair_->source.bootstrap(),
                     pair_->destination.bootstrap(), topic, std::to_string(kPartitions), std::to_string(records_)}},
                   dir_ / "relay.log");
  }

  Figures Klink(const std::string& topic, int records) {
    RemoveCopy(pair_->destination, topic);
    return Measure(*pair_, topic, records, bench::Klink(*pair_, topic, kMemoryMiB, dir_), dir_ / "klink.log");
  }

  Figures MirrorMaker(const std::string& topic, const std::string& codec) {
    RemoveCopy(pair_->destination, topic);
    const Command command =
        bench::MirrorMaker(*pair_, topic, codec, "dedicated.mode.enable.internal.rest = false", dir_);
    return Measure(*pair_, topic, records_, command, dir_ / "mm2.log");
  }

  static void Row(const std::string& name, const std::string& a, const std::string& b, const std::string& c,
                  const std::string& d, const std::string& e) {
    fmt::print("  {:<16}{:>10}{:>12}{:>10}{:>10}{:>14}\n", name, a, b, c, d, e);
    std::fflush(stdout);
  }
  static void Print(const std::string& name, const Figures& f) {
    Row(name, fmt::format("{:.0f}", f.mb_per_s()), fmt::format("{:.2f}", f.cpu_per_gb()),
        fmt::format("{:.0f}", f.rss_mib), fmt::format("{:.2f}", f.first_record_s),
        fmt::format("{:.2f}", f.brokers_cpu_s / f.gigabytes));
  }
  int records_;
  fs::path dir_;
  std::unique_ptr<ClusterPair> pair_;
};

}  // namespace
}  // namespace klink::bench

int main(int count, char** arguments) {
  using namespace klink::bench;
  using klink::it::TempDir;
  try {
    const int records = count > 1 ? std::atoi(arguments[1]) : 1000000;
    TempDir dir("bench");
    Bench bench(records, dir.path());
    bench.WarmUp();
    const bool plain = bench.Compare("w1", "none");
    const bool packed = bench.Compare("w2", "lz4");
    fmt::print("\n{}\n", plain && packed ? "all targets met" : "a target was missed");
    return plain && packed ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}
