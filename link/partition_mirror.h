// One partition's story: fetch → plan → patch → append → record → publish, as one coroutine (Cycle). It starts from
// what the destination log says, ends at the first error, and Run begins it again. Invariants:
//  - a batch is sent only directly behind the last one that is known to stand in the destination log or is in flight;
//  - at most kDepth batches are unanswered, one while the leader's compare-and-append cannot be relied on;
//  - every answer's base offset is compared with the expected one; a difference stops the partition, never resyncs it.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/backoff.h"
#include "base/permits.h"
#include "base/task_group.h"
#include "link/aborted_data.h"
#include "link/partition_progress.h"
#include "link/ports.h"
#include "link/recovery.h"
#include "link/saturation.h"
#include "link/transaction_replay.h"

namespace klink::link {

// Where a new mirror begins instead of at the source's log start.
struct StartAt {
  std::optional<WallTime> time;  // none: latest
};

// How the holes that compaction leaves keep their offsets.
struct HoleOptions {
  bool fill = true;                        // holes: auto, duplicates or markers; else translate
  bool markers = false;                    // by control records alone
  bool markers_beyond = true;              // … where a hole is too large for copies of records (auto)
  std::optional<double> fill_ratio = 1.0;  // fillers per record; none: any (duplicates)
  int64_t fill_records = 2000;             // in one hole
  int64_t fill_bytes = 1 << 20;
};

struct MirrorOptions {
  bool preserve = true;  // offsets: preserve
  int64_t prefill_limit = 2'000'000'000;
  bool record_gaps = true;        // on_gap: record
  bool record_foreign = false;    // on_foreign_write: record
  bool pipelined = false;         // acks: pipelined
  bool follow_log_start = false;  // log_start: follow, and the topic deletes
  Duration log_start_hold = 24h;
  std::optional<StartAt> start;  // none: earliest
  bool compacted = false;        // the source topic was, when the mirror was made: its log may have holes
  bool append_times = true;      // timestamps: exact
  bool committed = false;        // transactions: committed
  HoleOptions holes;
  size_t batch_bytes = 1 << 20;        // the destination topic's max.message.bytes
  Duration producer_expiration = 24h;  // producer.id.expiration.ms of the destination
  // How long the log must stand still before our first append where the leader may have forgotten the owner before us:
  // the produce timeout + 10 s, unless that owner is known to have been silent long enough.
  Duration inherited_settle = 15s;
};

struct MirrorPorts {
  Executor executor;
  Clock& clock;
  Source& source;
  Sink& sink;
  OffsetMap& map;
  PartitionPhase& phase;
  Gate& gate;
  Transactions& transactions;
  PartitionProgress& progress;
  Permits& fills;  // how many partitions write fillers at the same time
};

class PartitionMirror {
 public:
  PartitionMirror(TopicPartition name, MirrorPorts ports, Identity identity, MirrorOptions options, uint64_t seed);

  // Mirrors until stopped (by its task group) or drained.
  Async<void> Run();
  // No new fetch or append; Run ends once what is in flight is answered.
  void Drain();

 private:
  static constexpr size_t kDepth = 5;     // the leader remembers five batches per producer (protocol.md P22)
  static constexpr int64_t kNobody = -1;  // no source producer has this id
  struct InFlight {
    std::shared_ptr<PendingAppend> pending = nullptr;
    Position at;  // where it should land
    Position after;
    int64_t bytes;
    int64_t fillers = 0;
    Instant seen = {};
    std::optional<TransactionSlot> slot = std::nullopt;
    Acks acks = Acks::kAll;
    bool old = false;  // the leader may soon forget that it knows us by it
  };

