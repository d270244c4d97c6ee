// ListOffsets: log start, high watermark, last stable offset and, asked as a debug replica, the log end (protocol.md
// L5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct ListOffsetsPartitionResponse {
  int32_t partition_index = 0;
  Error error_code = Error::kNone;
  int64_t timestamp = -1;
  int64_t offset = -1;
  int32_t leader_epoch = -1;

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.error_code);
    field(m.timestamp);
    field(m.offset);
    field(m.leader_epoch, Since(4));
  }
  bool operator==(const ListOffsetsPartitionResponse&) const = default;
};

struct ListOffsetsTopicResponse {
  std::string name{};
  std::vector<ListOffsetsPartitionResponse> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const ListOffsetsTopicResponse&) const = default;
};

struct ListOffsetsResponse {
  static constexpr ApiKey kKey = ApiKey::kListOffsets;
  static constexpr int16_t kFlexibleSince = 6;

  int32_t throttle_time_ms = 0;
  std::vector<ListOffsetsTopicResponse> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.topics);
  }
  bool operator==(const ListOffsetsResponse&) const = default;
};

struct ListOffsetsPartition {
  static constexpr int64_t kLatest = -1;
  static constexpr int64_t kEarliest = -2;
  static constexpr int64_t kMaxTimestamp = -3;   // from version 7
  static constexpr int64_t kEarliestLocal = -4;  // from version 8

  int32_t partition_index = 0;
  int32_t current_leader_epoch = -1;
  int64_t timestamp = kLatest;

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.current_leader_epoch, Since(4));
    field(m.timestamp);
  }
  bool operator==(const ListOffsetsPartition&) const = default;
};

struct ListOffsetsTopic {
  std::string name{};
  std::vector<ListOffsetsPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const ListOffsetsTopic&) const = default;
};

struct ListOffsetsRequest {
  using Response = ListOffsetsResponse;
  static constexpr ApiKey kKey = ApiKey::kListOffsets;
  static constexpr int16_t kMin = 2;
  static constexpr int16_t kMax = 10;
  static constexpr int16_t kFlexibleSince = 6;
  static constexpr int32_t kDebugReplica = -2;  // as replica_id: kLatest answers the log end offset

  int32_t replica_id = -1;
  int8_t isolation_level = 0;  // 1: read_committed
  std::vector<ListOffsetsTopic> topics{};
  int32_t timeout_ms = 5000;

  static void Describe(auto& m, auto& field) {
    field(m.replica_id);
    field(m.isolation_level);
    field(m.topics);
    field(m.timeout_ms, Since(10));
  }
  bool operator==(const ListOffsetsRequest&) const = default;
};

}  // namespace klink::kafka
