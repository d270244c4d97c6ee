// OffsetForLeaderEpoch: where a leader epoch ends in the log; finds truncation, and the log end for the current epoch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct EpochEndOffsetResult {
  Error error_code = Error::kNone;
  int32_t partition = 0;
  int32_t leader_epoch = -1;
  int64_t end_offset = -1;

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.partition);
    field(m.leader_epoch);
    field(m.end_offset);
  }
  bool operator==(const EpochEndOffsetResult&) const = default;
};

struct OffsetForLeaderTopicResult {
  std::string topic{};
  std::vector<EpochEndOffsetResult> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.topic);
    field(m.partitions);
  }
  bool operator==(const OffsetForLeaderTopicResult&) const = default;
};

struct OffsetForLeaderEpochResponse {
  static constexpr ApiKey kKey = ApiKey::kOffsetForLeaderEpoch;
  static constexpr int16_t kFlexibleSince = 4;

  int32_t throttle_time_ms = 0;
  std::vector<OffsetForLeaderTopicResult> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.topics);
  }
  bool operator==(const OffsetForLeaderEpochResponse&) const = default;
};

struct OffsetForLeaderPartition {
  int32_t partition = 0;
  int32_t current_leader_epoch = -1;
  int32_t leader_epoch = -1;

  static void Describe(auto& m, auto& field) {
    field(m.partition);
    field(m.current_leader_epoch);
    field(m.leader_epoch);
  }
  bool operator==(const OffsetForLeaderPartition&) const = default;
};

struct OffsetForLeaderTopic {
  std::string topic{};
  std::vector<OffsetForLeaderPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.topic);
    field(m.partitions);
  }
  bool operator==(const OffsetForLeaderTopic&) const = default;
};

struct OffsetForLeaderEpochRequest {
  using Response = OffsetForLeaderEpochResponse;
  static constexpr ApiKey kKey = ApiKey::kOffsetForLeaderEpoch;
  static constexpr int16_t kMin = 3;
  static constexpr int16_t kMax = 4;
  static constexpr int16_t kFlexibleSince = 4;

  int32_t replica_id = -1;
  std::vector<OffsetForLeaderTopic> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.replica_id);
    field(m.topics);
  }
  bool operator==(const OffsetForLeaderEpochRequest&) const = default;
};

}  // namespace klink::kafka
