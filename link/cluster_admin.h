// Questions and changes that librdkafka 2.0.2 has no call for, through our own wire client: effective configurations,
// incremental changes (never the legacy AlterConfigs: it resets what it is not told), producer ids.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kafka/cluster.h"
#include "link/config_plan.h"
#include "link/topic_plan.h"

namespace klink::link {

// Effective values per topic, defaults included. Topics that vanish meanwhile are left out.
Async<StatusOr<std::map<std::string, std::map<std::string, std::string>>>> DescribeTopicConfigs(
    kafka::Cluster& cluster, std::vector<std::string> topics);
// The same with its overrides marked; where klink may not ask about a topic, the error stands for it and names `right`:
// at the destination kRightThere, which is what the link has been granted there and implies the other.
inline constexpr std::string_view kRightThere = "ALTER_CONFIGS";
Async<StatusOr<std::map<std::string, StatusOr<TopicSettings>>>> DescribeTopicSettings(
    kafka::Cluster& cluster, std::vector<std::string> topics, std::string_view right = "DESCRIBE_CONFIGS");
// Without the marks.
std::map<std::string, std::string> ValuesOf(const TopicSettings& settings);
// The values of one broker of the cluster; empty when klink may not ask (no DESCRIBE_CONFIGS on the cluster).
Async<StatusOr<std::map<std::string, std::string>>> DescribeBrokerConfigs(kafka::Cluster& cluster);
// One verdict per topic, which the cluster changes as a whole or not at all.
using TopicChanges = std::map<std::string, std::vector<SettingChange>>;
Async<std::map<std::string, Status>> AlterTopicConfigs(kafka::Cluster& cluster, TopicChanges changes);

// The broker that coordinates a group or a transactional id, once there is one: a cluster that never had any makes the
// topic behind it when first asked.
Async<StatusOr<int32_t>> AwaitCoordinator(kafka::Cluster& cluster, Clock& clock, kafka::CoordinatorType type,
                                          std::string key);

// Gives the place of a static member up, as an administrator would: the group's other members take what it held at
// once.
Async<Status> LeaveGroup(kafka::Cluster& cluster, std::string group, std::string member_id, std::string instance_id);

struct ProducerIdentity {
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
};
// A producer id for a transactional id of ours. Each call raises its epoch.
Async<StatusOr<ProducerIdentity>> InitProducer(kafka::Cluster& cluster, Clock& clock, std::string transactional_id,
                                               Duration timeout);

DestinationAbilities AbilitiesOf(const std::map<std::string, std::string>& broker_configs, int32_t brokers);

}  // namespace klink::link
