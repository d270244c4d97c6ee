// FindCoordinator: the broker that coordinates a group or transactional id; batched from version 4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct FoundCoordinator {
  std::string key{};
  int32_t node_id = -1;
  std::string host{};
  int32_t port = -1;
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};

  static void Describe(auto& m, auto& field) {
    field(m.key);
    field(m.node_id);
    field(m.host);
    field(m.port);
    field(m.error_code);
    field(m.error_message);
  }
  bool operator==(const FoundCoordinator&) const = default;
};

struct FindCoordinatorResponse {
  static constexpr ApiKey kKey = ApiKey::kFindCoordinator;
  static constexpr int16_t kFlexibleSince = 3;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  int32_t node_id = -1;
  std::string host{};
  int32_t port = -1;
  std::vector<FoundCoordinator> coordinators{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code, Until(3));
    field(m.error_message, Until(3));
    field(m.node_id, Until(3));
    field(m.host, Until(3));
    field(m.port, Until(3));
    field(m.coordinators, Since(4));
  }
  bool operator==(const FindCoordinatorResponse&) const = default;
};

struct FindCoordinatorRequest {
  using Response = FindCoordinatorResponse;
  static constexpr ApiKey kKey = ApiKey::kFindCoordinator;
  static constexpr int16_t kMin = 3;
  static constexpr int16_t kMax = 4;
  static constexpr int16_t kFlexibleSince = 3;
  static constexpr int8_t kGroup = 0;
  static constexpr int8_t kTransaction = 1;

  std::string key{};
  int8_t key_type = kGroup;
  std::vector<std::string> coordinator_keys{};

  static void Describe(auto& m, auto& field) {
    field(m.key, Until(3));
    field(m.key_type);
    field(m.coordinator_keys, Since(4));
  }
  bool operator==(const FindCoordinatorRequest&) const = default;
};

}  // namespace klink::kafka
