#include "link/topic_plan.h"

#include "link/config_plan.h"

namespace klink::link {
namespace {

int32_t ReplicationFactor(const TopicShape& source, const config::ReplicationFactor& wanted, int32_t brokers,
                          std::vector<std::string>& warnings) {
  using Kind = config::ReplicationFactor::Kind;
  if (wanted.kind == Kind::kDestination) return -1;  // the broker's default
  const int32_t factor = wanted.kind == Kind::kFixed ? wanted.count : source.replication_factor;
  if (factor <= brokers) return factor;
  warnings.push_back(
      fmt::format("replication factor {} capped to {}: the destination has no more brokers", factor, brokers));
  return brokers;
}

}  // namespace

TopicPlan PlanTopic(const TopicShape& source, std::string destination_name, const config::TopicsConfig& topics,
                    const DestinationAbilities& destination) {
  auto value = [&](const std::string& key) {
    auto found = source.configs.find(key);
    return found == source.configs.end() ? std::string() : found->second;
  };
  TopicPlan plan;
  plan.spec.name = std::move(destination_name);
  plan.spec.partitions = source.partitions;
  plan.spec.replication_factor =
      ReplicationFactor(source, topics.replication_factor, destination.brokers, plan.warnings);
  auto& configs = plan.spec.configs;
  configs = AlwaysConfigs(source.configs, Aligned::kNo, plan.warnings);
  if (!destination.timestamp_before_after) {
    configs.erase("message.timestamp.before.max.ms");
    configs.erase("message.timestamp.after.max.ms");
  }
  if (destination.timestamp_before_after || !destination.timestamp_difference)
    configs.erase("message.timestamp.difference.max.ms");
  if (const std::string policy = value("cleanup.policy"); policy.find("compact") != std::string::npos) {
    plan.compacted = true;
    plan.deletes = policy.find("delete") != std::string::npos;
  }
  if (const int64_t most = std::atoll(value("max.message.bytes").c_str()); most > 0) plan.max_message_bytes = most;
  return plan;
}

}  // namespace klink::link
