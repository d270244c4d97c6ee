// Appends to the destination: per broker and lane one loop packs at most one batch of each partition into a request
// (protocol.md P1) and keeps a few requests in flight on one connection, where order is strict (P34). A broker answers
// a request when its slowest partition is replicated, so a partition that takes long moves to the slow lane; what waits
// for the leader alone has one too. A request carries one transaction at most (P31), so transactions are spread over
// lanes of their own.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "base/task_group.h"
#include "kafka/cluster.h"
#include "kafka/messages/produce.h"
#include "link/ports.h"

namespace klink::link {

class ProduceHub {
 public:
  ProduceHub(kafka::Cluster& cluster, Executor executor, Clock& clock, Gate& gate);

  // Queues one patched batch for that broker. Answers of one partition come in the order of the calls, as long as those
  // before a change of slot are awaited first.
  void Send(const TopicPartition& tp, int32_t broker, SharedBytes batch, std::optional<TransactionSlot> slot, Acks acks,
            std::shared_ptr<PendingAppend> pending);
  // Ends the loops. What was not sent fails; what was sent is awaited by Join.
  void Stop();
  Async<void> Join();

 private:
  struct Item {
    TopicPartition tp;
    SharedBytes batch;
    std::string transactional_id;
    Acks acks;
    std::shared_ptr<PendingAppend> pending;
  };
  struct LaneState {
    explicit LaneState(Executor executor) : changed(std::move(executor)) {}
    std::deque<Item> queue;
    int requests = 0;  // in flight
    Signal changed;
  };
  struct PartitionState {
    kafka::Lane lane = kafka::Lane::kProduce;
    int unanswered = 0;
  };
  using LaneKey = std::pair<int32_t, kafka::Lane>;

  Async<void> Loop(LaneKey key);
  Async<void> Exchange(LaneKey key, std::vector<Item> items);
  std::vector<Item> Pack(LaneState& lane);
  void Settle(std::vector<Item>& items, kafka::ProduceResponse& response, Duration took);
  void Answer(Item& item, StatusOr<DestOffset> answer, Duration took);

  kafka::Cluster& cluster_;
  Executor executor_;
  Clock& clock_;
  Gate& gate_;
  bool stopped_ = false;
  std::map<LaneKey, std::unique_ptr<LaneState>> lanes_;
  std::map<TopicPartition, PartitionState> partitions_;
  TaskGroup loops_;
  TaskGroup exchanges_;
};

}  // namespace klink::link
