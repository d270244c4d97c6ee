// Waits for what a destination partition gets next, for many partitions at once: per broker one fetch on a connection
// of its own asks for all of them and is answered as soon as one has something. So a marker is seen when it is
// replicated, and a hundred partitions that wait for theirs cost one request at a time.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/task_group.h"
#include "kafka/cluster.h"
#include "kafka/messages/fetch.h"
#include "link/ports.h"

namespace klink::link {

class MarkerWatch {
 public:
  using Found = StatusOr<std::optional<SharedBytes>>;

  MarkerWatch(kafka::Cluster& cluster, Executor executor, Clock& clock);

  // The batch at `at` once it is there, below the high watermark; nothing when it is not there within a second, or is
  // larger than a marker.
  Async<Found> Await(TopicPartition tp, DestOffset at);
  // Ends the loops; who waits is answered Cancelled.
  void Stop();
  Async<void> Join();

 private:
  struct Waiter {
    Waiter(Executor executor, DestOffset offset, Instant limit) : at(offset), until(limit), answered(executor) {}
    void Answer(Found with) {
      found = std::move(with);
      answered.NotifyAll();
    }
    DestOffset at;
    Instant until;
    std::optional<Found> found;
    Signal answered;
  };
  // One partition has one waiter: its transactions end one after the other.
  using Waiting = std::map<TopicPartition, std::shared_ptr<Waiter>>;
  struct BrokerState {
    explicit BrokerState(Executor executor) : changed(std::move(executor)) {}
    Waiting waiting;
    Signal changed;
  };

  Async<void> Loop(int32_t broker);
  Async<void> Round(int32_t broker, Waiting& waiting);
  Found Look(const TopicPartition& tp, const kafka::FetchPartitionResponse& answer, const Waiter& waiter);

  kafka::Cluster& cluster_;
  Executor executor_;
  Clock& clock_;
  bool stopped_ = false;
  std::map<int32_t, std::unique_ptr<BrokerState>> brokers_;
  TaskGroup loops_;
};

}  // namespace klink::link
