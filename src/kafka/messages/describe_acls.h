// DescribeAcls: who may do what. Rule G12.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

inline constexpr int8_t kAnyAcl = 1;  // of a type, pattern, operation or permission in a question

struct AclDescription {
  std::string principal{};
  std::string host{};
  int8_t operation = 0;
  int8_t permission_type = 0;

  static void Describe(auto& m, auto& field) {
    field(m.principal);
    field(m.host);
    field(m.operation);
    field(m.permission_type);
  }
  bool operator==(const AclDescription&) const = default;
};

struct DescribeAclsResource {
  int8_t resource_type = 0;
  std::string resource_name{};
  int8_t pattern_type = 3;
  std::vector<AclDescription> acls{};

  static void Describe(auto& m, auto& field) {
    field(m.resource_type);
    field(m.resource_name);
    field(m.pattern_type);
    field(m.acls);
  }
  bool operator==(const DescribeAclsResource&) const = default;
};

struct DescribeAclsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeAcls;
  static constexpr int16_t kFlexibleSince = 2;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  std::vector<DescribeAclsResource> resources{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code);
    field(m.error_message);
    field(m.resources);
  }
  bool operator==(const DescribeAclsResponse&) const = default;
};

struct DescribeAclsRequest {
  using Response = DescribeAclsResponse;
  static constexpr ApiKey kKey = ApiKey::kDescribeAcls;
  static constexpr int16_t kMin = 1;
  static constexpr int16_t kMax = 3;
  static constexpr int16_t kFlexibleSince = 2;

  int8_t resource_type_filter = 0;
  std::optional<std::string> resource_name_filter{};  // null: any
  int8_t pattern_type_filter = 3;
  std::optional<std::string> principal_filter{};
  std::optional<std::string> host_filter{};
  int8_t operation = 0;
  int8_t permission_type = 0;

  static void Describe(auto& m, auto& field) {
    field(m.resource_type_filter);
    field(m.resource_name_filter);
    field(m.pattern_type_filter);
    field(m.principal_filter);
    field(m.host_filter);
    field(m.operation);
    field(m.permission_type);
  }
  bool operator==(const DescribeAclsRequest&) const = default;
};

}  // namespace klink::kafka
