// DescribeLogDirs: a broker's own folders, how much each can still take, and what the partitions in them take
// (protocol.md G19).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct DescribeLogDirsPartition {
  int32_t partition_index = 0;
  int64_t partition_size = 0;  // bytes
  int64_t offset_lag = 0;
  bool is_future_key = false;  // being moved into this folder

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.partition_size);
    field(m.offset_lag);
    field(m.is_future_key);
  }
  bool operator==(const DescribeLogDirsPartition&) const = default;
};

struct DescribeLogDirsTopicResponse {
  std::string name{};
  std::vector<DescribeLogDirsPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const DescribeLogDirsTopicResponse&) const = default;
};

struct DescribeLogDirsResult {
  Error error_code = Error::kNone;
  std::string log_dir{};
  std::vector<DescribeLogDirsTopicResponse> topics{};
  int64_t total_bytes = -1;   // of the volume; -1 is not known
  int64_t usable_bytes = -1;  // of the volume; -1 is not known

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.log_dir);
    field(m.topics);
    field(m.total_bytes, Since(4));
    field(m.usable_bytes, Since(4));
  }
  bool operator==(const DescribeLogDirsResult&) const = default;
};

struct DescribeLogDirsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeLogDirs;
  static constexpr int16_t kFlexibleSince = 2;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  std::vector<DescribeLogDirsResult> results{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code, Since(3));
    field(m.results);
  }
  bool operator==(const DescribeLogDirsResponse&) const = default;
};

struct DescribeLogDirsTopic {
  std::string topic{};
  std::vector<int32_t> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.topic);
    field(m.partitions);
  }
  bool operator==(const DescribeLogDirsTopic&) const = default;
};

struct DescribeLogDirsRequest {
  using Response = DescribeLogDirsResponse;
  static constexpr ApiKey kKey = ApiKey::kDescribeLogDirs;
  static constexpr int16_t kMin = 3;
  static constexpr int16_t kMax = 4;
  static constexpr int16_t kFlexibleSince = 2;

  std::optional<std::vector<DescribeLogDirsTopic>> topics{};  // null: all; folders are told in any case

  static void Describe(auto& m, auto& field) { field(m.topics); }
  bool operator==(const DescribeLogDirsRequest&) const = default;
};

}  // namespace klink::kafka
