#include "link/cluster_admin.h"

#include <set>

#include "base/backoff.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/metadata.h"
#include "link/halt.h"

namespace klink::link {
namespace {

using kafka::Error;
using kafka::Lane;
using kafka::Verdict;
using Configs = std::map<std::string, std::string>;

constexpr Duration kDeadline = 15s;
constexpr size_t kTopicsPerRequest = 500;
constexpr size_t kChangesPerRequest = 2000;  // each is a record of the controller's (protocol.md G18)
constexpr Duration kCoordinatorLimit = 20s;
constexpr int kInitTries = 20;
constexpr Duration kLeaveLimit = 2s;  // within the time an agent has to end

TopicSettings SettingsOf(const kafka::DescribeConfigsResult& result) {
  TopicSettings settings;
  for (const auto& entry : result.configs)
    if (entry.value) settings[entry.name] = {*entry.value, entry.config_source == kafka::ConfigSource::kTopic};
  return settings;
}

}  // namespace

Configs ValuesOf(const TopicSettings& settings) {
  Configs values;
  for (const auto& [key, setting] : settings) values[key] = setting.value;
  return values;
}

Async<StatusOr<std::map<std::string, StatusOr<TopicSettings>>>> DescribeTopicSettings(kafka::Cluster& cluster,
                                                                                      std::vector<std::string> topics,
                                                                                      std::string_view right) {
  std::map<std::string, StatusOr<TopicSettings>> all;
  for (size_t at = 0; at < topics.size(); at += kTopicsPerRequest) {
    kafka::DescribeConfigsRequest request;
    std::set<std::string_view> asked;
    for (size_t i = at; i < std::min(topics.size(), at + kTopicsPerRequest); i++) {
      request.resources.push_back({kafka::ResourceType::kTopic, topics[i], std::nullopt});
      asked.insert(topics[i]);
    }
    CO_TRY(const auto response, co_await cluster.CallAny(std::move(request), kDeadline));
    for (const auto& result : response.results) {
      if (result.resource_type != kafka::ResourceType::kTopic || !asked.contains(result.resource_name)) continue;
      if (result.error_code == Error::kUnknownTopicOrPartition) continue;
      const Status status = NeedsRight(
          kafka::ToStatus(result.error_code, fmt::format("reading the configuration of topic {}", result.resource_name),
                          result.error_message),
          "topic configs", fmt::format("{} on topic {}", right, result.resource_name), cluster.name());
      if (status.ok())
        all.insert_or_assign(result.resource_name, SettingsOf(result));
      else
        all.insert_or_assign(result.resource_name, status);
    }
  }
  co_return all;
}

Async<StatusOr<std::map<std::string, Configs>>> DescribeTopicConfigs(kafka::Cluster& cluster,
                                                                     std::vector<std::string> topics) {
  CO_TRY(const auto settings, co_await DescribeTopicSettings(cluster, std::move(topics)));
  std::map<std::string, Configs> all;
  for (const auto& [topic, of_topic] : settings) {
    CO_RETURN_IF_ERROR(of_topic.status());
    all[topic] = ValuesOf(*of_topic);
  }
  co_return all;
}

Async<StatusOr<Configs>> DescribeBrokerConfigs(kafka::Cluster& cluster) {
  CO_TRY(const auto metadata, co_await cluster.Metadata(std::vector<std::string>()));
  if (metadata.brokers.empty()) co_return Unavailable("the cluster names no broker");
  const int32_t broker = metadata.brokers.front().node_id;
  kafka::DescribeConfigsRequest request;
  request.resources.push_back({kafka::ResourceType::kBroker, std::to_string(broker), std::nullopt});
  CO_TRY(const auto response, co_await cluster.Call(broker, Lane::kControl, std::move(request), kDeadline));
  if (response.results.size() != 1) co_return DataLoss("the broker answered about {} brokers", response.results.size());
  const auto& result = response.results.front();
  if (kafka::VerdictOf(result.error_code) == Verdict::kOperator) co_return Configs{};
  if (result.error_code != Error::kNone)
    co_return kafka::ToStatus(result.error_code, fmt::format("reading the configuration of broker {}", broker),
                              result.error_message);
  co_return ValuesOf(SettingsOf(result));
}

Async<std::map<std::string, Status>> AlterTopicConfigs(kafka::Cluster& cluster, TopicChanges changes) {
  std::map<std::string, Status> verdicts;
  for (auto next = changes.begin(); next != changes.end();) {
    kafka::IncrementalAlterConfigsRequest request;
    const auto first = next;
    for (size_t size = 0; next != changes.end(); ++next) {
      size += next->second.size();
      if (next != first && size > kChangesPerRequest) break;
      kafka::AlterConfigsResource& resource = request.resources.emplace_back();
      resource.resource_name = next->first;
      for (const SettingChange& change : next->second) {
        const auto operation = change.value ? kafka::ConfigOperation::kSet : kafka::ConfigOperation::kDelete;
        resource.configs.push_back({change.key, operation, change.value});
      }
    }
    const auto response = co_await cluster.CallAny(std::move(request), kDeadline);
    for (auto asked = first; asked != next; ++asked)
      verdicts[asked->first] =
          response.ok()
              ? Unavailable("setting the configuration of topic {}: the answer does not name it", asked->first)
              : response.status();
    if (!response.ok()) continue;
    for (const auto& result : response->responses)
      if (auto found = verdicts.find(result.resource_name); found != verdicts.end())
        found->second =
            NeedsRight(kafka::ToStatus(result.error_code,
                                       fmt::format("setting the configuration of topic {}", result.resource_name),
                                       result.error_message),
                       "topic configs", fmt::format("ALTER_CONFIGS on topic {}", result.resource_name), cluster.name());
  }
  co_return verdicts;
}

Async<StatusOr<int32_t>> AwaitCoordinator(kafka::Cluster& cluster, Clock& clock, kafka::CoordinatorType type,
                                          std::string key) {
  Backoff backoff(20ms, 500ms, std::hash<std::string>{}(key));
  for (const Instant until = clock.Now() + kCoordinatorLimit;;) {
    StatusOr<int32_t> broker = co_await cluster.Coordinator(type, key);
    const auto error = kafka::ErrorOf(broker.status());
    if (broker.ok() || !error || kafka::VerdictOf(*error) != Verdict::kCoordinator || clock.Now() >= until)
      co_return broker;
    CO_RETURN_IF_ERROR(co_await clock.Sleep(backoff.Next()));
  }
}

Async<StatusOr<ProducerIdentity>> InitProducer(kafka::Cluster& cluster, Clock& clock, std::string transactional_id,
                                               Duration timeout) {
  Backoff backoff(100ms, 2s, std::hash<std::string>{}(transactional_id));
  Status last;
  for (int tries = 0; tries < kInitTries; tries++) {
    if (tries > 0) CO_RETURN_IF_ERROR(co_await clock.Sleep(backoff.Next()));
    CO_TRY(const int32_t coordinator,
           co_await AwaitCoordinator(cluster, clock, kafka::CoordinatorType::kTransaction, transactional_id));
    kafka::InitProducerIdRequest request;
    request.transactional_id = transactional_id;
    request.transaction_timeout_ms = static_cast<int32_t>(ToMillis(timeout));
    CO_TRY(const auto response, co_await cluster.Call(coordinator, Lane::kControl, std::move(request), kDeadline));
    if (response.error_code == Error::kNone) co_return ProducerIdentity{response.producer_id, response.producer_epoch};
    last = kafka::ToStatus(response.error_code, fmt::format("asking for a producer id for {}", transactional_id));
    const Verdict verdict = kafka::VerdictOf(response.error_code);
    if (verdict != Verdict::kRetry && verdict != Verdict::kCoordinator) break;
  }
  co_return NeedsRight(std::move(last), "the link's producer ids",
                       fmt::format("WRITE on transactional id {}", transactional_id), cluster.name());
}

Async<Status> LeaveGroup(kafka::Cluster& cluster, std::string group, std::string member_id, std::string instance_id) {
  CO_TRY(const int32_t broker, co_await cluster.Coordinator(kafka::CoordinatorType::kGroup, group));
  kafka::LeaveGroupRequest request;
  request.group_id = group;
  request.members.push_back({std::move(member_id), std::move(instance_id), "the agent ends"});
  CO_TRY(const auto response, co_await cluster.Call(broker, Lane::kControl, std::move(request), kLeaveLimit));
  const std::string doing = fmt::format("leaving group {}", group);
  CO_RETURN_IF_ERROR(kafka::ToStatus(response.error_code, doing));
  for (const kafka::MemberResponse& member : response.members)
    CO_RETURN_IF_ERROR(kafka::ToStatus(member.error_code, doing));
  co_return absl::OkStatus();
}

DestinationAbilities AbilitiesOf(const Configs& broker_configs, int32_t brokers) {
  DestinationAbilities abilities;
  abilities.brokers = brokers;
  if (broker_configs.empty()) return abilities;  // not allowed to ask: assume a current release
  abilities.timestamp_before_after = broker_configs.contains("log.message.timestamp.after.max.ms");
  abilities.timestamp_difference = broker_configs.contains("log.message.timestamp.difference.max.ms");
  return abilities;
}

}  // namespace klink::link
