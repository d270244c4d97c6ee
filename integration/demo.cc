// ./x demo: two real clusters, a few topics, one agent; the mirror is shown, killed, continued and proven.
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "integration/mirror_check.h"

namespace klink::it {
namespace {

constexpr int kRecords = 3000;

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
  Agent agent(file, "demo");
  Say("The agent's file");
  fmt::print("{}", ReadFile(agent.config()));

  Say("klink run: every topic appears in lyon, the same bytes at the same offsets");
  agent.Start();
  AwaitAll(pair);
  Run(agent, {"status"});

  Say("kill -9 in the middle of more writes, and start again: the destination log is the checkpoint");
  Load load(pair.source, "orders.lz4", {.partitions = 2, .per_second = 5000});
  Await("some load", seconds(30), [&] { return load.acked() > 5000; });
  agent.Kill();
  Await("more load", seconds(30), [&] { return load.acked() > 10000; });
  agent.Start();
  load.Stop();
  AwaitAll(pair);
  fmt::print("  {} more records written meanwhile, all mirrored\n", load.acked());
  Run(agent, {"mirror", "list"});
  Run(agent, {"offsets", "translate", "orders.lz4", "0", "1234"});

  Say("klink verify: reads both logs and compares every byte");
  const int verified = Run(agent, {"verify", "--full"});
  agent.Terminate();
  Say(verified == 0 ? "Both clusters hold the same logs. All is stopped and removed." : "The logs differ!");
  return verified;
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
