// Where the source's log is not a row of whole batches: markers of transactions, holes of compaction, append times.
#include <limits>

#include "base/log.h"
#include "kafka/record_batch.h"
#include "link/batch_patch.h"
#include "link/partition_mirror.h"
#include "link/reencode.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

constexpr int64_t kEmptyTransactionsMost = 100;  // in one hole before a marker: some milliseconds each
constexpr char kHoles[] = "HOLES";

}  // namespace

// From here on another shift. The map ends where the old one does only once everything before it stands.
Async<Status> PartitionMirror::Shift(SourceOffset since, Position& at, std::string_view why) {
  CO_RETURN_IF_ERROR(co_await UntilAnswered());
  CO_RETURN_IF_ERROR(co_await UntilNothingLate("other records follow under the same sequences"));
  CO_RETURN_IF_ERROR(co_await p_.map.ChangeShift(since, at.dest_next, std::string(why), -1));
  Log(Level::kInfo, Event::kRunStarted,
      fmt::format("from source offset {} on offsets are translated by {:+}", since, at.dest_next.value - since.value),
      {{"topic", name_.topic}, {"partition", name_.partition}, {"reason", why}});
  at.source_next = since;
  co_return absl::OkStatus();
}

// How many fillers the ratio still allows; a little credit lets the first holes of a log be filled.
int64_t PartitionMirror::FillersLeft(int64_t records) const {
  if (!options_.holes.fill_ratio) return std::numeric_limits<int64_t>::max();
  const double allowed = *options_.holes.fill_ratio * static_cast<double>(records_ + records);
  return static_cast<int64_t>(allowed) + options_.holes.fill_records - fillers_;
}

Async<Status> PartitionMirror::SendRebuilt(SharedBytes batch, std::optional<int64_t> source_pid, Position& at) {
  const BatchView view(batch.view());
  ReencodeRules rules;
  if (options_.holes.fill && !options_.holes.markers)
    rules.fill_from = p_.phase.aligned_from().value_or(SourceOffset(0));
  rules.fill_records = options_.holes.fill_records;
  rules.fill_bytes = options_.holes.fill_bytes;
  rules.fillers_left = FillersLeft(view.count());
  rules.batch_bytes = options_.batch_bytes;
  rules.append_times = options_.append_times;
  StatusOr<Reencoded> built = Reencode(view, at, rules);
  if (!built.ok())
    co_return Halt(built.status().code() == Code::kResourceExhausted ? Reason::kRecordTooLarge : Reason::kCrcMismatch,
                   "{}: the batch at source offset {} cannot be read: {}", name_, view.base_offset(),
                   Text(built.status()));
  records_ += built->records;
  fillers_ += built->fillers;
  for (Piece& piece : built->pieces) {
    if (piece.shifted && FillsByMarkers(piece.first, at)) {
      CO_RETURN_IF_ERROR(co_await FillTo(piece.first, at));
    } else if (piece.shifted) {
      CO_RETURN_IF_ERROR(co_await Shift(piece.first, at, kHoles));
    }
    const int64_t taken = source_pid ? 0 : piece.offsets;
    const Position after{piece.next, at.dest_next + piece.offsets, AdvanceSequence(at.sequence, taken), at.epoch};
    CO_RETURN_IF_ERROR(co_await Send(std::move(piece.batch), source_pid, at, after, piece.fillers));
  }
  co_return absl::OkStatus();
}

Async<Status> PartitionMirror::PassMarker(Marker marker, int64_t bytes, Position& at) {
  CO_RETURN_IF_ERROR(co_await UntilAnswered());
  if (p_.phase.sequences_are_offsets()) CO_RETURN_IF_ERROR(co_await p_.phase.LeaveOffsetSequences());
  if (marker.hole > 0) CO_RETURN_IF_ERROR(co_await FillBefore(marker, at));
  CO_RETURN_IF_ERROR(
      co_await EndAt(marker.source_pid, marker.commit ? TransactionEnd::kCommit : TransactionEnd::kAbort, at));
  p_.progress.Replicated(at, 1, bytes);
  p_.progress.Took(p_.clock.Now() - fetched_at_);
  co_return co_await FinishPrefill(at.dest_next);
}

// No record follows that could stand in the hole: empty transactions take its offsets, where it is small.
Async<Status> PartitionMirror::FillBefore(const Marker& marker, Position& at) {
  const SourceOffset end = at.source_next + marker.hole;
  const SourceOffset fill_from = p_.phase.aligned_from().value_or(SourceOffset(0));
  const bool fill = options_.holes.fill && at.source_next >= fill_from && marker.hole <= kEmptyTransactionsMost &&
                    marker.hole <= FillersLeft(0);
  if (!fill) co_return co_await Shift(end, at, kHoles);
  fillers_ += marker.hole;
  while (at.source_next < end) CO_RETURN_IF_ERROR(co_await EndAt(kNobody, TransactionEnd::kAbort, at));
  co_return absl::OkStatus();
}

// One marker, at the next offset.
Async<Status> PartitionMirror::EndAt(int64_t source_pid, TransactionEnd end, Position& at) {
  ending_ = true;
  const Instant began = p_.clock.Now();
  CO_RETURN_IF_ERROR(co_await replay_.End(source_pid, end, at.dest_next));
  marker_time_ += p_.clock.Now() - began;
  ending_ = false;
  if (source_pid == kNobody) p_.progress.Filled(0, 1);
  CO_RETURN_IF_ERROR(co_await p_.map.Record(at.source_next, at.dest_next, 1));
  at.source_next = at.source_next + 1;
  at.dest_next = at.dest_next + 1;
  unclear_ = Unclear::kNo;
  backoff_.Reset();
  Works();
  co_return absl::OkStatus();
}

}  // namespace klink::link
