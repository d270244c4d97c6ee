// InitProducerId: a producer id and epoch; with a transactional id the epoch grows and the older owner is fenced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct InitProducerIdResponse {
  static constexpr ApiKey kKey = ApiKey::kInitProducerId;
  static constexpr int16_t kFlexibleSince = 2;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code);
    field(m.producer_id);
    field(m.producer_epoch);
  }
  bool operator==(const InitProducerIdResponse&) const = default;
};

struct InitProducerIdRequest {
  using Response = InitProducerIdResponse;
  static constexpr ApiKey kKey = ApiKey::kInitProducerId;
  static constexpr int16_t kMin = 3;
  static constexpr int16_t kMax = 5;
  static constexpr int16_t kFlexibleSince = 2;

  std::optional<std::string> transactional_id{};
  int32_t transaction_timeout_ms = 60000;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;

  static void Describe(auto& m, auto& field) {
    field(m.transactional_id);
    field(m.transaction_timeout_ms);
    field(m.producer_id);
    field(m.producer_epoch);
  }
  bool operator==(const InitProducerIdRequest&) const = default;
};

}  // namespace klink::kafka
