// DescribeClientQuotas: the limits of users and client ids. Rule G12.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct QuotaEntityPart {
  std::string entity_type{};                 // user, client-id, ip
  std::optional<std::string> entity_name{};  // null: the default of that type

  static void Describe(auto& m, auto& field) {
    field(m.entity_type);
    field(m.entity_name);
  }
  bool operator==(const QuotaEntityPart&) const = default;
};

struct QuotaValue {
  std::string key{};  // producer_byte_rate, …
  double value = 0;

  static void Describe(auto& m, auto& field) {
    field(m.key);
    field(m.value);
  }
  bool operator==(const QuotaValue&) const = default;
};

struct DescribeClientQuotasEntry {
  std::vector<QuotaEntityPart> entity{};
  std::vector<QuotaValue> values{};

  static void Describe(auto& m, auto& field) {
    field(m.entity);
    field(m.values);
  }
  bool operator==(const DescribeClientQuotasEntry&) const = default;
};

struct DescribeClientQuotasResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeClientQuotas;
  static constexpr int16_t kFlexibleSince = 1;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  std::optional<std::vector<DescribeClientQuotasEntry>> entries{};  // null with an error

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code);
    field(m.error_message);
    field(m.entries);
  }
  bool operator==(const DescribeClientQuotasResponse&) const = default;
};

enum class QuotaMatch : int8_t { kExact = 0, kDefault = 1, kAny = 2 };

struct QuotaFilter {
  std::string entity_type{};
  QuotaMatch match_type = QuotaMatch::kExact;
  std::optional<std::string> match{};

  static void Describe(auto& m, auto& field) {
    field(m.entity_type);
    field(m.match_type);
    field(m.match);
  }
  bool operator==(const QuotaFilter&) const = default;
};

struct DescribeClientQuotasRequest {
  using Response = DescribeClientQuotasResponse;
  static constexpr ApiKey kKey = ApiKey::kDescribeClientQuotas;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 1;
  static constexpr int16_t kFlexibleSince = 1;

  std::vector<QuotaFilter> components{};  // empty: all there are
  bool strict = false;                    // no entities with further types

  static void Describe(auto& m, auto& field) {
    field(m.components);
    field(m.strict);
  }
  bool operator==(const DescribeClientQuotasRequest&) const = default;
};

}  // namespace klink::kafka
