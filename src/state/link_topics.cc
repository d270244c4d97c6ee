#include "state/link_topics.h"

#include <algorithm>

#include "state/records.h"

namespace klink::state {
namespace {

constexpr int32_t kReplicasMax = 3;
constexpr const char* kMessageBytesMax = "8388608";  // a mirror of tens of thousands of partitions is one record

admin::TopicSpec Base(std::string name, int32_t partitions, int32_t brokers) {
  admin::TopicSpec spec;
  spec.name = std::move(name);
  spec.partitions = partitions;
  spec.replication_factor = std::clamp(brokers, 1, kReplicasMax);
  spec.configs = {{"min.insync.replicas", spec.replication_factor >= kReplicasMax ? "2" : "1"},
                  {"unclean.leader.election.enable", "false"}};
  return spec;
}

admin::TopicSpec Compacted(std::string name, int32_t brokers) {
  admin::TopicSpec spec = Base(std::move(name), 1, brokers);
  spec.configs["cleanup.policy"] = "compact";
  spec.configs["max.message.bytes"] = kMessageBytesMax;
  spec.configs["message.timestamp.type"] = "LogAppendTime";  // an agent's clock may be wrong (P9)
  spec.configs["compression.type"] = "producer";
  return spec;
}

}  // namespace

std::string StateTopic(std::string_view link) { return fmt::format("_klink.{}.state", link); }
std::string WorkTopic(std::string_view link) { return fmt::format("_klink.{}.work", link); }
std::string RunsTopic(std::string_view link) { return fmt::format("_klink.{}.runs", link); }
std::string WorkGroup(std::string_view link) { return WorkTopic(link); }
std::string ControllerId(std::string_view link) { return fmt::format("klink.{}.controller", link); }
std::string DataTransactionalId(std::string_view link) { return fmt::format("klink.{}", link); }
std::string FillerTransactionalId(std::string_view link) { return fmt::format("klink.{}.filler", link); }
std::string DataTransactionalId(std::string_view link, int64_t n) { return fmt::format("klink.{}.again-{}", link, n); }
std::string FillerTransactionalId(std::string_view link, int64_t n) {
  return fmt::format("klink.{}.again-{}.filler", link, n);
}

std::string SlotTransactionalId(std::string_view link, size_t number) {
  return fmt::format("klink.{}.{}", link, number);
}

std::vector<admin::TopicSpec> LinkTopics(std::string_view link, int32_t brokers) {
  admin::TopicSpec work = Base(WorkTopic(link), 1, brokers);
  work.configs["cleanup.policy"] = "delete";
  return {Compacted(StateTopic(link), brokers), Compacted(RunsTopic(link), brokers), std::move(work)};
}

Async<Status> CreateLinkTopics(admin::Topics& topics, std::string link, int32_t brokers) {
  for (admin::TopicSpec& spec : LinkTopics(link, brokers)) {
    Status created = co_await topics.CreateTopic(spec);
    if (created.code() == Code::kAlreadyExists) continue;
    if (!created.ok()) co_return created;
  }
  co_return absl::OkStatus();
}

Async<Status> CompleteShards(admin::Topics& topics, std::string link, int32_t there) {
  if (there >= kShards) co_return absl::OkStatus();
  co_return co_await topics.CreatePartitions(WorkTopic(link), kShards);
}

StatusOr<StateTopicPlan> PlanStateTopic(const StateFacts& facts, std::string_view link) {
  if (facts.state_topic) return StateTopicPlan::kUse;
  std::string trace;
  if (facts.known_mirrors > 0)
    trace = fmt::format("{} mirrors carry its batches", facts.known_mirrors);
  else if (facts.work_topic || facts.runs_topic)
    trace = fmt::format("{} exists", facts.runs_topic ? RunsTopic(link) : WorkTopic(link));
  if (trace.empty()) return StateTopicPlan::kCreate;
  return FailedPrecondition(
      "link {}: its state topic {} is missing although {}: restore the topic from a backup; or, to start afresh, "
      "delete "
      "{}, {} and the mirrors first",
      link, StateTopic(link), trace, RunsTopic(link), WorkTopic(link));
}

}  // namespace klink::state
