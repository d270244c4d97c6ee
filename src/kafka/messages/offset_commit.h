// OffsetCommit: positions of one group, sent to its coordinator; from outside the group with no member and generation
// −1 (protocol.md G1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct OffsetCommitPartitionResponse {
  int32_t partition_index = 0;
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.error_code);
  }
  bool operator==(const OffsetCommitPartitionResponse&) const = default;
};

struct OffsetCommitTopicResponse {
  std::string name{};
  std::vector<OffsetCommitPartitionResponse> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const OffsetCommitTopicResponse&) const = default;
};

struct OffsetCommitResponse {
  static constexpr ApiKey kKey = ApiKey::kOffsetCommit;
  static constexpr int16_t kFlexibleSince = 8;

  int32_t throttle_time_ms = 0;
  std::vector<OffsetCommitTopicResponse> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.topics);
  }
  bool operator==(const OffsetCommitResponse&) const = default;
};

struct OffsetCommitPartition {
  int32_t partition_index = 0;
  int64_t committed_offset = 0;
  int32_t committed_leader_epoch = -1;
  std::optional<std::string> committed_metadata{};

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.committed_offset);
    field(m.committed_leader_epoch);
    field(m.committed_metadata);
  }
  bool operator==(const OffsetCommitPartition&) const = default;
};

struct OffsetCommitTopic {
  std::string name{};
  std::vector<OffsetCommitPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const OffsetCommitTopic&) const = default;
};

struct OffsetCommitRequest {
  using Response = OffsetCommitResponse;
  static constexpr ApiKey kKey = ApiKey::kOffsetCommit;
  static constexpr int16_t kMin = 8;
  static constexpr int16_t kMax = 9;
  static constexpr int16_t kFlexibleSince = 8;

  std::string group_id{};
  int32_t generation_id_or_member_epoch = -1;
  std::string member_id{};
  std::optional<std::string> group_instance_id{};
  std::vector<OffsetCommitTopic> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.group_id);
    field(m.generation_id_or_member_epoch);
    field(m.member_id);
    field(m.group_instance_id);
    field(m.topics);
  }
  bool operator==(const OffsetCommitRequest&) const = default;
};

}  // namespace klink::kafka
