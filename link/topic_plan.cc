#include "link/topic_plan.h"

#include <algorithm>

namespace klink::link {
namespace {

constexpr char kForever[] = "-1";
constexpr char kAnyTime[] = "9223372036854775807";
constexpr int64_t kSegmentBytesLeast = 1 << 20;  // Kafka 4.x refuses less

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

const std::vector<std::string>& DataKeys() {
  static const std::vector<std::string> keys = {
      "cleanup.policy",        "retention.ms",          "retention.bytes",  "delete.retention.ms",
      "min.compaction.lag.ms", "max.compaction.lag.ms", "segment.bytes",    "segment.ms",
      "segment.jitter.ms",     "segment.index.bytes",   "max.message.bytes"};
  return keys;
}

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
  for (const std::string& key : DataKeys())
    if (std::string v = value(key); !v.empty()) configs[key] = std::move(v);
  if (auto segment = configs.find("segment.bytes");
      segment != configs.end() && std::atoll(segment->second.c_str()) < kSegmentBytesLeast) {
    plan.warnings.push_back(
        fmt::format("segment.bytes {} raised to {}, the least Kafka 4 takes", segment->second, kSegmentBytesLeast));
    segment->second = std::to_string(kSegmentBytesLeast);
  }
  configs["compression.type"] = "producer";
  configs["message.timestamp.type"] = "CreateTime";
  if (destination.timestamp_before_after) {
    configs["message.timestamp.before.max.ms"] = kAnyTime;
    configs["message.timestamp.after.max.ms"] = kAnyTime;
  } else if (destination.timestamp_difference) {
    configs["message.timestamp.difference.max.ms"] = kAnyTime;
  }
  // Nothing may be removed while the log is being aligned.
  for (const char* key : {"retention.ms", "retention.bytes"}) {
    auto found = configs.find(key);
    if (found == configs.end()) continue;
    if (found->second != kForever) plan.when_active[key] = found->second;
    found->second = kForever;
  }
  // Nor compacted: brokers move the start only of a log that they may delete from.
  if (const std::string policy = value("cleanup.policy"); policy.find("compact") != std::string::npos) {
    plan.compacted = true;
    plan.deletes = policy.find("delete") != std::string::npos;
    plan.when_active["cleanup.policy"] = policy;
    configs["cleanup.policy"] = "delete";
  }
  if (const int64_t most = std::atoll(value("max.message.bytes").c_str()); most > 0) plan.max_message_bytes = most;
  return plan;
}

}  // namespace klink::link
