// What an application does after a failover, through the wire client: take a producer id, write, go on where its group
// stands, read what is committed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "kafka/cluster.h"
#include "kafka/record_batch.h"
#include "link/cluster_admin.h"

namespace klink::failover {

// The first record that a read_committed consumer gets at or beyond an offset.
struct ReadRecord {
  int64_t offset = 0;
  kafka::Record record;
  int64_t last_stable = 0;  // of the log, as the leader told it
  int64_t high_watermark = 0;
};
// Nothing when none stands below the last stable offset.
Async<StatusOr<std::optional<ReadRecord>>> FirstCommitted(kafka::Cluster& cluster, TopicPartition tp, int64_t from);

// The same but for where they stand.
bool SameContent(const kafka::Record& a, const kafka::Record& b);

// Of an idempotent producer without a transactional id.
Async<StatusOr<link::ProducerIdentity>> NewProducer(kafka::Cluster& cluster);
// One batch, under that identity and sequence, acknowledged by all replicas in sync; where it landed.
Async<StatusOr<int64_t>> Produce(kafka::Cluster& cluster, TopicPartition tp, link::ProducerIdentity producer,
                                 int32_t sequence, std::vector<kafka::Record> records);
// One record.
Async<StatusOr<int64_t>> ProduceOne(kafka::Cluster& cluster, TopicPartition tp, link::ProducerIdentity producer,
                                    int32_t sequence, std::string value, WallTime now);

using Positions = std::map<TopicPartition, int64_t>;
// What the group has committed in these topics.
Async<StatusOr<Positions>> PositionsOf(kafka::Cluster& cluster, std::string group, std::set<std::string> topics);
// From outside the group, which has no members.
Async<Status> CommitPositions(kafka::Cluster& cluster, Clock& clock, std::string group, Positions positions);

}  // namespace klink::failover
