// DeleteGroups: groups without members, with their offsets; sent to their coordinator.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct DeletedGroup {
  std::string group_id{};
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.group_id);
    field(m.error_code);
  }
  bool operator==(const DeletedGroup&) const = default;
};

struct DeleteGroupsResponse {
  static constexpr ApiKey kKey = ApiKey::kDeleteGroups;
  static constexpr int16_t kFlexibleSince = 2;

  int32_t throttle_time_ms = 0;
  std::vector<DeletedGroup> results{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.results);
  }
  bool operator==(const DeleteGroupsResponse&) const = default;
};

struct DeleteGroupsRequest {
  using Response = DeleteGroupsResponse;
  static constexpr ApiKey kKey = ApiKey::kDeleteGroups;
  static constexpr int16_t kMin = 2;
  static constexpr int16_t kMax = 2;
  static constexpr int16_t kFlexibleSince = 2;

  std::vector<std::string> groups_names{};

  static void Describe(auto& m, auto& field) { field(m.groups_names); }
  bool operator==(const DeleteGroupsRequest&) const = default;
};

}  // namespace klink::kafka
