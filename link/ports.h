// The effects a partition mirror has, as ports: the shipped engine runs unchanged on real brokers (fetch_hub,
// produce_hub, kafka_partition) and in the simulator (tests/sim). Everything here belongs to one executor.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/signal.h"
#include "base/types.h"
#include "link/halt.h"
#include "state/states.h"

namespace klink::link {

// What a source broker last said about its log. last_stable bounds what is fetched (read_committed).
struct SourceBounds {
  SourceOffset log_start;
  SourceOffset high_watermark;
  SourceOffset last_stable;
};

// A transaction that was aborted, as a fetch answers it: its producer's batches from there to its marker.
struct AbortedTransaction {
  int64_t producer_id = -1;
  SourceOffset first;
};

// Whole batches as they stand in the source log, in order; the first may begin below the offset asked for. The bytes
// are ours alone: batch_patch rewrites their headers in place. Releasing them gives the memory budget back.
struct Fetched {
  std::vector<SharedBytes> batches;
  SourceBounds bounds;
  int32_t leader_epoch = -1;
  std::vector<AbortedTransaction> aborted = {};  // all that reach into the batches
};

// One source partition.
class Source {
 public:
  virtual ~Source() = default;
  // Batches from the one that holds `at`; empty when a poll brought none. An `at` outside the log: OutOfRange.
  virtual Async<StatusOr<Fetched>> Next(SourceOffset at) = 0;
  // The first offset whose record is not older; the log's end when there is none.
  virtual Async<StatusOr<SourceOffset>> OffsetAt(WallTime) {
    CO_TRY(const SourceBounds bounds, co_await Bounds());
    co_return bounds.high_watermark;
  }
  // Asks the leader.
  virtual Async<StatusOr<SourceBounds>> Bounds() = 0;
  // The batch that holds `at`; nothing when the log has none there.
  virtual Async<StatusOr<std::optional<SharedBytes>>> BatchAt(SourceOffset at) = 0;
  // Where the records of that leader epoch end; nothing while it lasts, or when that is not known any more.
  virtual Async<StatusOr<std::optional<SourceOffset>>> EndOf(int32_t /*leader_epoch*/) { co_return std::nullopt; }
};

// What the destination leader remembers of one producer (DescribeProducers, protocol.md L6).
struct ProducerState {
  int64_t producer_id = -1;
  int32_t producer_epoch = -1;
  int32_t last_sequence = -1;
  int64_t last_timestamp_ms = -1;
  std::optional<DestOffset> open_since = std::nullopt;  // where its open transaction begins in the log
  int32_t coordinator_epoch = -1;                       // of its last marker
};

// Null: the leader remembers nothing of it.
inline const ProducerState* FindProducer(const std::vector<ProducerState>& producers, int64_t id) {
  for (const ProducerState& p : producers)
    if (p.producer_id == id) return &p;
  return nullptr;
}

// The destination log as it was at one moment; Unavailable when it moved on between the questions.
struct DestLog {
  DestOffset start;
  DestOffset end;             // log end offset (replica −2, protocol.md L5), not the high watermark
  DestOffset high_watermark;  // below `end` while replication is behind
  std::vector<ProducerState> producers;
  std::optional<SharedBytes> last_batch;  // the one that ends at `end`, when it can be read
};

// An append that was sent. The answer is the base offset the leader gave it.
class PendingAppend {
 public:
  explicit PendingAppend(Executor executor) : done_(std::move(executor)) {}
  // Not ended by stopping: an append that was sent has an outcome, within the request's deadline.
  Async<StatusOr<DestOffset>> Wait() {
    while (!answer_) (void)co_await done_.WaitEvenIfStopping();
    co_return *answer_;
  }
  void Complete(StatusOr<DestOffset> answer) {
    if (answer_) return;
    answer_ = std::move(answer);
    done_.NotifyAll();
  }
  bool done() const { return answer_.has_value(); }

