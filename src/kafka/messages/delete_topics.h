// DeleteTopics: by name, from version 6 also by id.
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

struct DeletedTopic {
  std::optional<std::string> name{};
  Uuid topic_id{};
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.topic_id, Since(6));
    field(m.error_code);
    field(m.error_message, Since(5));
  }
  bool operator==(const DeletedTopic&) const = default;
};

struct DeleteTopicsResponse {
  static constexpr ApiKey kKey = ApiKey::kDeleteTopics;
  static constexpr int16_t kFlexibleSince = 4;

  int32_t throttle_time_ms = 0;
  std::vector<DeletedTopic> responses{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.responses);
  }
  bool operator==(const DeleteTopicsResponse&) const = default;
};

struct DeletableTopic {
  std::optional<std::string> name{};
  Uuid topic_id{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.topic_id);
  }
  bool operator==(const DeletableTopic&) const = default;
};

struct DeleteTopicsRequest {
  using Response = DeleteTopicsResponse;
  static constexpr ApiKey kKey = ApiKey::kDeleteTopics;
  static constexpr int16_t kMin = 4;
  static constexpr int16_t kMax = 6;
  static constexpr int16_t kFlexibleSince = 4;

  std::vector<DeletableTopic> topics{};
  std::vector<std::string> topic_names{};
  int32_t timeout_ms = 60000;

  static void Describe(auto& m, auto& field) {
    field(m.topics, Since(6));
    field(m.topic_names, Until(5));
    field(m.timeout_ms);
  }
  bool operator==(const DeleteTopicsRequest&) const = default;
};

}  // namespace klink::kafka
