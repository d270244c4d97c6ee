// AddPartitionsToTxn: before a transaction writes to a partition, its coordinator must know that it will. Only the form
// clients speak: from version 4 on it is the brokers' own, batched, and needs CLUSTER_ACTION (protocol.md T5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct AddPartitionsToTxnPartitionResult {
  int32_t partition_index = 0;
  Error partition_error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.partition_error_code);
  }
  bool operator==(const AddPartitionsToTxnPartitionResult&) const = default;
};

struct AddPartitionsToTxnTopicResult {
  std::string name{};
  std::vector<AddPartitionsToTxnPartitionResult> results_by_partition{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.results_by_partition);
  }
  bool operator==(const AddPartitionsToTxnTopicResult&) const = default;
};

struct AddPartitionsToTxnResponse {
  static constexpr ApiKey kKey = ApiKey::kAddPartitionsToTxn;
  static constexpr int16_t kFlexibleSince = 3;

  int32_t throttle_time_ms = 0;
  std::vector<AddPartitionsToTxnTopicResult> results_by_topic{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.results_by_topic);
  }
  bool operator==(const AddPartitionsToTxnResponse&) const = default;
};

struct AddPartitionsToTxnTopic {
  std::string name{};
  std::vector<int32_t> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const AddPartitionsToTxnTopic&) const = default;
};

struct AddPartitionsToTxnRequest {
  using Response = AddPartitionsToTxnResponse;
  static constexpr ApiKey kKey = ApiKey::kAddPartitionsToTxn;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 3;
  static constexpr int16_t kFlexibleSince = 3;

  std::string transactional_id{};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  std::vector<AddPartitionsToTxnTopic> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.transactional_id);
    field(m.producer_id);
    field(m.producer_epoch);
    field(m.topics);
  }
  bool operator==(const AddPartitionsToTxnRequest&) const = default;
};

}  // namespace klink::kafka
