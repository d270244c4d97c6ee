// Is there room for an isolated drill's copies at the destination, where its brokers tell?
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/types.h"
#include "failover/drill_look.h"
#include "kafka/cluster.h"

namespace klink::failover {

// One folder of one broker.
struct LogDirSpace {
  int32_t broker = -1;
  std::string folder;
  std::optional<int64_t> usable;  // bytes; nothing: the broker does not tell
};
struct SpaceFacts {
  std::vector<LogDirSpace> folders;
  std::optional<int64_t> mirrors;  // bytes of all that would be copied, one replica of each; nothing: not known
  std::string untold;              // why a broker tells nothing; empty: all do
};

// Pure. A broker may come to hold one replica of every copy, all in one folder, whichever that is: so each must take
// the smaller of max_bytes and what the mirrors hold, and a tenth more for indexes and what the drill writes itself.
Finding JudgeSpace(const SpaceFacts& facts, int64_t max_bytes);

// Asks every broker. `mirrors`: their partitions.
Async<SpaceFacts> ReadSpace(kafka::Cluster& cluster, std::set<TopicPartition> mirrors);

}  // namespace klink::failover
