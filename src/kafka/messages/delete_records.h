// DeleteRecords: moves a partition's log start forward, at most to the high watermark (protocol.md L1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct DeleteRecordsPartitionResult {
  int32_t partition_index = 0;
  int64_t low_watermark = 0;
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.low_watermark);
    field(m.error_code);
  }
  bool operator==(const DeleteRecordsPartitionResult&) const = default;
};

struct DeleteRecordsTopicResult {
  std::string name{};
  std::vector<DeleteRecordsPartitionResult> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const DeleteRecordsTopicResult&) const = default;
};

struct DeleteRecordsResponse {
  static constexpr ApiKey kKey = ApiKey::kDeleteRecords;
  static constexpr int16_t kFlexibleSince = 2;

  int32_t throttle_time_ms = 0;
  std::vector<DeleteRecordsTopicResult> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.topics);
  }
  bool operator==(const DeleteRecordsResponse&) const = default;
};

struct DeleteRecordsPartition {
  int32_t partition_index = 0;
  int64_t offset = 0;

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.offset);
  }
  bool operator==(const DeleteRecordsPartition&) const = default;
};

struct DeleteRecordsTopic {
  std::string name{};
  std::vector<DeleteRecordsPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const DeleteRecordsTopic&) const = default;
};

struct DeleteRecordsRequest {
  using Response = DeleteRecordsResponse;
  static constexpr ApiKey kKey = ApiKey::kDeleteRecords;
  static constexpr int16_t kMin = 1;
  static constexpr int16_t kMax = 2;
  static constexpr int16_t kFlexibleSince = 2;

  std::vector<DeleteRecordsTopic> topics{};
  int32_t timeout_ms = 5000;

  static void Describe(auto& m, auto& field) {
    field(m.topics);
    field(m.timeout_ms);
  }
  bool operator==(const DeleteRecordsRequest&) const = default;
};

}  // namespace klink::kafka