  Async<Status> Cycle();
  Async<void> Pump(Position at, Progressed progressed);
  Async<Status> Offer(SharedBytes batch, Position& at, Progressed& progressed);
  Async<Status> OpenGap(Position& at);
  Async<StatusOr<bool>> FillGap(Position& at);
  Async<Status> CrossEmptied(const SourceBounds& bounds, Position& at);
  Async<Status> Send(SharedBytes batch, std::optional<int64_t> source_pid, Position& at, Position after,
                     int64_t fillers = 0, Acks acks = Acks::kAll);
  Acks AcksOf(const kafka::BatchView& batch, const Position& after) const;
  Async<Status> Proven(const InFlight& item);
  bool UnderWay() const { return !in_flight_.empty() || !unproven_.empty(); }
  Async<Status> SendRebuilt(SharedBytes batch, std::optional<int64_t> source_pid, Position& at);
  Async<Status> FillBefore(const Marker& marker, Position& at);
  Async<Status> NoteEpoch(int32_t leader_epoch);
  bool LeftOut(const kafka::BatchView& batch);
  Async<Status> LeaveOut(const kafka::BatchView& batch, Progressed& progressed);
  std::optional<int64_t> Within(std::optional<int64_t> source_pid) const;
  SourceOffset MarkersUpTo(const kafka::BatchView& batch, const Position& at) const;
  bool FillsByMarkers(const SourceOffset& hole_end, const Position& at) const;
  Async<Status> FillTo(SourceOffset to, Position& at);
  Async<Status> FillBehind(const SourceBounds& bounds, bool end_seen, SourceOffset& seen, Position& at);
  Async<Status> WriteMarkers(int64_t count, Position& at);
  Async<StatusOr<int64_t>> AppendMarkers(int64_t most, DestOffset at);
  int64_t MarkersMost() const;
  enum class Holds : uint8_t { kRecord, kNothing, kGone, kBeyond };
  Async<StatusOr<Holds>> WhatHolds(SourceOffset at);
  Async<StatusOr<bool>> EndsNothing(SharedBytes marker);
  Async<Status> Shift(SourceOffset since, Position& at, std::string_view why);
  int64_t FillersLeft(int64_t records) const;
  Async<Status> PassMarker(Marker marker, int64_t bytes, Position& at);
  Async<Status> EndAt(int64_t source_pid, TransactionEnd end, Position& at);
  Async<Status> UntilAnswered();
  Async<Status> Settle();
  Async<void> Watch();
  Async<Status> LookAtTheEnd();
  Async<Status> FollowLogStart();
  void TellFollowed(const Status& followed);
  void NoticeStall();
  void NoticeSaturation();
  Async<StatusOr<SourceOffset>> FirstDifference(const Facts& facts, const Resume& resume);
  Async<StatusOr<std::optional<SourceOffset>>> CutBackTo(const Resume& resume);
  Async<StatusOr<bool>> Repeats(const Resume& resume);
  Async<Status> Truncated(const Facts& facts, Resume& resume, std::optional<SourceOffset> cut_back_to);
  Async<StatusOr<SourceBounds>> LaterStart(SourceBounds bounds);
  Async<Status> UntilSendable(int64_t max_timestamp_ms);
  Async<Status> UntilNothingLate(std::string_view before);
  Status Judge(const InFlight& item, const StatusOr<DestOffset>& answer);
  void Tell(const Status& ended);
  void Works();

  struct Started {
    Position at;
    Progressed progressed = Progressed::kCopying;
  };
  Async<void> Drained();  // every sent append has its outcome
  Async<StatusOr<Started>> Recover();
  Async<StatusOr<Facts>> Gather();
  Async<StatusOr<DestLog>> SettledLog();
  Async<Status> FindIntruder(Facts facts);
  struct ForeignRange {
    DestOffset from, to;
    int64_t producer_id = -1;
  };
  void NoteForeign(DestOffset from, DestOffset to, int64_t producer_id);
  Async<StatusOr<std::vector<ForeignRange>>> FindForeign(const Facts& facts);
  Status ReachesBack(const Facts& facts, const ForeignRange& first) const;
  Async<Status> RecordForeign(Facts& facts);
  Async<StatusOr<SourceOffset>> SourceAt(Facts facts, DestOffset end);
  Async<StatusOr<Started>> StartFresh(Facts facts);
  Async<StatusOr<SourceOffset>> FirstBase(SourceBounds bounds);
  Async<StatusOr<Started>> StartPrefilled(Prefill prefill, DestOffset from);
  Async<StatusOr<Started>> StartBehind(SourceOffset since, DestOffset end, std::string why);
  Async<StatusOr<Started>> StartAdopted(Facts facts, Adoption adoption);
  Async<StatusOr<Started>> Continue(Facts facts, Resume resume);
  Async<Status> CompareTail(const Facts& facts, Resume& resume);
  Async<StatusOr<bool>> Corresponds(SharedBytes ours, SourceOffset at);
  Async<StatusOr<bool>> IsCopy(const Facts& facts, SharedBytes ours, int64_t shift, int64_t in_force);
  Async<Status> WasAskedFor(SharedBytes marker);
  Async<StatusOr<bool>> IsTail(const Facts& facts, Resume& resume);
  struct Tail {
    const Facts& facts;
    Resume& resume;
    std::vector<SharedBytes>& batches;  // the last one first, as far as it was read
  };
  Async<StatusOr<bool>> AlignTail(Tail log, size_t at, size_t extra);
  Async<StatusOr<std::optional<SharedBytes>>> BeforeMarker(SharedBytes marker);
  Async<StatusOr<bool>> EndsTheSame(const Facts& facts, SharedBytes marker, int64_t source_pid, int64_t shift);
  Async<StatusOr<std::optional<int64_t>>> SourcePidOf(SharedBytes ours, int64_t shift);
  Async<StatusOr<bool>> IsExplained(const std::vector<SharedBytes>& tail, size_t at, int64_t shift);
  Async<Status> MapExtraMarkers(const DestLog& log, const Resume& resume);
  Async<Status> AbortLost(Position& at);
  Async<Status> EndLost(Position& at);
  Async<Status> WriteFillers(Prefill prefill, DestOffset from);
  Async<Status> FinishPrefill(DestOffset written);
  Async<Status> Overshot(Facts facts, std::string why);
  Async<Status> CrossGap(SourceOffset& seen, Position& at, Progressed& progressed);
  Async<StatusOr<std::optional<Prefill>>> RightAligned(SourceBounds bounds);
  bool HalfForgotten(int64_t max_timestamp_ms) const;

