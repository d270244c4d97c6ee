// ConsumerGroupDescribe: the members of groups of the consumer protocol (KIP-848), asked of their coordinator.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"
#include "kafka/types.h"

namespace klink::kafka {

struct AssignedTopic {
  Uuid topic_id{};
  std::string topic_name{};
  std::vector<int32_t> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.topic_id);
    field(m.topic_name);
    field(m.partitions);
  }
  bool operator==(const AssignedTopic&) const = default;
};

struct MemberAssignment {
  std::vector<AssignedTopic> topic_partitions{};

  static void Describe(auto& m, auto& field) { field(m.topic_partitions); }
  bool operator==(const MemberAssignment&) const = default;
};

struct ConsumerGroupMember {
  std::string member_id{};
  std::optional<std::string> instance_id{};
  std::optional<std::string> rack_id{};
  int32_t member_epoch = 0;
  std::string client_id{};
  std::string client_host{};
  std::vector<std::string> subscribed_topic_names{};
  std::optional<std::string> subscribed_topic_regex{};
  MemberAssignment assignment{};
  MemberAssignment target_assignment{};
  int8_t member_type = -1;

  static void Describe(auto& m, auto& field) {
    field(m.member_id);
    field(m.instance_id);
    field(m.rack_id);
    field(m.member_epoch);
    field(m.client_id);
    field(m.client_host);
    field(m.subscribed_topic_names);
    field(m.subscribed_topic_regex);
    field(m.assignment);
    field(m.target_assignment);
    field(m.member_type, Since(1));
  }
  bool operator==(const ConsumerGroupMember&) const = default;
};

struct DescribedConsumerGroup {
  Error error_code = Error::kNone;
  std::optional<std::string> error_message{};
  std::string group_id{};
  std::string group_state{};
  int32_t group_epoch = 0;
  int32_t assignment_epoch = 0;
  std::string assignor_name{};
  std::vector<ConsumerGroupMember> members{};
  int32_t authorized_operations = std::numeric_limits<int32_t>::min();

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.error_message);
    field(m.group_id);
    field(m.group_state);
    field(m.group_epoch);
    field(m.assignment_epoch);
    field(m.assignor_name);
    field(m.members);
    field(m.authorized_operations);
  }
  bool operator==(const DescribedConsumerGroup&) const = default;
};

struct ConsumerGroupDescribeResponse {
  static constexpr ApiKey kKey = ApiKey::kConsumerGroupDescribe;
  static constexpr int16_t kFlexibleSince = 0;

  int32_t throttle_time_ms = 0;
  std::vector<DescribedConsumerGroup> groups{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.groups);
  }
  bool operator==(const ConsumerGroupDescribeResponse&) const = default;
};

struct ConsumerGroupDescribeRequest {
  using Response = ConsumerGroupDescribeResponse;
  static constexpr ApiKey kKey = ApiKey::kConsumerGroupDescribe;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 1;
  static constexpr int16_t kFlexibleSince = 0;

  std::vector<std::string> group_ids{};
  bool include_authorized_operations = false;

  static void Describe(auto& m, auto& field) {
    field(m.group_ids);
    field(m.include_authorized_operations);
  }
  bool operator==(const ConsumerGroupDescribeRequest&) const = default;
};

}  // namespace klink::kafka
