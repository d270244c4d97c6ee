// AlterClientQuotas: sets and removes single limits of users and client ids. Rule G12.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"
#include "kafka/messages/describe_client_quotas.h"

namespace klink::kafka {

struct AlterClientQuotasResult {
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  std::vector<QuotaEntityPart> entity{};

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.error_message);
    field(m.entity);
  }
  bool operator==(const AlterClientQuotasResult&) const = default;
};

struct AlterClientQuotasResponse {
  static constexpr ApiKey kKey = ApiKey::kAlterClientQuotas;
  static constexpr int16_t kFlexibleSince = 1;

  int32_t throttle_time_ms = 0;
  std::vector<AlterClientQuotasResult> entries{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.entries);
  }
  bool operator==(const AlterClientQuotasResponse&) const = default;
};

struct QuotaChange {
  std::string key{};
  double value = 0;
  bool remove = false;

  static void Describe(auto& m, auto& field) {
    field(m.key);
    field(m.value);
    field(m.remove);
  }
  bool operator==(const QuotaChange&) const = default;
};

struct AlterClientQuotasEntry {
  std::vector<QuotaEntityPart> entity{};
  std::vector<QuotaChange> ops{};

  static void Describe(auto& m, auto& field) {
    field(m.entity);
    field(m.ops);
  }
  bool operator==(const AlterClientQuotasEntry&) const = default;
};

struct AlterClientQuotasRequest {
  using Response = AlterClientQuotasResponse;
  static constexpr ApiKey kKey = ApiKey::kAlterClientQuotas;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 1;
  static constexpr int16_t kFlexibleSince = 1;

  std::vector<AlterClientQuotasEntry> entries{};
  bool validate_only = false;

  static void Describe(auto& m, auto& field) {
    field(m.entries);
    field(m.validate_only);
  }
  bool operator==(const AlterClientQuotasRequest&) const = default;
};

}  // namespace klink::kafka
