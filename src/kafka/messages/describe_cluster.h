// DescribeCluster: the cluster's id, controller and brokers.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct DescribeClusterBroker {
  int32_t broker_id = 0;
  std::string host{};
  int32_t port = 0;
  std::optional<std::string> rack{};
  bool is_fenced = false;

  static void Describe(auto& m, auto& field) {
    field(m.broker_id);
    field(m.host);
    field(m.port);
    field(m.rack);
    field(m.is_fenced, Since(2));
  }
  bool operator==(const DescribeClusterBroker&) const = default;
};

struct DescribeClusterResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeCluster;
  static constexpr int16_t kFlexibleSince = 0;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  int8_t endpoint_type = 1;
  std::string cluster_id{};
  int32_t controller_id = -1;
  std::vector<DescribeClusterBroker> brokers{};
  int32_t cluster_authorized_operations = std::numeric_limits<int32_t>::min();

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code);
    field(m.error_message);
    field(m.endpoint_type, Since(1));
    field(m.cluster_id);
    field(m.controller_id);
    field(m.brokers);
    field(m.cluster_authorized_operations);
  }
  bool operator==(const DescribeClusterResponse&) const = default;
};

struct DescribeClusterRequest {
  using Response = DescribeClusterResponse;
  static constexpr ApiKey kKey = ApiKey::kDescribeCluster;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 2;
  static constexpr int16_t kFlexibleSince = 0;

  bool include_cluster_authorized_operations = false;
  int8_t endpoint_type = 1;
  bool include_fenced_brokers = false;

  static void Describe(auto& m, auto& field) {
    field(m.include_cluster_authorized_operations);
    field(m.endpoint_type, Since(1));
    field(m.include_fenced_brokers, Since(2));
  }
  bool operator==(const DescribeClusterRequest&) const = default;
};

}  // namespace klink::kafka
