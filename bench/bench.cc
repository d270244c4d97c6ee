#include "bench/bench.h"

#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

namespace klink::bench {
namespace {

using namespace it;

const std::vector<std::string> kOptimised = {"-XX:TieredStopAtLevel=4", "-XX:-UseSerialGC", "-XX:+UseG1GC"};

// Large fetches and batches, two tasks for two cores, the same codec, equal topic names.
constexpr char kMm2Properties[] = R"(clusters = a, b
a.bootstrap.servers = {}
b.bootstrap.servers = {}
a->b.enabled = true
b->a.enabled = false
a->b.topics = {}
a->b.groups = none-at-all
replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy
tasks.max = 2
replication.factor = 1
checkpoints.topic.replication.factor = 1
heartbeats.topic.replication.factor = 1
offset-syncs.topic.replication.factor = 1
offset-syncs.topic.location = target
offset.storage.replication.factor = 1
status.storage.replication.factor = 1
config.storage.replication.factor = 1
refresh.topics.interval.seconds = 10
a.consumer.fetch.max.bytes = 104857600
a.consumer.max.partition.fetch.bytes = 10485760
a.consumer.max.poll.records = 5000
b.producer.batch.size = 65536
b.producer.linger.ms = 20
b.producer.compression.type = {}
{}
)";

}  // namespace

// The heap is there from the start: a broker that runs for days does not grow it under load.
ClusterOptions Broker(const std::string& name) {
  std::vector<std::string> jvm = kOptimised;
  jvm.insert(jvm.end(), {"-Xms1g", "-XX:+AlwaysPreTouch"});
  return {.name = name,
          .properties = {{"num.io.threads", "8"}, {"num.network.threads", "3"}},
          .heap = "1g",
          .jvm = std::move(jvm)};
}

void RemoveCopy(const Cluster& destination, const std::string& topic) {
  if (PartitionCount(destination, topic) == 0) return;
  DeleteTopic(destination, topic);
  Await("the copy to be gone", seconds(60), [&] { return PartitionCount(destination, topic) == 0; });
}

Command Klink(const ClusterPair& pair, const std::string& topic, int memory_mib, const fs::path& dir) {
  LinkFile file;
  file.link = "bench";
  file.include = "{literal: " + topic + "}";
  file.source = pair.source.bootstrap();
  file.destination = pair.destination.bootstrap();
  file.memory = fmt::format("{}MiB", memory_mib);
  const fs::path yaml = dir / "klink.yaml";
  WriteFile(yaml, Yaml(file, dir / "data", FreePort()));
  return {{KlinkBinary(), "run", "-c", yaml.string()}};
}

Command MirrorMaker(const ClusterPair& pair, const std::string& topic, const std::string& codec,
                    const std::string& more, const fs::path& dir) {
  const fs::path properties = dir / "mm2.properties";
  WriteFile(properties,
            fmt::format(kMm2Properties, pair.source.bootstrap(), pair.destination.bootstrap(), topic, codec, more));
  std::vector<std::string> options = {"-Xms1g", "-Xmx2g", LoggingOption(pair.source.version(), dir, "WARN")};
  options.insert(options.begin() + 2, kOptimised.begin(), kOptimised.end());
  return Java(pair.source.version(), "org.apache.kafka.connect.mirror.MirrorMaker", options, {properties.string()});
}

double CpuSeconds(pid_t pid) {
  const std::string stat = ReadFile(fmt::format("/proc/{}/stat", pid));
  std::istringstream rest(stat.substr(stat.rfind(')') + 2));
  std::string word;
  double ticks = 0;
  for (int field = 3; rest >> word && field <= 15; ++field) {
    if (field >= 14) ticks += std::stod(word);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double SecondsSince(std::chrono::steady_clock::time_point from) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

bool Must(const std::string& what, double is, const std::string& sign, double bound) {
  const bool holds = sign == "<=" ? is <= bound : is >= bound;
  fmt::print("  {} {}: {:.2f} (must be {} {})\n", holds ? "ok    " : "MISSED", what, is, sign, bound);
  return holds;
}

}  // namespace klink::bench
