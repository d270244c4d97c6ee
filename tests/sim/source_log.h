// The model of a source partition: whole v2 batches whose records carry their own offset, so that every copy of them
// can be recognised wherever it stands; and the transactions of producers that take turns, with the markers brokers
// write at their ends.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "kafka/record_batch.h"
#include "tests/sim/world.h"

namespace klink::sim {

// A marker as a broker writes it: one record, 78 bytes.
SharedBytes BuildMarker(int64_t base, int64_t producer_id, int16_t epoch, kafka::ControlType verdict,
                        int32_t coordinator_epoch, int64_t timestamp_ms);

class SourceLog {
 public:
  bool forbidden = false;  // to klink: TOPIC_AUTHORIZATION_FAILED
  struct Batch {
    int64_t base = 0;
    int64_t next = 0;
    SharedBytes bytes;
    std::optional<int64_t> transaction_of = std::nullopt;  // its producer, in a transaction or ending one
    std::optional<kafka::ControlType> marker = std::nullopt;
  };

  SourceLog(World& world, int64_t first_offset) : world_(world), start_(first_offset), end_(first_offset) {}

  // One batch of `records` records at the end, written at that time.
  void Produce(int records, int64_t timestamp_ms);
  // … within the producer's transaction, which begins with it when none is open.
  void ProduceWithin(int64_t producer_id, int records, int64_t timestamp_ms);
  // Ends the producer's transaction, perhaps one without a record here.
  void End(int64_t producer_id, kafka::ControlType verdict);
  // What compaction left of batches: holes in and behind them. Of the next batches, with that chance.
  void LeaveHoles(double chance) { holes_ = chance; }
  // A row of batches is gone as a whole.
  void Skip(int64_t offsets) { end_ += offsets; }
  // Retention: the log starts at `to` now, which may lie inside a batch.
  void AdvanceStart(int64_t to);
  // An unclean election: a leader of the next epoch has nothing from the batch on that holds `to`.
  void CutBack(int64_t to);
  // The leader moved, and lost nothing.
  void MoveLeader() { epoch_starts_[++epoch_] = end_; }
  // Where the records of that leader epoch end; nothing while it lasts.
  std::optional<int64_t> EndOf(int32_t epoch) const;

  int64_t start() const { return start_; }
  int64_t end() const { return end_; }
  // Below it every transaction has ended: all that read_committed may see.
  int64_t last_stable() const;
  const std::map<int64_t, int64_t>& open() const { return open_; }
  // The batch that holds the offset, or the first one behind it; null when there is none.
  const Batch* Find(int64_t offset) const;
  struct Aborted {
    int64_t producer_id, first, marker;
  };
  const std::vector<Aborted>& aborted() const { return aborted_; }
  // The marker that ended the producer's transaction with a record at that offset; null while it is open.
  const Batch* EndOf(int64_t producer_id, int64_t offset) const;
  // Every batch there ever was, by base offset.
  const std::map<int64_t, Batch>& history() const { return history_; }
  // Whose records are these (everything behind the header)? Null when nobody's here, or when it is a marker.
  const Batch* Recognise(ByteView body) const;

 private:
  SharedBytes Build(int records, int64_t timestamp_ms, std::optional<int64_t> within);
  void Add(Batch batch);

  World& world_;
  int64_t start_;
  int64_t end_;
  std::map<int64_t, Batch> history_;
  std::map<int64_t, int64_t> open_;  // producer -> where its transaction begins
  std::vector<Aborted> aborted_;
  int32_t epoch_ = 0;  // of the leader
  std::map<int32_t, int64_t> epoch_starts_{{0, 0}};
  double holes_ = 0;
  std::map<std::string, int64_t, std::less<>> by_records_;
};

}  // namespace klink::sim
