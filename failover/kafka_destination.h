// The destination's partitions through the wire client, many in each request: a promotion of a thousand partitions
// costs each broker a few requests.
#pragma once

#include "failover/destination.h"
#include "kafka/cluster.h"

namespace klink::failover {

class KafkaDestination final : public Destination {
 public:
  // Both outlive it.
  KafkaDestination(kafka::Cluster& cluster, Executor executor, Clock& clock)
      : cluster_(cluster), executor_(executor), clock_(clock) {}

  Async<AllFacts> Inspect(std::set<TopicPartition> partitions) override;
  Async<Status> WriteMarkers(FencePlan plan) override;
  Async<StatusOr<int16_t>> EmptyTransaction(std::string transactional_id, std::vector<TopicPartition> partitions,
                                            MayStep may) override;
  Async<StatusOr<Tail>> ReadTail(TopicPartition tp, DestOffset copied_end, DestOffset end,
                                 std::set<int64_t> own) override;

 private:
  using ByBroker = std::map<int32_t, std::vector<TopicPartition>>;
  Async<ByBroker> Leaders(std::set<TopicPartition> partitions, AllFacts& facts);
  Async<void> InspectAt(int32_t broker, std::vector<TopicPartition> partitions, AllFacts& facts);
  Async<void> WriteMarkersAt(int32_t broker, FencePlan plan, Status& result);
  Async<Status> Add(int32_t coordinator, std::string id, int64_t pid, int16_t epoch,
                    std::vector<TopicPartition> partitions);
  void ForgetLeaders(const std::vector<TopicPartition>& partitions);

  kafka::Cluster& cluster_;
  Executor executor_;
  Clock& clock_;
  bool known_ = false;  // metadata of the topics was read
};

}  // namespace klink::failover
