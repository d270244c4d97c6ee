// What an application does with a cluster, through librdkafka, and what Kafka's own tools say about it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/cluster.h"

struct rd_kafka_s;

namespace klink::it {

using Settings = std::map<std::string, std::string>;

struct Record {
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  int64_t timestamp_ms = 0;  // 0: now
  int32_t partition = 0;
  int64_t offset = -1;  // when read
  friend bool operator==(const Record&, const Record&) = default;
};

// `count` records over all partitions in turn, with keys, values of about `size` bytes, headers and nulls among them.
std::vector<Record> SampleRecords(int count, int partitions, size_t size = 100, int64_t timestamp_ms = 0,
                                  const std::string& prefix = "r");

void CreateTopic(const Cluster& cluster, const std::string& topic, int partitions, const Settings& configs = {},
                 int replicas = 1);
void AddPartitions(const Cluster& cluster, const std::string& topic, int total);
void DeleteTopic(const Cluster& cluster, const std::string& topic);
// Moves a partition's log start.
void DeleteRecords(const Cluster& cluster, const std::string& topic, int partition, int64_t before);

// Produces and waits until all are acknowledged. `settings`: librdkafka's, e.g. compression.type.
void Produce(const Cluster& cluster, const std::string& topic, const std::vector<Record>& records,
             const Settings& settings = {});

struct Range {
  int64_t start = 0;
  int64_t end = 0;  // the high watermark
  friend bool operator==(const Range&, const Range&) = default;
};
// The partition's log range, or nothing when the topic or partition is not there (yet).
std::optional<Range> RangeOf(const Cluster& cluster, const std::string& topic, int partition);
int PartitionCount(const Cluster& cluster, const std::string& topic);  // 0: no such topic
// A broker's id; -1 when there is none.
int LeaderOf(const Cluster& cluster, const std::string& topic, int partition);
std::vector<std::string> TopicNames(const Cluster& cluster);

// High watermarks through one lasting connection, cheap enough to be asked all the time. A partition that does not
// answer counts with its last one.
class LogEnds {
 public:
  explicit LogEnds(const Cluster& cluster);
  ~LogEnds();
  int64_t Of(const std::string& topic, int partition);
  int64_t Sum(const std::string& topic, int partitions);

 private:
  rd_kafka_s* client_;
  std::map<std::pair<std::string, int>, int64_t> last_;
};

// A member of a consumer group that reads a topic, while it lives.
class GroupReader {
 public:
  GroupReader(const Cluster& cluster, const std::string& topic, const std::string& group);
  ~GroupReader();

 private:
  rd_kafka_s* client_;
};

// Every visible record of a partition, in order, up to the high watermark at the time of the call.
std::vector<Record> ReadPartition(const Cluster& cluster, const std::string& topic, int partition,
                                  const std::string& isolation = "read_committed");

// An application that produces all the time, on a thread of its own, until Stop(); records are retried until
// acknowledged, so every one of acked() stands in the log.
class Load {
 public:
  struct Options {
    int partitions = 3;
    int per_second = 2000;
    size_t size = 200;
    int64_t timestamp_ms = 0;  // 0: now
    Settings settings = {};
  };
  Load(const Cluster& cluster, std::string topic, Options options);
  ~Load();
  void Stop();
  int64_t acked() const { return acked_; }

 private:
  void Run();
  std::string bootstrap_;
  std::string topic_;
  Options options_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> acked_ = 0;
  std::thread thread_;
};

// Kafka's console consumer on one partition from the log start: a line per record with offset, timestamp, headers, key
// and value.
std::string ConsoleConsumer(Cluster& cluster, const std::string& topic, int partition, int64_t count,
                            const std::string& isolation = "read_uncommitted");
// Kafka's kafka.tools.DumpLogSegments over all segments of a partition on a broker: a line per batch.
// The lines that it prints of such records.
std::string AsTheConsoleConsumerPrints(const std::vector<Record>& records);
std::string DumpLogSegments(Cluster& cluster, const std::string& topic, int partition, int broker = 0);
// Sets topic configs through Kafka's own ConfigCommand.
void AlterTopic(Cluster& cluster, const std::string& topic, const Settings& configs);

}  // namespace klink::it
