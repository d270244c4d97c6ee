// The model of a destination partition: its leader's log, the replication behind it, and what the leader remembers of
// producers. It takes and refuses batches by the brokers' rules (protocol.md P2, P20–P24, P29–P32, T6–T8):
//  - an unknown producer may begin with any sequence; a known one only with the successor of its last; a repeat of one
//    of the last five batches is answered with that batch's first offset; a higher epoch begins at 0;
//  - a transactional batch opens its producer's transaction in the log, if the coordinator knows it (P29): until then
//    no sequence is taken beyond the lowest that was asked about; a plain one meanwhile is refused (P32); the
//    coordinator's marker ends it, whether or not there is one (T6), with a higher epoch also the sequences (T8);
//  - a producer is forgotten at a periodic check when its last batch's record time is older than the expiration;
//  - an answer to acks=all waits for the high watermark, one to acks=1 does not; 20 and 7 say that the batch stands
//    although it did not;
//  - a leader move keeps what is below the high watermark, and may drop what is not.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
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
    size_t batch_bytes = 1 << 20;  // max.message.bytes
  };
  struct Stored {
    int64_t base = 0;
    int64_t next = 0;
    SharedBytes bytes;
    int64_t producer_id = -1;
    bool transactional = false;
    std::optional<kafka::ControlType> marker = std::nullopt;
    int64_t transaction = 0;  // of a marker: which of its producer's it ends
    // Whose records these are, when they are the source's. Of a marker the watcher decides.
    std::optional<int64_t> source_base = std::nullopt;
    bool repeated = false;   // a marker that stood already
    bool displaced = false;  // … whose place another one took
    bool extra = false;      // a marker that no source marker asks for, and that had to be expected
    std::string wrong;       // why it should not stand here; empty when it should
  };
  // Planted faults: what a broken broker or network might do, to see that it is noticed.
  enum class Plant { kNone, kDropSilently, kAppendTwice, kSwapRecords, kClearTransactional, kSwapVerdict };
  using Answer = std::function<void(kafka::Error, int64_t base)>;
  using Watcher = std::function<std::string(Stored&)>;  // at each append: empty, or what is wrong with it
  // What the coordinator says of this transaction: none while it is under way, here, under this producer.
  using Verify = std::function<kafka::Error(const std::string& id, int64_t producer_id, int16_t epoch)>;

  DestLog(World& world, const SourceLog& source, Options options);

  // --- What clients ask. `leader` is the broker they believe to lead. ---
  void Produce(int leader, ByteView batch, const std::string& transactional_id, Answer answer,
               link::Acks acks = link::Acks::kAll);
  void WriteMarker(int leader, int64_t producer_id, int16_t epoch, kafka::ControlType verdict, int64_t transaction,
                   Answer answer);
  // WriteTxnMarkers (protocol.md T11, T12).
  void WriteFillers(int leader, int64_t count, const link::MarkerStamp& stamp, Answer answer);
  kafka::Error DeleteRecords(int leader, int64_t offset);
  bool Leads(int leader) const { return leader == leader_ && world_.now() >= away_until_; }
  int leader() const { return leader_; }
  int64_t start() const { return start_; }
  int64_t end() const { return end_; }
  int64_t high_watermark() const { return hw_; }
  int64_t committed() const { return committed_; }
  int64_t last_stable() const;
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
  void VerifyWith(Verify verify) { verify_ = std::move(verify); }
  const std::deque<Stored>& batches() const { return batches_; }
  // The marker that ended the transaction of the batch that stands there; null while it is open.
  const Stored* EndOf(int64_t producer_id, int64_t offset) const;

 private:
  struct Producer {
    struct Batch {
      int32_t first, last;
      int64_t base;
    };
    int16_t epoch = 0;
    int64_t last_timestamp = -1;
    std::deque<Batch> batches;
    std::optional<int64_t> open_since = std::nullopt;
    int32_t generation = -1;

    int32_t last_sequence() const { return batches.empty() ? -1 : batches.back().last; }
  };
  struct Verifying {  // a producer whose transaction the coordinator was asked about
    int16_t epoch;
    int32_t lowest;  // sequence
  };
  struct Waiting {
    int64_t end, base;
    Answer answer;
  };
  struct Outcome {
    kafka::Error error = kafka::Error::kNone;
    int64_t base = -1, end = -1;
  };

  Outcome Append(ByteView batch, const std::string& transactional_id);
  kafka::Error CheckTransaction(const kafka::BatchView& view, const std::string& transactional_id);
  kafka::Error CheckSequence(const kafka::BatchView& view, std::optional<int64_t>& duplicate_of) const;
  static void Remember(Producer& producer, const kafka::BatchView& view, int64_t base);
  void Store(ByteView batch, int64_t transaction = 0);
  void AnswerWhenReplicated(Outcome outcome, Answer answer);
  void Replicate();
  void AnswerAll(kafka::Error error);
  void ForgetProducers();
  void Truncate(int64_t end);

  World& world_;
  const SourceLog& source_;
  Options options_;
  std::deque<Stored> batches_;
  int64_t told_ = 0;  // up to here acks=1 was answered
  int64_t start_ = 0, end_ = 0, hw_ = 0;
  int64_t committed_ = 0;  // the highest high watermark ever: what no leader move takes back
  int leader_ = 1;
  int32_t leader_epoch_ = 0;
  std::map<int64_t, Producer> producers_;
  std::map<int64_t, Verifying> verifying_;
  std::list<std::shared_ptr<Waiting>> waiting_;
  Instant away_until_{}, stalled_until_{}, short_until_{}, refuse_until_{};
  Plant plant_ = Plant::kNone;
  int64_t our_producer_id_ = -1;
  Watcher watcher_;
  Verify verify_;
};

}  // namespace klink::sim
