// DescribeGroups: the members of classic groups, asked of their coordinator. A group that does not exist is Dead, from
// version 6 on GROUP_ID_NOT_FOUND; so is one of the consumer protocol (consumer_group_describe.h).
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

struct DescribedGroupMember {
  std::string member_id{};
  std::optional<std::string> group_instance_id{};
  std::string client_id{};
  std::string client_host{};
  SharedBytes member_metadata{};
  SharedBytes member_assignment{};

  static void Describe(auto& m, auto& field) {
    field(m.member_id);
    field(m.group_instance_id);
    field(m.client_id);
    field(m.client_host);
    field(m.member_metadata);
    field(m.member_assignment);
  }
  bool operator==(const DescribedGroupMember&) const = default;
};

struct DescribedGroup {
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  std::string group_id{};
  std::string group_state{};
  std::string protocol_type{};
  std::string protocol_data{};
  std::vector<DescribedGroupMember> members{};
  int32_t authorized_operations = std::numeric_limits<int32_t>::min();

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.error_message, Since(6));
    field(m.group_id);
    field(m.group_state);
    field(m.protocol_type);
    field(m.protocol_data);
    field(m.members);
    field(m.authorized_operations);
  }
  bool operator==(const DescribedGroup&) const = default;
};

struct DescribeGroupsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeGroups;
  static constexpr int16_t kFlexibleSince = 5;

  int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.groups);
  }
  bool operator==(const DescribeGroupsResponse&) const = default;
};

struct DescribeGroupsRequest {
  using Response = DescribeGroupsResponse;
  static constexpr ApiKey kKey = ApiKey::kDescribeGroups;
  static constexpr int16_t kMin = 5;
  static constexpr int16_t kMax = 6;
  static constexpr int16_t kTellsOfMissing = 5;  // up to it, a group that does not exist is answered without an error
  static constexpr int16_t kFlexibleSince = 5;

  std::vector<std::string> groups{};
  bool include_authorized_operations = false;

  static void Describe(auto& m, auto& field) {
    field(m.groups);
    field(m.include_authorized_operations);
  }
  bool operator==(const DescribeGroupsRequest&) const = default;
};

}  // namespace klink::kafka
