// ./x demo: two real clusters, a few topics, one agent; the mirror is shown, killed, continued and proven. Then the
// source is lost for good, and what runbooks call for is lived through.
#include <chrono>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "integration/group_tools.h"
#include "integration/mirror_check.h"

namespace klink::it {
namespace {

constexpr int kRecords = 3000;
constexpr char kTopic[] = "orders.lz4";  // two partitions
constexpr char kGroup[] = "app-billing";
using SteadyClock = std::chrono::steady_clock;

void Say(const std::string& text) {
  fmt::print("\n\033[1m▶ {}\033[0m\n", text);
  std::fflush(stdout);
}

int Run(const Agent& agent, std::vector<std::string> arguments) {
  std::string line = "$ klink";
  for (const std::string& argument : arguments) line += " " + argument;
  const Outcome outcome = agent.Cli(std::move(arguments));
  fmt::print("{}\n{}{}", line, outcome.out, outcome.err);
  std::fflush(stdout);
  return outcome.exit_code;
}

void Fill(const Cluster& source) {
  int topic = 0;
  for (const std::string codec : {"none", "lz4", "zstd", "gzip", "snappy"}) {
    const std::string name = "orders." + codec;
    CreateTopic(source, name, 1 + topic++ % 3);
    Produce(source, name, SampleRecords(kRecords, PartitionCount(source, name), 200), {{"compression.type", codec}});
    fmt::print("  {}: {} records, {} partition(s)\n", name, kRecords, PartitionCount(source, name));
  }
}

void AwaitAll(const ClusterPair& pair) {
  for (const char* codec : {"none", "lz4", "zstd", "gzip", "snappy"}) {
    AwaitMirrored(pair.source, pair.destination, std::string("orders.") + codec);
  }
}

double SecondsSince(SteadyClock::time_point from) {
  return std::chrono::duration<double>(SteadyClock::now() - from).count();
}

// An application reads and commits in paris, until lyon knows how far it is.
void ReadInParis(const ClusterPair& pair) {
  constexpr int kRead = 200;
  Application application(pair.source, kTopic, kGroup);
  const size_t read = application.Read(kRead, seconds(30), true).size();
  const std::vector<Place> places = {{kTopic, 0}, {kTopic, 1}};
  const Places stands = CommittedPlaces(pair.source, kGroup, places);
  Await("the group's positions in lyon", seconds(30),
        [&] { return CommittedPlaces(pair.destination, kGroup, places) == stands; });
  for (const auto& [place, offset] : stands)
    fmt::print("  {} read {} records; it stands at {} of {}-{}, in paris and in lyon\n", kGroup, read, offset,
               place.first, place.second);
}

// The same application, started again in lyon: where it goes on reading, and that it can write.
void GoOnInLyon(const ClusterPair& pair, SteadyClock::time_point incident) {
  Produce(pair.destination, kTopic, SampleRecords(2, 2, 100, 0, "lyon"), {{"enable.idempotence", "true"}});
  fmt::print("  RTO: {:.2f} s from kill -9 to the first record that lyon acknowledged\n", SecondsSince(incident));
  Application application(pair.destination, kTopic, kGroup);
  for (const auto& [partition, record] : application.FirstOfEach(2, seconds(30)))
    fmt::print("  {} goes on at offset {} of {}-{}\n", kGroup, record.offset, kTopic, partition);
}

int LoseParis(ClusterPair& pair, const Agent& agent) {
  Say("An application reads in paris; its place is carried over");
  ReadInParis(pair);

  Say("kill -9 to every broker of paris, while it is written to");
  Load load(pair.source, kTopic, {.partitions = 2, .per_second = 5000});
  Await("some load", seconds(30), [&] { return load.acked() > 10000; });
  pair.source.Kill(0);
  const auto incident = SteadyClock::now();
  const int failed_over = Run(agent, {"failover", "--all", "--yes", "--reason", "paris is gone"});
  if (failed_over != 0) return failed_over;
  GoOnInLyon(pair, incident);

  Say("paris comes back, and somebody's producer still writes there: what never crossed?");
  pair.source.Restart(0);
  load.Stop();
  return Run(agent, {"mirror", "failback", kTopic, "--plan"});
}

int Demo() {
  Say("Starting two Kafka clusters on this machine: paris and lyon");
  ClusterPair pair({.name = "paris"}, {.name = "lyon"});
  fmt::print("  paris (Kafka {}) {}\n  lyon  (Kafka {}) {}\n", pair.source.version(), pair.source.bootstrap(),
             pair.destination.version(), pair.destination.bootstrap());

  Say("Writing to paris");
  Fill(pair.source);

  LinkFile file;
  file.source = pair.source.bootstrap();
  file.destination = pair.destination.bootstrap();
  file.include = "{prefix: orders.}";
  file.extra_link = "groups: {include: [{prefix: app-}], interval: 1s}";
  Agent agent(file, "demo");
  Say("The agent's file");
  fmt::print("{}", ReadFile(agent.config()));

  Say("klink run: every topic appears in lyon, the same bytes at the same offsets");
  agent.Start();
  AwaitAll(pair);
  Run(agent, {"status"});

  Say("kill -9 in the middle of more writes, and start again: the destination log is the checkpoint");
  Load load(pair.source, kTopic, {.partitions = 2, .per_second = 5000});
  Await("some load", seconds(30), [&] { return load.acked() > 5000; });
  agent.Kill();
  Await("more load", seconds(30), [&] { return load.acked() > 10000; });
  agent.Start();
  load.Stop();
  AwaitAll(pair);
  fmt::print("  {} more records written meanwhile, all mirrored\n", load.acked());
  Run(agent, {"mirror", "list"});
  Run(agent, {"offsets", "translate", kTopic, "0", "1234"});

  Say("klink verify: reads both logs and compares every byte");
  if (const int verified = Run(agent, {"verify", "--full"}); verified != 0) {
    Say("The logs differ!");
    return verified;
  }
  const int lost = LoseParis(pair, agent);
  agent.Terminate();
  Say(lost == 0 ? "Lyon goes on, and what paris kept for itself is known. All is stopped and removed."
                : "That did not end well!");
  return lost;
}

}  // namespace
}  // namespace klink::it

int main() {
  try {
    return klink::it::Demo();
  } catch (const std::exception& error) {
    fmt::print(stderr, "demo: {}\n", error.what());
    return 1;
  }
}
