// LeaveGroup: members give up their place. With an instance id it also works for a static member, as an administrator
// would remove it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct MemberResponse {
  std::string member_id{};
  std::optional<std::string> group_instance_id{};
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.member_id);
    field(m.group_instance_id);
    field(m.error_code);
  }
  bool operator==(const MemberResponse&) const = default;
};

struct LeaveGroupResponse {
  static constexpr ApiKey kKey = ApiKey::kLeaveGroup;
  static constexpr int16_t kFlexibleSince = 4;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  std::vector<MemberResponse> members{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code);
    field(m.members);
  }
  bool operator==(const LeaveGroupResponse&) const = default;
};

struct MemberIdentity {
  std::string member_id{};
  std::optional<std::string> group_instance_id{};
  std::optional<std::string> reason{};

  static void Describe(auto& m, auto& field) {
    field(m.member_id);
    field(m.group_instance_id);
    field(m.reason, Since(5));
  }
  bool operator==(const MemberIdentity&) const = default;
};

struct LeaveGroupRequest {
  using Response = LeaveGroupResponse;
  static constexpr ApiKey kKey = ApiKey::kLeaveGroup;
  static constexpr int16_t kMin = 3;
  static constexpr int16_t kMax = 5;
  static constexpr int16_t kFlexibleSince = 4;

  std::string group_id{};
  std::vector<MemberIdentity> members{};

  static void Describe(auto& m, auto& field) {
    field(m.group_id);
    field(m.members);
  }
  bool operator==(const LeaveGroupRequest&) const = default;
};

}  // namespace klink::kafka
