// IncrementalAlterConfigs: changes the named configuration keys and no others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"
#include "kafka/messages/common.h"

namespace klink::kafka {

enum class ConfigOperation : int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

struct AlterConfigsResourceResponse {
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  ResourceType resource_type = ResourceType::kUnknown;
  std::string resource_name{};

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.error_message);
    field(m.resource_type);
    field(m.resource_name);
  }
  bool operator==(const AlterConfigsResourceResponse&) const = default;
};

struct IncrementalAlterConfigsResponse {
  static constexpr ApiKey kKey = ApiKey::kIncrementalAlterConfigs;
  static constexpr int16_t kFlexibleSince = 1;

  int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.responses);
  }
  bool operator==(const IncrementalAlterConfigsResponse&) const = default;
};

struct AlterableConfig {
  std::string name{};
  ConfigOperation config_operation = ConfigOperation::kSet;
  std::optional<std::string> value{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.config_operation);
    field(m.value);
  }
  bool operator==(const AlterableConfig&) const = default;
};

struct AlterConfigsResource {
  ResourceType resource_type = ResourceType::kTopic;
  std::string resource_name{};
  std::vector<AlterableConfig> configs{};

  static void Describe(auto& m, auto& field) {
    field(m.resource_type);
    field(m.resource_name);
    field(m.configs);
  }
  bool operator==(const AlterConfigsResource&) const = default;
};

struct IncrementalAlterConfigsRequest {
  using Response = IncrementalAlterConfigsResponse;
  static constexpr ApiKey kKey = ApiKey::kIncrementalAlterConfigs;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 1;
  static constexpr int16_t kFlexibleSince = 1;

  std::vector<AlterConfigsResource> resources{};
  bool validate_only = false;

  static void Describe(auto& m, auto& field) {
    field(m.resources);
    field(m.validate_only);
  }
  bool operator==(const IncrementalAlterConfigsRequest&) const = default;
};

}  // namespace klink::kafka
