// SaslHandshake and SaslAuthenticate: who klink is, told to the broker before anything else.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct SaslHandshakeResponse {
  static constexpr ApiKey kKey = ApiKey::kSaslHandshake;
  static constexpr int16_t kFlexibleSince = std::numeric_limits<int16_t>::max();

  Error error_code = Error::kNone;
  std::vector<std::string> mechanisms{};

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.mechanisms);
  }
  bool operator==(const SaslHandshakeResponse&) const = default;
};

struct SaslHandshakeRequest {
  using Response = SaslHandshakeResponse;
  static constexpr ApiKey kKey = ApiKey::kSaslHandshake;
  static constexpr int16_t kMin = 1;
  static constexpr int16_t kMax = 1;
  static constexpr int16_t kFlexibleSince = std::numeric_limits<int16_t>::max();

  std::string mechanism{};

  static void Describe(auto& m, auto& field) { field(m.mechanism); }
  bool operator==(const SaslHandshakeRequest&) const = default;
};

struct SaslAuthenticateResponse {
  static constexpr ApiKey kKey = ApiKey::kSaslAuthenticate;
  static constexpr int16_t kFlexibleSince = 2;

  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  SharedBytes auth_bytes = SharedBytes::CopyOf({});  // may be empty, never null
  int64_t session_lifetime_ms = 0;

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.error_message);
    field(m.auth_bytes);
    field(m.session_lifetime_ms, Since(1));
  }
  bool operator==(const SaslAuthenticateResponse&) const = default;
};

struct SaslAuthenticateRequest {
  using Response = SaslAuthenticateResponse;
  static constexpr ApiKey kKey = ApiKey::kSaslAuthenticate;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 2;
  static constexpr int16_t kFlexibleSince = 2;

  SharedBytes auth_bytes = SharedBytes::CopyOf({});  // may be empty, never null

  static void Describe(auto& m, auto& field) { field(m.auth_bytes); }
  bool operator==(const SaslAuthenticateRequest&) const = default;
};

}  // namespace klink::kafka
