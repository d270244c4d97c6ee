// EndTxn: commits or aborts the open transaction; the markers follow (protocol.md T7). Never version 5, in which the
// coordinator raises the epoch every time (T5).
#pragma once

#include <cstdint>
#include <string>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct EndTxnResponse {
  static constexpr ApiKey kKey = ApiKey::kEndTxn;
  static constexpr int16_t kFlexibleSince = 3;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code);
  }
  bool operator==(const EndTxnResponse&) const = default;
};

struct EndTxnRequest {
  using Response = EndTxnResponse;
  static constexpr ApiKey kKey = ApiKey::kEndTxn;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 4;
  static constexpr int16_t kFlexibleSince = 3;

  std::string transactional_id{};
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  bool committed = false;  // false: aborted

  static void Describe(auto& m, auto& field) {
    field(m.transactional_id);
    field(m.producer_id);
    field(m.producer_epoch);
    field(m.committed);
  }
  bool operator==(const EndTxnRequest&) const = default;
};

}  // namespace klink::kafka
