// The transactions of one partition, replayed: every transaction of a source producer becomes one of ours, under a slot
// of its own, with its marker at the same offset.
//
// A slot is taken at the first batch (or at a marker that ends nothing we hold), carries the producer's batches, and is
// free again once its marker is replicated. Within a slot, sequences go on from what the leader remembers; a producer
// it does not know begins at 0, so a repeat is always recognised (protocol.md P20, P22).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "link/batch_patch.h"
#include "link/ports.h"

namespace klink::link {

class TransactionReplay {
 public:
  TransactionReplay(TopicPartition name, Clock& clock, Source& source, Sink& sink, OffsetMap& map, Gate& gate,
                    Transactions& transactions)
      : name_(std::move(name)),
        clock_(clock),
        source_(source),
        sink_(sink),
        map_(map),
        gate_(gate),
        transactions_(transactions) {}

  // What a crash left: asks the coordinators, and waits for markers that are on their way. Before the log is read.
  Async<Status> Gather();
  // Which source producer every open transaction in the log belongs to.
  Async<Status> Adopt(const DestLog& log);

  // Whose transaction that producer of ours carries since that offset, as far as this process began it.
  std::optional<int64_t> Remembered(int64_t pid, DestOffset since) const;

  // Is a transaction of that source producer under way here?
  bool Carries(int64_t source_pid) const { return open_.contains(source_pid); }

  // The slot of the source producer's transaction; begins one when it has none, for the batch or marker at `at`.
  Async<StatusOr<TransactionSlot>> SlotOf(int64_t source_pid, DestOffset at);
  // The stamp of the next batch of that slot, `count` records long.
  Stamp NextStamp(const TransactionSlot& slot, int32_t count);
  // Ends the source producer's transaction and waits until its marker is replicated at `at`.
  Async<Status> End(int64_t source_pid, TransactionEnd end, DestOffset at);

  // Transactions in the log whose end the source no longer tells: all of them behind a gap of retention; at the start
  // those of which the source holds no batch any more.
  bool has_lost() const { return !lost_.empty(); }
  int64_t lost() const { return static_cast<int64_t>(lost_.size()); }
  void LoseAll(DestOffset end);
  // An append within it was given up.
  void Doubt(const TransactionSlot& slot) { transactions_.Doubt(slot); }
  // Aborts one of them, as End does.
  Async<Status> AbortLost(DestOffset at);

 private:
  struct Known {
    int32_t epoch = -1;
    int32_t next_sequence = 0;
  };
  struct Carried {
    TransactionSlot slot;
    DestOffset since;  // where its first batch stands, or should
  };
  Async<StatusOr<std::optional<int64_t>>> SourcePidOf(int64_t pid, DestOffset since, DestOffset end);
  Async<Status> EndSlot(TransactionSlot slot, TransactionEnd end, DestOffset at);
  Async<Status> AwaitMarker(int64_t pid, DestOffset at);

  TopicPartition name_;
  Clock& clock_;
  Source& source_;
  Sink& sink_;
  OffsetMap& map_;
  Gate& gate_;
  Transactions& transactions_;
  std::map<int64_t, Carried> open_;     // by source producer
  std::vector<TransactionSlot> begun_;  // at the coordinator; nothing of theirs is in the log
  std::vector<TransactionSlot> lost_;
  std::map<int64_t, Known> known_;  // our producers, as the leader remembers them
};

}  // namespace klink::link
