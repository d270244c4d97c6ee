// The topics a link keeps in its destination cluster, and when its state may be started afresh: never while mirrors of
// it may exist, because then their offsets, PIDs and phases would be forgotten.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/topics.h"
#include "base/async.h"

namespace klink::state {

std::string StateTopic(std::string_view link);           // `_klink.<link>.state`
std::string WorkTopic(std::string_view link);            // `_klink.<link>.work`: its partitions are the shards
std::string RunsTopic(std::string_view link);            // `_klink.<link>.runs`
std::string WorkGroup(std::string_view link);            // the group of the link's agents
std::string ControllerId(std::string_view link);         // `klink.<link>.controller`
std::string DataTransactionalId(std::string_view link);  // `klink.<link>`: where the data PID comes from
std::string FillerTransactionalId(std::string_view link);
// The same of one mirror alone, which was promoted and is mirrored again; `n` counts them in the link.
std::string DataTransactionalId(std::string_view link, int64_t n);
std::string FillerTransactionalId(std::string_view link, int64_t n);
std::string SlotTransactionalId(std::string_view link, size_t number);  // `klink.<link>.<n>`: replayed transactions

// In the order in which they are made: the state first, so that any other one of them is a trace of a lost state.
std::vector<admin::TopicSpec> LinkTopics(std::string_view link, int32_t brokers);

// Makes what is missing. AlreadyExists is success. The work topic begins with one shard: a broker takes milliseconds to
// make a partition, and the mirrors come first.
Async<Status> CreateLinkTopics(admin::Topics& topics, std::string link, int32_t brokers);
// The rest of the shards; `there` is how many the work topic has.
Async<Status> CompleteShards(admin::Topics& topics, std::string link, int32_t there);

// What the caller found out at the destination and in its own files.
struct StateFacts {
  bool state_topic = false;
  bool work_topic = false;
  bool runs_topic = false;
  int64_t known_mirrors = 0;  // mirror topics that carry this link's batches, or runs in data_dir
};
enum class StateTopicPlan { kUse, kCreate };
// FailedPrecondition: the state topic is missing although the link existed.
StatusOr<StateTopicPlan> PlanStateTopic(const StateFacts& facts, std::string_view link);

}  // namespace klink::state
