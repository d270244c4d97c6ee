// The model of a destination partition: its leader's log, the replication behind it, and what the leader remembers of
// producers. It takes and refuses batches by the brokers' rules (protocol.md P2, P20–P24):
//  - an unknown producer may begin with any sequence; a known one only with the successor of its last; a repeat of one
//    of the last five batches is answered with that batch's first offset; a higher epoch begins at 0;
//  - a producer is forgotten at a periodic check when its last batch's record time is older than the expiration;
//  - an answer to acks=all waits for the high watermark; 20 and 7 say that the batch stands although it did not;
//  - a leader move keeps what is below the high watermark, and may drop what is not.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "kafka/errors.h"
#include "kafka/record_batch.h"
#include "link/ports.h"
#include "tests/sim/source_log.h"
#include "tests/sim/world.h"

namespace klink::sim {

class DestLog {
 public:
  struct Options {
    int64_t start = 0;  // of an empty log
    Duration expiration = 24h;
    Duration check_every = 10min;
    Duration replication_least = 1ms;
    Duration replication_most = 20ms;
  };
  struct Stored {
    int64_t base = 0;
    int64_t next = 0;
    SharedBytes bytes;
    int64_t producer_id = -1;
    std::optional<int64_t> source_base;  // whose records these are, when they are the source's
    std::string wrong;                   // why it should not stand here; empty when it should
  };
  // Planted faults: what a broken broker or network might do, to see that it is noticed.
  enum class Plant { kNone, kDropSilently, kAppendTwice, kSwapRecords };
  using Answer = std::function<void(kafka::Error, int64_t base)>;
  using Watcher = std::function<std::string(const Stored&)>;  // at each append: empty, or what is wrong with it

  DestLog(World& world, const SourceLog& source, Options options);

  // --- What clients ask. `leader` is the broker they believe to lead. ---
  void Produce(int leader, ByteView batch, Answer answer);
  kafka::Error DeleteRecords(int leader, int64_t offset);
  bool Leads(int leader) const { return leader == leader_ && world_.now() >= away_until_; }
  int leader() const { return leader_; }
  int64_t start() const { return start_; }
  int64_t end() const { return end_; }
  int64_t high_watermark() const { return hw_; }
  int64_t committed() const { return committed_; }
  const Stored* Find(int64_t offset) const;
  std::vector<link::ProducerState> producers() const;

  // --- What happens to it. ---
  void MoveLeader(Duration away);
  void StallReplication(Duration d);
  void LoseReplicas(Duration d);
  void RefuseData(Duration d) { refuse_until_ = world_.now() + d; }
  bool refuses_data() const { return world_.now() < refuse_until_; }
  void WriteForeign(int records);
  void PlantNext(Plant plant) { plant_ = plant; }
  void Heal();

  void Watch(int64_t our_producer_id, Watcher watcher) {
    our_producer_id_ = our_producer_id;
    watcher_ = std::move(watcher);
  }
  const std::deque<Stored>& batches() const { return batches_; }

 private:
  struct Producer {
    struct Batch {
      int32_t first, last;
      int64_t base;
    };
    int16_t epoch = 0;
    int64_t last_timestamp = -1;
    std::deque<Batch> batches;
  };
  struct Waiting {
    int64_t end, base;
    Answer answer;
  };
  struct Outcome {
    kafka::Error error = kafka::Error::kNone;
    int64_t base = -1, end = -1;
  };

  Outcome Append(ByteView batch);
  kafka::Error CheckSequence(const kafka::BatchView& view, std::optional<int64_t>& duplicate_of) const;
  void Remember(const kafka::BatchView& view, int64_t base);
  void Store(ByteView batch);
  void Replicate();
  void AnswerAll(kafka::Error error);
  void ForgetProducers();
  void Truncate(int64_t end);

  World& world_;
  const SourceLog& source_;
  Options options_;
  std::deque<Stored> batches_;
  int64_t start_ = 0, end_ = 0, hw_ = 0;
  int64_t committed_ = 0;  // the highest high watermark ever: what no leader move takes back
  int leader_ = 1;
  int32_t leader_epoch_ = 0;
  std::map<int64_t, Producer> producers_;
  std::list<std::shared_ptr<Waiting>> waiting_;
  Instant away_until_{}, stalled_until_{}, short_until_{}, refuse_until_{};
  Plant plant_ = Plant::kNone;
  int64_t our_producer_id_ = -1;
  Watcher watcher_;
};

}  // namespace klink::sim
