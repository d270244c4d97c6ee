// Parts that several messages share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace klink::kafka {

// Whose configuration DescribeConfigs and IncrementalAlterConfigs mean.
enum class ResourceType : int8_t {
  kUnknown = 0,
  kTopic = 2,
  kBroker = 4,
  kBrokerLogger = 8,
  kClientMetrics = 16,
  kGroup = 32
};

struct LeaderIdAndEpoch {
  int32_t leader_id = -1;
  int32_t leader_epoch = -1;

  static void Describe(auto& m, auto& field) {
    field(m.leader_id);
    field(m.leader_epoch);
  }
  bool operator==(const LeaderIdAndEpoch&) const = default;
};

struct NodeEndpoint {
  int32_t node_id = 0;
  std::string host{};
  int32_t port = 0;
  std::optional<std::string> rack{};

  static void Describe(auto& m, auto& field) {
    field(m.node_id);
    field(m.host);
    field(m.port);
    field(m.rack);
  }
  bool operator==(const NodeEndpoint&) const = default;
};

}  // namespace klink::kafka
