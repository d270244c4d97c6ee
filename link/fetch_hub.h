// Reads the source: one loop per broker multiplexes all its partitions in one fetch session. Every partition has a feed
// with a bounded queue; one that is full leaves the session until it drains, so a slow partition never stops the
// others. Memory is taken from the budget before a fetch and given back when the last batch of the answer is let go.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "base/permits.h"
#include "base/task_group.h"
#include "kafka/cluster.h"
#include "link/fetch_session.h"
#include "link/ports.h"
#include "link/rate_limit.h"
#include "link/read_replica.h"

namespace klink::link {

class FetchHub;

// One source partition's feed. Next is called by one coroutine.
class PartitionFeed {
 public:
  PartitionFeed(FetchHub& hub, TopicPartition tp);
  ~PartitionFeed();
  PartitionFeed(const PartitionFeed&) = delete;

  // Batches from the one that holds `at`. Ends with OutOfRange when the log does not hold `at`, with Unavailable when
  // the leader cannot be asked.
  Async<StatusOr<Fetched>> Next(SourceOffset at);

 private:
  friend class FetchHub;
  struct Queued {
    Fetched fetched;
    int64_t bytes = 0;
  };
  bool HasRoom() const;
  void Restart(SourceOffset at);

  FetchHub& hub_;
  TopicPartition tp_;
  int32_t broker_ = -1;  // whose loop serves it now
  int32_t leader_epoch_ = -1;
  int64_t next_offset_ = -1;  // what the loop fetches next
  int32_t last_epoch_ = -1;   // of the last batch before it
  SourceOffset given_next_;   // what Next is expected to ask for
  bool wanted_ = false;
  bool moved_ = false;  // the broker said it does not lead the partition
  ReadReplica replica_;
  SourceOffset log_start_;  // as told last
  std::deque<Queued> queue_;
  int64_t queued_bytes_ = 0;
  Status failure_;
  Signal changed_;
};

class FetchHub {
 public:
  // `budget` counts bytes and outlives every batch. `rack`: where klink runs; followers there are read when the leader
  // says so. Empty: leaders alone.
  FetchHub(kafka::Cluster& cluster, Executor executor, Clock& clock, Permits& budget, std::string rack);
  // Of all brokers together; 0: as fast as it goes.
  void Limit(int64_t bytes_per_second) { rate_.Set(bytes_per_second); }
  // Ends the loops; feeds answer Cancelled from then on.
  void Stop();
  Async<void> Join();

 private:
  friend class PartitionFeed;
  struct Broker {
    explicit Broker(Executor executor) : changed(std::move(executor)) {}
    std::set<PartitionFeed*> feeds;
    FetchSession session;
    Signal changed;
    Instant last_attached;  // while feeds keep coming, polls are short so that none waits behind one
  };
  void Attach(PartitionFeed& feed, int32_t broker);
  void Detach(PartitionFeed& feed);
  void BackToLeader(PartitionFeed& feed);
  bool LeaveFollower(PartitionFeed& feed);
  FetchSession::Wanted Collect(Broker& broker, bool& some_full);
  Async<void> Loop(int32_t id);
  Async<Status> Round(int32_t id, Broker& broker, FetchSession::Wanted wanted, int32_t max_wait_ms);
  void Deliver(Broker& broker, const FetchSession::Wanted& asked, kafka::FetchResponse& response,
               const std::shared_ptr<void>& hold);
  void DeliverPartition(PartitionFeed& feed, kafka::FetchPartitionResponse& partition,
                        const std::shared_ptr<void>& hold);

  kafka::Cluster& cluster_;
  Executor executor_;
  Clock& clock_;
  Permits& budget_;
  const std::string rack_;
  Instant rack_from_;  // until then leaders are not told where we are
  RateLimit rate_;
  std::map<int32_t, std::unique_ptr<Broker>> brokers_;
  TaskGroup loops_;
};

}  // namespace klink::link
