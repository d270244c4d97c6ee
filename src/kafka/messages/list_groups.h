// ListGroups: the groups a broker coordinates, of those klink may describe; with their state (version 4) and type
// (version 5, Kafka 3.8).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct ListedGroup {
  std::string group_id{};
  std::string protocol_type{};
  std::string group_state{};  // Empty, Stable, PreparingRebalance, CompletingRebalance, Assigning, Reconciling, Dead
  std::string group_type{};   // classic, consumer, share, streams

  static void Describe(auto& m, auto& field) {
    field(m.group_id);
    field(m.protocol_type);
    field(m.group_state);
    field(m.group_type, Since(5));
  }
  bool operator==(const ListedGroup&) const = default;
};

struct ListGroupsResponse {
  static constexpr ApiKey kKey = ApiKey::kListGroups;
  static constexpr int16_t kFlexibleSince = 3;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  std::vector<ListedGroup> groups{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code);
    field(m.groups);
  }
  bool operator==(const ListGroupsResponse&) const = default;
};

struct ListGroupsRequest {
  using Response = ListGroupsResponse;
  static constexpr ApiKey kKey = ApiKey::kListGroups;
  static constexpr int16_t kMin = 4;
  static constexpr int16_t kMax = 5;
  static constexpr int16_t kFlexibleSince = 3;

  std::vector<std::string> states_filter{};
  std::vector<std::string> types_filter{};

  static void Describe(auto& m, auto& field) {
    field(m.states_filter);
    field(m.types_filter, Since(5));
  }
  bool operator==(const ListGroupsRequest&) const = default;
};

}  // namespace klink::kafka
