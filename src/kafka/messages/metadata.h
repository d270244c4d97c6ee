// Metadata: brokers, topics, partition leaders and topic ids (ids from version 10).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"
#include "kafka/types.h"

namespace klink::kafka {

struct MetadataBroker {
  int32_t node_id = 0;
  std::string host{};
  int32_t port = 0;
  std::optional<std::string> rack{};

  static void Describe(auto& m, auto& field) {
    field(m.node_id);
    field(m.host);
    field(m.port);
    field(m.rack);
  }
  bool operator==(const MetadataBroker&) const = default;
};

struct MetadataPartition {
  Error error_code = Error::kNone;
  int32_t partition_index = 0;
  int32_t leader_id = -1;
  int32_t leader_epoch = -1;
  std::vector<int32_t> replica_nodes{};
  std::vector<int32_t> isr_nodes{};
  std::vector<int32_t> offline_replicas{};

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.partition_index);
    field(m.leader_id);
    field(m.leader_epoch);
    field(m.replica_nodes);
    field(m.isr_nodes);
    field(m.offline_replicas);
  }
  bool operator==(const MetadataPartition&) const = default;
};

struct MetadataTopic {
  Error error_code = Error::kNone;
  std::optional<std::string> name{};  // null only in answers to a question by id
  Uuid topic_id{};
  bool is_internal = false;
  std::vector<MetadataPartition> partitions{};
  int32_t topic_authorized_operations = std::numeric_limits<int32_t>::min();

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.name);
    field(m.topic_id, Since(10));
    field(m.is_internal);
    field(m.partitions);
    field(m.topic_authorized_operations, Since(8));
  }
  bool operator==(const MetadataTopic&) const = default;
};

struct MetadataResponse {
  static constexpr ApiKey kKey = ApiKey::kMetadata;
  static constexpr int16_t kFlexibleSince = 9;

  int32_t throttle_time_ms = 0;
  std::vector<MetadataBroker> brokers{};
  std::optional<std::string> cluster_id{};
  int32_t controller_id = -1;
  std::vector<MetadataTopic> topics{};
  int32_t cluster_authorized_operations = std::numeric_limits<int32_t>::min();
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.brokers);
    field(m.cluster_id);
    field(m.controller_id);
    field(m.topics);
    field(m.cluster_authorized_operations, In(8, 10));
    field(m.error_code, Since(13));
  }
  bool operator==(const MetadataResponse&) const = default;
};

struct MetadataRequestTopic {
  Uuid topic_id{};
  std::optional<std::string> name{};  // null: by topic_id, from version 12

  static void Describe(auto& m, auto& field) {
    field(m.topic_id, Since(10));
    field(m.name);
  }
  bool operator==(const MetadataRequestTopic&) const = default;
};

struct MetadataRequest {
  using Response = MetadataResponse;
  static constexpr ApiKey kKey = ApiKey::kMetadata;
  static constexpr int16_t kMin = 7;
  static constexpr int16_t kMax = 13;
  static constexpr int16_t kFlexibleSince = 9;

  std::optional<std::vector<MetadataRequestTopic>> topics{};  // null: all topics; empty: brokers only
  bool allow_auto_topic_creation = false;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  static void Describe(auto& m, auto& field) {
    field(m.topics);
    field(m.allow_auto_topic_creation);
    field(m.include_cluster_authorized_operations, In(8, 10));
    field(m.include_topic_authorized_operations, Since(8));
  }
  bool operator==(const MetadataRequest&) const = default;
};

}  // namespace klink::kafka