 private:
  std::optional<StatusOr<DestOffset>> answer_;
  Signal done_;
};

// A transactional id of the link's own, `klink.<link>.<n>`, with a transaction begun at its coordinator for one
// partition. One slot serves one source producer's transaction in one partition at a time.
struct TransactionSlot {
  std::string id;
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;
  int64_t number = 0;  // in the id
};
enum class TransactionEnd { kCommit, kAbort };

// The transactions of one destination partition.
class Transactions {
 public:
  virtual ~Transactions() = default;
  // The slots whose open transaction names this partition, as a crash left them. One that is being ended is waited for:
  // its marker stands in the log when this answers. All other slots this partition held are free again.
  virtual Async<StatusOr<std::vector<TransactionSlot>>> Open() = 0;
  // The slot of that producer, when its open transaction names this partition: another process may have begun it.
  virtual Async<StatusOr<std::optional<TransactionSlot>>> Find(int64_t producer_id) = 0;
  // A free slot with a transaction begun that names this partition. Nothing is in the log yet.
  virtual Async<StatusOr<TransactionSlot>> Begin() = 0;
  // Asks the coordinator for the end. The marker lands later, and it may land twice (protocol.md T7). The same end may
  // be asked for again.
  virtual Async<Status> End(TransactionSlot slot, TransactionEnd end) = 0;
  // Its marker stands: the slot is free.
  virtual void Release(const TransactionSlot& slot) = 0;
  // An append to it was given up and may arrive later, when its transaction is over: it carries another one only under
  // the next epoch, as a leader that was asked about an earlier sequence takes none behind it (protocol.md P29).
  virtual void Doubt(const TransactionSlot& slot) = 0;
};

// Control records of a producer that end nothing. The leader refuses those of a lower generation than it has seen.
struct MarkerStamp {
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;
  int32_t generation = 0;
};

// One destination partition.
// Who must have an append before it is answered.
enum class Acks : uint8_t {
  kAll,     // every in-sync replica: no leader move loses it
  kLeader,  // its leader: lost with it. A later one of the same producer that is answered with kAll proves it, since
            // the leader takes only the successor of the last sequence (protocol.md P20)
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Appends one patched batch, within the slot's transaction when there is one. Calls in order are appends in order.
  virtual std::shared_ptr<PendingAppend> Send(SharedBytes batch, std::optional<TransactionSlot> slot, Acks acks) = 0;
  virtual Async<StatusOr<DestLog>> Inspect() = 0;
  // Only the log end offset.
  virtual Async<StatusOr<DestOffset>> End() {
    CO_TRY(const DestLog log, co_await Inspect());
    co_return log.end;
  }
  // The batch that holds `at`, once it is replicated; nothing when the log has none there.
  virtual Async<StatusOr<std::optional<SharedBytes>>> BatchAt(DestOffset) { co_return std::nullopt; }
  // The same for a marker that is under way: takes its time when nothing is there yet.
  virtual Async<StatusOr<std::optional<SharedBytes>>> AwaitMarker(DestOffset at) { co_return co_await BatchAt(at); }
  virtual Async<Status> DeleteBelow(DestOffset offset) = 0;
  // May WriteMarkers be asked for? As far as is known; a refusal tells (protocol.md T9).
  virtual bool TakesMarkers() const { return false; }
  // Appends that many control records, replicated when it answers. After any error some of them may stand, or land
  // later.
  virtual Async<Status> WriteMarkers(int64_t, MarkerStamp) { co_return Unimplemented("no markers here"); }
};

// The map between the two logs, of one partition.
class OffsetMap {
 public:
  virtual ~OffsetMap() = default;
  // destination − source at the end of what is mapped; nothing before the first append.
  virtual std::optional<int64_t> shift() const = 0;
  // Where that shift began at the destination.
  virtual std::optional<DestOffset> shift_since() const = 0;
  // Where a destination record came from, before Resume as far as that is stored; nothing for what is no copy, or when
  // it is not known.
  virtual std::optional<SourceOffset> ToSource(DestOffset at) const = 0;
  // Where the first record at or beyond a source offset stands; nothing when that is not known.
  virtual std::optional<DestOffset> ToDest(SourceOffset at) const {
    const std::optional<int64_t> now = shift();
    return now ? std::optional(DestOffset(at.value + *now)) : std::nullopt;
  }
  // The source's log was cut back to `since` and goes on there; at the destination that is `dest`.
  virtual Async<Status> Truncate(SourceOffset since, DestOffset dest) {
    return ChangeShift(since, dest, "SOURCE_TRUNCATED", -1);
  }
  // From here on another shift. Durable before it answers, so that no append under it can be misread later.
  virtual Async<Status> ChangeShift(SourceOffset since, DestOffset dest, std::string why, int32_t leader_epoch) = 0;
  // After recovery: the runs reach exactly to these ends under the shift in force.
  virtual Async<Status> Resume(DestOffset dest_start, SourceOffset source_next, DestOffset dest_next) = 0;
  virtual Async<Status> Record(SourceOffset source, DestOffset dest, int64_t length) = 0;
};

// Where a new partition's log must begin, kept in the state topic while fillers are written (PREFILL).
struct Prefill {
  DestOffset fillers_end;  // fillers are written up to here: the base offset of the first source batch
  DestOffset log_start;    // then the log is trimmed to here: the source's log start
  // Right-aligned (link/right_align): the source offset whose record stands first, closed up to what follows.
  std::optional<SourceOffset> head_from = std::nullopt;
  std::optional<SourceOffset> aligned_from = std::nullopt;  // from here on offsets are equal
};

// A log that klink did not write, taken over by an operator's word: below `from` it is the source's, and it ends at
// `at`, where what the source has from `from` on is appended.
struct Adoption {
  SourceOffset from;
  DestOffset at;
};

// What the state topic says of one partition.
class PartitionPhase {
 public:
  virtual ~PartitionPhase() = default;
  virtual bool was_mirrored() const = 0;  // ACTIVE was recorded once
  virtual std::optional<Prefill> prefill() const = 0;
  virtual std::optional<Adoption> adoption() const { return std::nullopt; }
  // Every batch of ours in the log carries the sequence of its offset. Ends for good before the first marker, or batch
  // of another producer of ours, is written: they take offsets without taking sequences.
  virtual bool sequences_are_offsets() const = 0;
  virtual Async<Status> LeaveOffsetSequences() = 0;
  // The highest leader epoch of the source among what was copied; written before the first append of it.
  virtual std::optional<int32_t> source_epoch() const { return std::nullopt; }
  virtual Async<Status> NoteSourceEpoch(int32_t) { co_return absl::OkStatus(); }
  // What the operator accepted when resuming; forgotten once it was acted upon.
  virtual state::Accept accepted() const { return state::Accept::kNone; }
  virtual Async<Status> ForgetAccepted() { co_return absl::OkStatus(); }
  virtual Async<Status> BeginPrefill(Prefill prefill) = 0;
  // Asks for the mirror topic to be deleted and made again. False: it was ACTIVE once, or klink did not make it.
  virtual Async<StatusOr<bool>> BeginAnew() { co_return false; }
  // Of the right-aligned prefill this mirror began with: holes below are closed up, not filled.
  virtual std::optional<SourceOffset> aligned_from() const { return std::nullopt; }
  // From now on its data counts; `shift` is the first one, `why` names what keeps it from being 0.
  virtual Async<Status> Activate(int64_t shift, std::string why) = 0;
};

// May this process write now? (lease, phase, pause)
class Gate {
 public:
  virtual ~Gate() = default;
  virtual bool MayWrite() const = 0;
  // Until MayWrite; Cancelled when stopped.
  virtual Async<Status> UntilOpen() = 0;
};

// The link's producer identity (architecture: identity). Shared by all agents of a link.
struct Identity {
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;
  int64_t filler_producer_id = -1;
  int16_t filler_epoch = 0;
  // Ours, now or in the past, also those of slots; it grows while the link runs.
  std::shared_ptr<std::set<int64_t>> ever_used;
  bool IsOurs(int64_t pid) const {
    return pid == producer_id || pid == filler_producer_id || (ever_used && ever_used->contains(pid));
  }
};

}  // namespace klink::link
