// CreateTopics: topics with their partitions and configuration; the cluster chooses the topic id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"
#include "kafka/types.h"

namespace klink::kafka {

struct CreatedTopicConfig {
  std::string name{};
  std::optional<std::string> value{};
  bool read_only = false;
  int8_t config_source = -1;
  bool is_sensitive = false;

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.value);
    field(m.read_only);
    field(m.config_source);
    field(m.is_sensitive);
  }
  bool operator==(const CreatedTopicConfig&) const = default;
};

struct CreatedTopic {
  std::string name{};
  Uuid topic_id{};
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  Error topic_config_error_code = Error::kNone;
  int32_t num_partitions = -1;
  int16_t replication_factor = -1;
  std::optional<std::vector<CreatedTopicConfig>> configs{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.topic_id, Since(7));
    field(m.error_code);
    field(m.error_message);
    field(m.topic_config_error_code, Tag(0, Since(5)));
    field(m.num_partitions);
    field(m.replication_factor);
    field(m.configs);
  }
  bool operator==(const CreatedTopic&) const = default;
};

struct CreateTopicsResponse {
  static constexpr ApiKey kKey = ApiKey::kCreateTopics;
  static constexpr int16_t kFlexibleSince = 5;

  int32_t throttle_time_ms = 0;
  std::vector<CreatedTopic> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.topics);
  }
  bool operator==(const CreateTopicsResponse&) const = default;
};

struct ReplicaAssignment {
  int32_t partition_index = 0;
  std::vector<int32_t> broker_ids{};

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.broker_ids);
  }
  bool operator==(const ReplicaAssignment&) const = default;
};

struct CreatableTopicConfig {
  std::string name{};
  std::optional<std::string> value{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.value);
  }
  bool operator==(const CreatableTopicConfig&) const = default;
};

struct CreatableTopic {
  std::string name{};
  int32_t num_partitions = -1;
  int16_t replication_factor = -1;
  std::vector<ReplicaAssignment> assignments{};
  std::vector<CreatableTopicConfig> configs{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.num_partitions);
    field(m.replication_factor);
    field(m.assignments);
    field(m.configs);
  }
  bool operator==(const CreatableTopic&) const = default;
};

struct CreateTopicsRequest {
  using Response = CreateTopicsResponse;
  static constexpr ApiKey kKey = ApiKey::kCreateTopics;
  static constexpr int16_t kMin = 5;
  static constexpr int16_t kMax = 7;
  static constexpr int16_t kFlexibleSince = 5;

  std::vector<CreatableTopic> topics{};
  int32_t timeout_ms = 60000;
  bool validate_only = false;

  static void Describe(auto& m, auto& field) {
    field(m.topics);
    field(m.timeout_ms);
    field(m.validate_only);
  }
  bool operator==(const CreateTopicsRequest&) const = default;
};

}  // namespace klink::kafka
