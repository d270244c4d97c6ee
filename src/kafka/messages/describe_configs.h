// DescribeConfigs: the effective configuration of topics and brokers, and where each value comes from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"
#include "kafka/messages/common.h"

namespace klink::kafka {

enum class ConfigSource : int8_t {
  kUnknown = -1,
  kTopic = 1,  // an override of this topic
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
};

struct DescribeConfigsSynonym {
  std::string name{};
  std::optional<std::string> value{};
  ConfigSource source = ConfigSource::kUnknown;

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.value);
    field(m.source);
  }
  bool operator==(const DescribeConfigsSynonym&) const = default;
};

struct DescribeConfigsEntry {
  std::string name{};
  std::optional<std::string> value{};
  bool read_only = false;
  ConfigSource config_source = ConfigSource::kUnknown;
  bool is_sensitive = false;
  std::vector<DescribeConfigsSynonym> synonyms{};
  int8_t config_type = 0;
  std::optional<std::string> documentation{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.value);
    field(m.read_only);
    field(m.config_source);
    field(m.is_sensitive);
    field(m.synonyms);
    field(m.config_type, Since(3));
    field(m.documentation, Since(3));
  }
  bool operator==(const DescribeConfigsEntry&) const = default;
};

struct DescribeConfigsResult {
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  ResourceType resource_type = ResourceType::kUnknown;
  std::string resource_name{};
  std::vector<DescribeConfigsEntry> configs{};

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.error_message);
    field(m.resource_type);
    field(m.resource_name);
    field(m.configs);
  }
  bool operator==(const DescribeConfigsResult&) const = default;
};

struct DescribeConfigsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeConfigs;
  static constexpr int16_t kFlexibleSince = 4;

  int32_t throttle_time_ms = 0;
  std::vector<DescribeConfigsResult> results{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.results);
  }
  bool operator==(const DescribeConfigsResponse&) const = default;
};

struct DescribeConfigsResource {
  ResourceType resource_type = ResourceType::kTopic;
  std::string resource_name{};
  std::optional<std::vector<std::string>> configuration_keys{};  // null: all

  static void Describe(auto& m, auto& field) {
    field(m.resource_type);
    field(m.resource_name);
    field(m.configuration_keys);
  }
  bool operator==(const DescribeConfigsResource&) const = default;
};

struct DescribeConfigsRequest {
  using Response = DescribeConfigsResponse;
  static constexpr ApiKey kKey = ApiKey::kDescribeConfigs;
  static constexpr int16_t kMin = 1;
  static constexpr int16_t kMax = 4;
  static constexpr int16_t kFlexibleSince = 4;

  std::vector<DescribeConfigsResource> resources{};
  bool include_synonyms = false;
  bool include_documentation = false;

  static void Describe(auto& m, auto& field) {
    field(m.resources);
    field(m.include_synonyms);
    field(m.include_documentation, Since(3));
  }
  bool operator==(const DescribeConfigsRequest&) const = default;
};

}  // namespace klink::kafka
