// DescribeProducers: per partition, the producers it remembers with their epoch and last sequence (protocol.md L6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct ProducerState {
  int64_t producer_id = 0;
  int32_t producer_epoch = 0;
  int32_t last_sequence = -1;
  int64_t last_timestamp = -1;
  int32_t coordinator_epoch = 0;
  int64_t current_txn_start_offset = -1;

  static void Describe(auto& m, auto& field) {
    field(m.producer_id);
    field(m.producer_epoch);
    field(m.last_sequence);
    field(m.last_timestamp);
    field(m.coordinator_epoch);
    field(m.current_txn_start_offset);
  }
  bool operator==(const ProducerState&) const = default;
};

struct DescribeProducersPartition {
  int32_t partition_index = 0;
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  std::vector<ProducerState> active_producers{};

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.error_code);
    field(m.error_message);
    field(m.active_producers);
  }
  bool operator==(const DescribeProducersPartition&) const = default;
};

struct DescribeProducersTopicResponse {
  std::string name{};
  std::vector<DescribeProducersPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const DescribeProducersTopicResponse&) const = default;
};

struct DescribeProducersResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeProducers;
  static constexpr int16_t kFlexibleSince = 0;

  int32_t throttle_time_ms = 0;
  std::vector<DescribeProducersTopicResponse> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.topics);
  }
  bool operator==(const DescribeProducersResponse&) const = default;
};

struct DescribeProducersTopic {
  std::string name{};
  std::vector<int32_t> partition_indexes{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partition_indexes);
  }
  bool operator==(const DescribeProducersTopic&) const = default;
};

struct DescribeProducersRequest {
  using Response = DescribeProducersResponse;
  static constexpr ApiKey kKey = ApiKey::kDescribeProducers;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 0;
  static constexpr int16_t kFlexibleSince = 0;

  std::vector<DescribeProducersTopic> topics{};

  static void Describe(auto& m, auto& field) { field(m.topics); }
  bool operator==(const DescribeProducersRequest&) const = default;
};

}  // namespace klink::kafka
