// Offsets that hold nothing to be read, kept by control records: one offset each, and no consumer sees them. They stand
// in holes of compaction (holes: markers), and for markers and aborted data where committed records arrive as plain
// ones (transactions: committed). Fillers keep the shift in force: what is too large to fill begins another one.
//
// They are written by WriteTxnMarkers where the link may (protocol.md T9), else as empty transactions (T6), one after
// the other. The leader does not compare-and-append markers. So each cycle counts them under a generation of its own
// (their coordinator epoch, T12): its first one goes alone, and once it stands, what an earlier cycle sent and never
// heard of is refused. What landed before is found in the log, and counts; one too many shifts what follows by one.
#include <algorithm>

#include "base/limits.h"
#include "link/partition_mirror.h"

namespace klink::link {
namespace {

using kafka::BatchView;

constexpr int64_t kMarkersMost = 1'000'000;  // in one hole: 78 MB
constexpr int64_t kMarkersAtOnce = 1000;     // in one request: some milliseconds of a broker's thread
constexpr size_t kDecompressedMost = limits::kDecompressedBytes;
constexpr char kHoles[] = "HOLES";

StatusOr<bool> HasRecordAt(const BatchView& batch, SourceOffset at) {
  if (batch.count() == 0) return false;
  if (batch.control() || !batch.has_holes()) return true;
  TRY(const std::vector<kafka::Record> records, kafka::ReadRecords(batch, kDecompressedMost));
  return std::any_of(records.begin(), records.end(),
                     [&](const kafka::Record& r) { return batch.base_offset() + r.offset_delta == at.value; });
}

}  // namespace

// --- What is left out, of batches in their order ---------------------------------------------------------------------

// A transaction that began to be replayed before the setting changed is replayed to its end.
bool PartitionMirror::LeftOut(const BatchView& batch) {
  if (!options_.committed || batch.magic() != 2) return false;
  const bool aborted = aborted_.Covers(batch);
  return (batch.control() || aborted) && !replay_.Carries(batch.producer_id());
}

// Its offsets are filled once it is known what follows: many at a time.
Async<Status> PartitionMirror::LeaveOut(const BatchView& batch, Progressed& progressed) {
  p_.progress.Fetched(1, batch.count(), static_cast<int64_t>(batch.size_bytes()));
  left_out_to_ = SourceOffset(batch.next_offset());
  progressed = Progressed::kCopying;
  co_return absl::OkStatus();
}

// Whose transaction the batch is sent in, here.
std::optional<int64_t> PartitionMirror::Within(std::optional<int64_t> source_pid) const {
  if (source_pid && options_.committed && !replay_.Carries(*source_pid)) return std::nullopt;
  return source_pid;
}

// --- Filling ---------------------------------------------------------------------------------------------------------

int64_t PartitionMirror::MarkersMost() const {
  return p_.sink.TakesMarkers() ? kMarkersMost : options_.holes.fill_records;
}

// How far control records stand for what is missing before a batch that is copied. A marker has no record that could.
SourceOffset PartitionMirror::MarkersUpTo(const BatchView& batch, const Position& at) const {
  const SourceOffset base(batch.base_offset());
  const bool only_so = batch.control() && options_.compacted && options_.holes.fill && p_.sink.TakesMarkers();
  if (options_.holes.markers || only_so) return base;
  return options_.committed ? std::min(left_out_to_, base) : at.source_next;
}

// … or within a batch, where compaction left the hole.
bool PartitionMirror::FillsByMarkers(const SourceOffset& hole_end, const Position& at) const {
  if (options_.holes.markers) return true;
  const bool beyond = hole_end - at.source_next > options_.holes.fill_records;
  return beyond && options_.compacted && options_.holes.fill && options_.holes.markers_beyond && p_.sink.TakesMarkers();
}

Async<Status> PartitionMirror::FillTo(SourceOffset to, Position& at) {
  CO_RETURN_IF_ERROR(co_await UntilAnswered());
  if (gap_open_) CO_RETURN_IF_ERROR(co_await OpenGap(at));
  const SourceOffset fill_from = p_.phase.aligned_from().value_or(SourceOffset(0));
  if (at.source_next < fill_from) CO_RETURN_IF_ERROR(co_await Shift(std::min(to, fill_from), at, kHoles));
  if (at.source_next < to && p_.phase.sequences_are_offsets())
    CO_RETURN_IF_ERROR(co_await p_.phase.LeaveOffsetSequences());
  while (at.source_next < to) {
    const int64_t left = to - at.source_next;
    if (left > MarkersMost()) co_return co_await Shift(to, at, kHoles);
    if (p_.sink.TakesMarkers()) {
      CO_RETURN_IF_ERROR(co_await WriteMarkers(left, at));
    } else {
      CO_RETURN_IF_ERROR(co_await EndAt(kNobody, TransactionEnd::kAbort, at));
    }
    p_.progress.Replicated(at, 0, 0);
  }
  co_return co_await FinishPrefill(at.dest_next);
}

// What nothing follows yet: the copy ends where the source does. What is too large waits for a record.
Async<Status> PartitionMirror::FillBehind(const SourceBounds& bounds, bool end_seen, SourceOffset& seen, Position& at) {
  if (end_seen && options_.holes.markers && seen < bounds.last_stable) {
    CO_TRY(const std::optional<SharedBytes> behind, co_await p_.source.BatchAt(seen));
    if (!behind) {  // removed: nothing can come there any more
      CO_RETURN_IF_ERROR(co_await NoteEpoch(fetched_epoch_));
      seen = bounds.last_stable;
    }
  }
  const SourceOffset to = options_.holes.markers ? seen : options_.committed ? left_out_to_ : at.source_next;
  const SourceOffset fill_from = p_.phase.aligned_from().value_or(SourceOffset(0));
  const bool fits = at.source_next >= fill_from && to - at.source_next <= MarkersMost();
  if (to <= at.source_next || !fits) co_return absl::OkStatus();
  co_return co_await FillTo(to, at);
}

Async<Status> PartitionMirror::WriteMarkers(int64_t count, Position& at) {
  CO_TRY(const int64_t written, co_await AppendMarkers(count, at.dest_next));
  if (written == 0) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(co_await p_.map.Record(at.source_next, at.dest_next, written));
  at.source_next = at.source_next + written;
  at.dest_next = at.dest_next + written;
  backoff_.Reset();
  p_.progress.Working();
  co_return absl::OkStatus();
}

// As many as go at once, at that offset. None when they are not permitted: another way is taken.
Async<StatusOr<int64_t>> PartitionMirror::AppendMarkers(int64_t most, DestOffset at) {
  CO_RETURN_IF_ERROR(co_await p_.gate.UntilOpen());
  const int64_t count = markers_known_ ? std::min(most, kMarkersAtOnce) : 1;
  const MarkerStamp stamp{identity_.filler_producer_id, identity_.filler_epoch, marker_generation_};
  ending_ = true;
  const Status written = co_await p_.sink.WriteMarkers(count, stamp);
  if (!written.ok() && !p_.sink.TakesMarkers()) {
    ending_ = false;
    co_return 0;
  }
  CO_RETURN_IF_ERROR(written);
  CO_TRY(const DestOffset end, co_await p_.sink.End());
  if (end != at + count)
    co_return Unavailable("{}: the log ends at {} behind fillers up to {}", name_, end, at + count);
  ending_ = false;
  markers_known_ = true;
  p_.progress.Filled(0, count);
  co_return count;
}

// --- Recognising -----------------------------------------------------------------------------------------------------

// Has the source anything to be copied there?
Async<StatusOr<PartitionMirror::Holds>> PartitionMirror::WhatHolds(SourceOffset at) {
  CO_TRY(const SourceBounds bounds, co_await p_.source.Bounds());
  if (at < bounds.log_start) co_return Holds::kGone;
  if (at >= bounds.last_stable) co_return Holds::kBeyond;
  CO_TRY(const std::optional<SharedBytes> batch, co_await p_.source.BatchAt(at));
  if (!batch || BatchView(batch->view()).base_offset() > at.value) co_return Holds::kNothing;
  const BatchView view(batch->view());
  CO_TRY(const bool record, HasRecordAt(view, at));
  if (!record) co_return Holds::kNothing;
  if (!options_.committed || !view.transactional()) co_return Holds::kRecord;
  if (view.control()) co_return Holds::kNothing;
  CO_TRY(const Fetched fetched, co_await p_.source.Next(at));
  if (fetched.batches.empty()) co_return Unavailable("{}: the source does not show offset {} now", name_, at);
  AbortedData aborted(fetched.aborted);
  co_return aborted.Covers(BatchView(fetched.batches.front().view())) ? Holds::kNothing : Holds::kRecord;
}

// Does that marker of ours end nothing? Where records arrive as plain ones none does.
Async<StatusOr<bool>> PartitionMirror::EndsNothing(SharedBytes marker) {
  const int64_t pid = BatchView(marker.view()).producer_id();
  if (options_.committed || pid == identity_.filler_producer_id) co_return true;
  CO_TRY(const std::optional<SharedBytes> before, co_await BeforeMarker(marker));
  co_return !before || BatchView(before->view()).control();
}

}  // namespace klink::link
