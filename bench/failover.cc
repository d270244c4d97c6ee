// ./x bench failover [--topics N]: how long it takes until N topics (200) of 4 partitions can be written to, from the
// moment on that their source answers nothing any more while every socket stays open: by phase, beside the bare
// requests that shut klink out of as many partitions.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "bench/bench.h"
#include "integration/mirror_check.h"
#include "integration/proxy.h"

namespace klink::bench {
namespace {

using namespace it;
using SteadyClock = std::chrono::steady_clock;

constexpr int kPartitions = 4;
constexpr int kRecords = 50;  // in each topic
constexpr double kMost = 10;  // seconds, of 200 topics
constexpr char kPrefix[] = "over-";

// `klink failover -o json`, as far as it is measured.
struct Step {
  std::string step;
  double seconds = 0;
  static void Describe(auto& m, auto& field) {
    field("step", m.step);
    field("seconds", m.seconds);
  }
};
struct Partition {
  std::optional<int64_t> replicated_to, cut;
  static void Describe(auto& m, auto& field) {
    field("replicated_to", m.replicated_to);
    field("cut", m.cut);
  }
};
struct Mirror {
  std::string topic, outcome;
  std::vector<Partition> partitions;
  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("outcome", m.outcome);
    field("partitions", m.partitions);
  }
};
struct Report {
  std::string state;
  std::optional<double> seconds;
  std::optional<int64_t> lost;
  std::vector<Step> steps;
  std::vector<Mirror> mirrors;
  static void Describe(auto& m, auto& field) {
    field("state", m.state);
    field("seconds", m.seconds);
    field("lost", m.lost);
    field("steps", m.steps);
    field("mirrors", m.mirrors);
  }
};

std::string Name(int topic) { return fmt::format("{}{:04}", kPrefix, topic); }

LinkFile File(const ClusterPair& pair) {
  LinkFile file;
  file.link = "bench";
  file.source = pair.source.bootstrap();
  file.destination = pair.destination.bootstrap();
  file.include = fmt::format("{{prefix: {}}}", kPrefix);
  file.memory = "128MiB";
  return file;
}

void Fill(const ClusterPair& pair, const Agent& agent, int topics) {
  for (int i = 0; i < topics; i++) {
    CreateTopic(pair.source, Name(i), kPartitions);
    Produce(pair.source, Name(i), SampleRecords(kRecords, kPartitions));
  }
  LogEnds ends(pair.destination);
  for (int i = 0; i < topics; i++)
    Await("the copies", seconds(300), [&] { return ends.Sum(Name(i), kPartitions) >= kRecords; });
  Await("every mirror to be known as copied", seconds(120), [&] {
    const std::string list = agent.Cli({"mirror", "list", "-o", "json"}).out;
    size_t active = 0;
    for (size_t at = 0; (at = list.find("\"ACTIVE\"", at)) != std::string::npos; at++) active++;
    return active >= static_cast<size_t>(topics);
  });
}

// From the command to its end; what it says in `report`.
double FailOver(const Agent& agent, Report& report) {
  const auto began = SteadyClock::now();
  const Outcome outcome = agent.Cli({"failover", "--all", "--yes", "-o", "json"});
  const double took = SecondsSince(began);
  const auto json = ParseJson(outcome.out, {.bytes = 64 << 20});
  if (!json.ok() || !FromJson(*json, report).ok() || outcome.exit_code != 0)
    throw std::runtime_error(
        fmt::format("klink failover ended with {}: {}{}", outcome.exit_code, outcome.out.substr(0, 2000), outcome.err));
  return took;
}

// Offsets that the fence took.
int64_t Markers(const Report& report) {
  int64_t markers = 0;
  for (const Mirror& mirror : report.mirrors)
    for (const Partition& partition : mirror.partitions)
      markers += partition.cut.value_or(0) - partition.replicated_to.value_or(0);
  return markers;
}

double Floor(const Cluster& destination, int producers) {
  const Outcome outcome =
      RunToEnd({{std::getenv("KLINK_FLOOR"), destination.bootstrap(), kPrefix, std::to_string(producers)}});
  if (outcome.exit_code != 0) throw std::runtime_error(outcome.err);
  return std::stod(outcome.out);
}

bool Run(int topics) {
  ClusterOptions source = Broker("source");
  source.proxied = true;
  ClusterPair pair(source, Broker("destination"));
  Agent agent(File(pair));
  agent.Start();
  fmt::print("{} topics x {} partitions: mirroring\n", topics, kPartitions);
  std::fflush(stdout);
  Fill(pair, agent, topics);
  Load load(pair.source, Name(0), {.partitions = kPartitions, .per_second = 1000});
  Await("load", seconds(30), [&] { return load.acked() > 1000; });

  pair.source.proxy(0).Hold();
  const auto incident = SteadyClock::now();
  Report report;
  const double command = FailOver(agent, report);
  for (int i = 0; i < topics; i++)
    Produce(pair.destination, Name(i), SampleRecords(kPartitions, kPartitions), {{"enable.idempotence", "true"}});
  const double written = SecondsSince(incident);

  const double partitions = topics * kPartitions;
  const int producers = std::max(1, static_cast<int>(std::lround(static_cast<double>(Markers(report)) / partitions)));
  fmt::print("  klink failover --all: {}, {} records known to be lost\n", report.state, report.lost.value_or(-1));
  for (const Step& step : report.steps) fmt::print("    {:<20}{:>8.2f} s\n", step.step, step.seconds);
  fmt::print("  {:<22}{:>8.2f} s  (in the journal {:.2f} s)\n", "the command", command, report.seconds.value_or(-1));
  fmt::print("  {:<22}{:>8.2f} s  (a producer started anew for each topic, one after the other)\n", "a record in each",
             written);
  fmt::print("  {:<22}{:>8.2f} s  ({} markers in each of {} partitions)\n", "bare fence requests",
             Floor(pair.destination, producers), producers, partitions);
  pair.source.proxy(0).Release();
  load.Stop();
  return Must("seconds from the command to its end", command, "<=", kMost * std::max(1.0, topics / 200.0)) &&
         report.state == "COMPLETED";
}

}  // namespace
}  // namespace klink::bench

int main(int count, char** arguments) {
  const bool given = count == 3 && std::strcmp(arguments[1], "--topics") == 0;
  const int topics = given ? std::atoi(arguments[2]) : 200;
  if ((count != 1 && !given) || topics < 1) {
    fmt::print(stderr, "usage: bench_failover [--topics N]\n");
    return 64;
  }
  try {
    return klink::bench::Run(topics) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}