  TopicPartition name_;
  MirrorPorts p_;
  Identity identity_;
  TransactionReplay replay_;
  MirrorOptions options_;
  Backoff backoff_;
  std::deque<InFlight> in_flight_;
  std::vector<InFlight> unproven_;          // answered by the leader alone
  std::vector<DestOffset> in_doubt_;        // where appends of unknown outcome would end
  const SharedBytes* following_ = nullptr;  // the batch behind the one that is offered, when it is at hand
  Signal changed_;
  struct SeenStart {
    SourceOffset start;
    Instant seen;
  };
  std::deque<SeenStart> starts_;            // of the source's log, not yet followed
  std::optional<SourceOffset> followed_;    // the last one that was
  std::optional<SourceOffset> stalled_at_;  // the last stable offset that stands still
  Instant stalled_since_{};
  Saturation saturation_;
  Duration marker_time_{};             // spent on ending transactions
  int64_t records_ = 0, fillers_ = 0;  // rebuilt, since this process began
  int64_t last_pid_ = -1;              // of the last batch sent; another one waits for its answer
  bool ending_ = false;                // a marker is on its way: the log grows without an append of ours
  TaskGroup* pump_ = nullptr;          // of the running cycle
  Status pump_ended_;
  bool pumping_ = false;
  Instant fetched_at_;
  int32_t fetched_epoch_ = -1;  // of the source's leader then
  // What of the copy is not in the source any more, its cleaner may have removed: only taken for that when no other
  // reading of the log is exact.
  enum class CleanedSince : uint8_t { kNo, kPerhaps } cleaned_since_ = CleanedSince::kPerhaps;
  AbortedData aborted_;            // of what was fetched last
  SourceOffset left_out_to_;       // up to here the source has nothing that is copied (transactions: committed)
  int32_t marker_generation_ = 0;  // of our markers in this cycle
  bool markers_known_ = false;     // one of this generation stands: earlier ones are refused from now on
  bool draining_ = false;
  bool acknowledged_ = false;    // in this cycle: the leader knows our last batch
  bool last_was_old_ = false;    // the last batch sent may already be forgotten by the leader
  bool proven_was_old_ = false;  // … or the last one that stands for sure
  bool gap_open_ = false;        // the source's retention overtook us: the next batch begins a new shift
  SourceOffset lost_from_;       // of that gap
  // An append of unknown outcome may still land: our own, or (at the start) that of the agent before us.
  enum class Unclear { kNo, kBeforeUs, kOurs } unclear_ = Unclear::kBeforeUs;
  Instant doubt_until_{};  // until then such an append may land; nothing the leader forgets soon is sent before
  std::optional<SourceOffset> corrupt_at_;  // refused for its checksum there: fetched once more
  std::optional<state::Reason> trouble_;    // of the last answer: it passes by itself
  std::optional<Instant> troubled_since_;   // … and has not since
  std::optional<DestOffset> refused_at_;    // OUT_OF_ORDER_SEQUENCE_NUMBER there, and nothing appended since
};

}  // namespace klink::link
