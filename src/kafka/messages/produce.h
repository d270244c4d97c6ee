// Produce: exactly one record batch per partition and request. Names up to version 12, topic ids from version 13.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"
#include "kafka/messages/common.h"
#include "kafka/types.h"

namespace klink::kafka {

struct BatchIndexAndErrorMessage {
  int32_t batch_index = 0;
  std::optional<std::string> batch_index_error_message{};

  static void Describe(auto& m, auto& field) {
    field(m.batch_index);
    field(m.batch_index_error_message);
  }
  bool operator==(const BatchIndexAndErrorMessage&) const = default;
};

struct ProducePartitionResponse {
  int32_t index = 0;
  Error error_code = Error::kNone;
  int64_t base_offset = 0;
  int64_t log_append_time_ms = -1;
  int64_t log_start_offset = -1;
  std::vector<BatchIndexAndErrorMessage> record_errors{};
  std::optional<std::string> error_message{};
  LeaderIdAndEpoch current_leader{};

  static void Describe(auto& m, auto& field) {
    field(m.index);
    field(m.error_code);
    field(m.base_offset);
    field(m.log_append_time_ms);
    field(m.log_start_offset);
    field(m.record_errors, Since(8));
    field(m.error_message, Since(8));
    field(m.current_leader, Tag(0, Since(10)));
  }
  bool operator==(const ProducePartitionResponse&) const = default;
};

struct ProduceTopicResponse {
  std::string name{};
  Uuid topic_id{};
  std::vector<ProducePartitionResponse> partition_responses{};

  static void Describe(auto& m, auto& field) {
    field(m.name, Until(12));
    field(m.topic_id, Since(13));
    field(m.partition_responses);
  }
  bool operator==(const ProduceTopicResponse&) const = default;
};

struct ProduceResponse {
  static constexpr ApiKey kKey = ApiKey::kProduce;
  static constexpr int16_t kFlexibleSince = 9;

  std::vector<ProduceTopicResponse> responses{};
  int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints{};

  static void Describe(auto& m, auto& field) {
    field(m.responses);
    field(m.throttle_time_ms);
    field(m.node_endpoints, Tag(0, Since(10)));
  }
  bool operator==(const ProduceResponse&) const = default;
};

struct ProducePartition {
  int32_t index = 0;
  SharedBytes records{};  // sent from where it lies, without a copy

  static void Describe(auto& m, auto& field) {
    field(m.index);
    field(m.records);
  }
  bool operator==(const ProducePartition&) const = default;
};

struct ProduceTopic {
  std::string name{};
  Uuid topic_id{};
  std::vector<ProducePartition> partition_data{};

  static void Describe(auto& m, auto& field) {
    field(m.name, Until(12));
    field(m.topic_id, Since(13));
    field(m.partition_data);
  }
  bool operator==(const ProduceTopic&) const = default;
};

struct ProduceRequest {
  using Response = ProduceResponse;
  static constexpr ApiKey kKey = ApiKey::kProduce;
  static constexpr int16_t kMin = 7;
  static constexpr int16_t kMax = 13;
  static constexpr int16_t kFlexibleSince = 9;
  static constexpr int16_t kMaxByName = 12;  // from 13 on topics are named by id alone

  std::optional<std::string> transactional_id{};
  int16_t acks = -1;
  int32_t timeout_ms = 5000;
  std::vector<ProduceTopic> topic_data{};

  static void Describe(auto& m, auto& field) {
    field(m.transactional_id);
    field(m.acks);
    field(m.timeout_ms);
    field(m.topic_data);
  }
  bool operator==(const ProduceRequest&) const = default;
};

}  // namespace klink::kafka
