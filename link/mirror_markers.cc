// Markers of ours that the source does not have. A coordinator may write one twice (protocol.md T7); and a transaction
// whose end the source's retention removed is aborted by us. Each takes an offset, and what follows is shifted by one:
// found again from the two logs at every start, so that nothing needs to be recorded before.
#include "kafka/record_batch.h"
#include "link/partition_mirror.h"

namespace klink::link {
namespace {

using kafka::BatchView;

constexpr size_t kExtraMost = 8;        // in what is compared at a start
constexpr size_t kLookBackMost = 1000;  // batches, for the one of the same producer before a marker

// Written twice, and nothing of that producer in between.
bool IsSameMarker(const BatchView& a, const BatchView& b) {
  return a.control() && b.control() && a.producer_id() == b.producer_id() && a.producer_epoch() == b.producer_epoch() &&
         SameRecords(a.bytes(), b.bytes());
}

}  // namespace

// The log ends with what was under way, a few batches, and extra markers between them: the source's batches, each
// shifted by the markers before it.
Async<StatusOr<bool>> PartitionMirror::FindExtraMarkers(const Facts& facts, Resume& resume) {
  if (p_.phase.sequences_are_offsets()) co_return false;  // there never was a marker
  std::vector<SharedBytes> tail;                          // the last one first
  for (std::optional<SharedBytes> batch = resume.tail; batch && tail.size() <= kDepth + kExtraMost;) {
    const BatchView view(batch->view());
    if (!identity_.IsOurs(view.producer_id())) break;
    tail.push_back(*batch);
    if (view.base_offset() == 0) break;
    CO_TRY(batch, co_await p_.sink.BatchAt(DestOffset(view.base_offset() - 1)));
  }
  for (size_t extra = 1; extra <= kExtraMost; extra++) {
    CO_TRY(const bool aligned, co_await AlignTail({facts, resume, tail}, 0, extra));
    if (!aligned) continue;
    resume.at.source_next = resume.at.source_next - static_cast<int64_t>(extra);
    co_return true;
  }
  co_return false;
}

// From that batch back: is it the source's once `extra` markers are left out? Markers of other producers look alike, so
// either way of taking one is tried.
Async<StatusOr<bool>> PartitionMirror::AlignTail(Tail log, size_t at, size_t extra) {
  const int64_t shift = log.resume.at.shift();
  if (at == log.batches.size()) co_return extra == 0;
  const BatchView view(log.batches[at].view());
  const DestOffset base(view.base_offset());
  if (extra == 0 && log.facts.shift_since && base < *log.facts.shift_since) co_return true;
  if (extra > 0 && view.control()) {
    CO_TRY(const bool explained, co_await IsExplained(log.batches, at, shift));
    if (explained) {
      CO_TRY(const bool aligned, co_await AlignTail(log, at + 1, extra - 1));
      if (aligned) {
        log.resume.extra.push_back(base);
        co_return true;
      }
    }
  }
  CO_TRY(const bool same,
         co_await Corresponds(log.batches[at], SourceOffset(base.value - shift) - static_cast<int64_t>(extra)));
  if (!same || extra == 0) co_return same;
  co_return co_await AlignTail(log, at + 1, extra);
}

// One of two equal markers of a producer; or an abort of what the source no longer has.
Async<StatusOr<bool>> PartitionMirror::IsExplained(const std::vector<SharedBytes>& tail, size_t at, int64_t shift) {
  const BatchView marker(tail[at].view());
  for (size_t behind = at; behind-- > 0;) {
    const BatchView view(tail[behind].view());
    if (view.producer_id() != marker.producer_id()) continue;
    if (IsSameMarker(view, marker)) co_return true;
    break;
  }
  CO_TRY(const std::optional<SharedBytes> before, co_await BeforeMarker(tail[at]));
  if (!before) co_return false;
  const BatchView view(before->view());
  if (view.control()) co_return IsSameMarker(view, marker);
  const auto verdict = kafka::ReadControlType(marker);
  const bool aborted = verdict.ok() && *verdict == kafka::ControlType::kAbort;
  if (view.producer_epoch() != marker.producer_epoch() || !aborted) co_return false;
  CO_TRY(const SourceBounds bounds, co_await p_.source.Bounds());
  co_return SourceOffset(view.last_offset() - shift) < bounds.log_start;
}

// The batch of the marker's producer before it.
Async<StatusOr<std::optional<SharedBytes>>> PartitionMirror::BeforeMarker(SharedBytes marker) {
  const int64_t pid = BatchView(marker.view()).producer_id();
  DestOffset next(BatchView(marker.view()).base_offset());
  for (size_t looked = 0; looked < kLookBackMost && next > DestOffset(0); looked++) {
    CO_TRY(std::optional<SharedBytes> batch, co_await p_.sink.BatchAt(next - 1));
    if (!batch) break;
    const BatchView view(batch->view());
    if (view.producer_id() == pid) co_return std::move(batch);
    next = DestOffset(view.base_offset());
  }
  co_return std::nullopt;
}

// A coordinator that ends a transaction by itself does so under a higher epoch than its batches have (protocol.md T8).
Async<StatusOr<bool>> PartitionMirror::IsAskedFor(SharedBytes marker) {
  CO_TRY(const std::optional<SharedBytes> before, co_await BeforeMarker(marker));
  if (!before) co_return true;
  const BatchView view(before->view());
  co_return view.control() || view.producer_epoch() == BatchView(marker.view()).producer_epoch();
}

Async<Status> PartitionMirror::MapExtraMarkers(const DestLog& log, const Resume& resume) {
  int64_t shift = resume.at.shift() - static_cast<int64_t>(resume.extra.size());
  for (const DestOffset extra : resume.extra) {
    const SourceOffset next(extra.value - shift++);
    CO_RETURN_IF_ERROR(co_await p_.map.Resume(log.start, next, extra));
    CO_RETURN_IF_ERROR(co_await p_.map.ChangeShift(next, extra + 1, "MARKER_REPEATED", -1));
  }
  co_return absl::OkStatus();
}

// What the source would have said is gone: nothing of these transactions may be taken for committed.
Async<Status> PartitionMirror::AbortLost(Position& at) {
  ending_ = true;
  while (replay_.has_lost()) {
    CO_RETURN_IF_ERROR(co_await replay_.AbortLost(at.dest_next));
    at.dest_next = at.dest_next + 1;
  }
  ending_ = false;
  co_return co_await Shift(at.source_next, at, "RETENTION_GAP");
}

}  // namespace klink::link
