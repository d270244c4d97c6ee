// OffsetFetch: what groups have committed, asked of their coordinator; from version 8 on for many groups at once. With
// require_stable a partition whose offset is part of an open transaction answers UNSTABLE_OFFSET_COMMIT (protocol.md
// G3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct CommittedPartition {
  int32_t partition_index = 0;
  int64_t committed_offset = -1;  // -1: nothing is committed
  int32_t committed_leader_epoch = -1;
  std::optional<std::string> metadata{};
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.committed_offset);
    field(m.committed_leader_epoch);
    field(m.metadata);
    field(m.error_code);
  }
  bool operator==(const CommittedPartition&) const = default;
};

struct CommittedTopic {
  std::string name{};
  std::vector<CommittedPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const CommittedTopic&) const = default;
};

struct CommittedGroup {
  std::string group_id{};
  std::vector<CommittedTopic> topics{};
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.group_id);
    field(m.topics);
    field(m.error_code);
  }
  bool operator==(const CommittedGroup&) const = default;
};

struct OffsetFetchResponse {
  static constexpr ApiKey kKey = ApiKey::kOffsetFetch;
  static constexpr int16_t kFlexibleSince = 6;

  int32_t throttle_time_ms = 0;
  std::vector<CommittedTopic> topics{};
  Error error_code = Error::kNone;
  std::vector<CommittedGroup> groups{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.topics, Until(7));
    field(m.error_code, Until(7));
    field(m.groups, Since(8));
  }
  bool operator==(const OffsetFetchResponse&) const = default;
};

struct OffsetFetchTopic {
  std::string name{};
  std::vector<int32_t> partition_indexes{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partition_indexes);
  }
  bool operator==(const OffsetFetchTopic&) const = default;
};

struct OffsetFetchGroup {
  std::string group_id{};
  std::optional<std::string> member_id{};
  int32_t member_epoch = -1;
  std::optional<std::vector<OffsetFetchTopic>> topics{};  // null: all

  static void Describe(auto& m, auto& field) {
    field(m.group_id);
    field(m.member_id, Since(9));
    field(m.member_epoch, Since(9));
    field(m.topics);
  }
  bool operator==(const OffsetFetchGroup&) const = default;
};

struct OffsetFetchRequest {
  using Response = OffsetFetchResponse;
  static constexpr ApiKey kKey = ApiKey::kOffsetFetch;
  static constexpr int16_t kMin = 7;
  static constexpr int16_t kMax = 9;
  static constexpr int16_t kFlexibleSince = 6;
  static constexpr int16_t kManyGroups = 8;  // from this version on

  std::string group_id{};
  std::optional<std::vector<OffsetFetchTopic>> topics{};
  std::vector<OffsetFetchGroup> groups{};
  bool require_stable = false;

  static void Describe(auto& m, auto& field) {
    field(m.group_id, Until(7));
    field(m.topics, Until(7));
    field(m.groups, Since(8));
    field(m.require_stable);
  }
  bool operator==(const OffsetFetchRequest&) const = default;
};

}  // namespace klink::kafka
