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

// May there be offsets in the source that hold nothing to be copied?
bool MayHaveHoles(const MirrorOptions& options) {
  return options.committed || options.compacted || options.holes.markers;
}

// What a coordinator writes without having been asked has a higher epoch (protocol.md T8).
bool IsRaised(const SharedBytes& before, const SharedBytes& marker) {
  const BatchView data(before.view());
  return !data.control() && data.producer_epoch() < BatchView(marker.view()).producer_epoch();
}

}  // namespace

// The log ends with what was under way, a few batches, and perhaps with extra markers between them: the source's
// batches, each shifted by the markers before it.
Async<StatusOr<bool>> PartitionMirror::IsTail(const Facts& facts, Resume& resume) {
  std::vector<SharedBytes> batches{*resume.tail};
  const size_t most = p_.phase.sequences_are_offsets() ? 0 : kExtraMost;  // else there never was a marker
  for (const CleanedSince cleaned : {CleanedSince::kNo, CleanedSince::kPerhaps}) {
    if (cleaned == CleanedSince::kNo && !MayHaveHoles(options_)) continue;
    cleaned_since_ = cleaned;
    for (size_t extra = 0; extra <= most; extra++) {
      CO_TRY(const bool aligned, co_await AlignTail({facts, resume, batches}, 0, extra));
      if (!aligned) continue;
      resume.at.source_next = resume.at.source_next - static_cast<int64_t>(extra);
      co_return true;
    }
  }
  co_return false;
}

// From that batch back to the first one with records: are they the source's, once `extra` markers are left out? Markers
// of other producers look alike, so either way of taking one is tried.
Async<StatusOr<bool>> PartitionMirror::AlignTail(Tail log, size_t at, size_t extra) {
  if (at == log.batches.size()) {
    const int64_t first = BatchView(log.batches.back().view()).base_offset();
    const bool begins_here = first == 0 || (log.facts.shift_since && DestOffset(first) <= *log.facts.shift_since);
    if (begins_here || at > kDepth + kExtraMost) co_return extra == 0;
    CO_TRY(const std::optional<SharedBytes> before, co_await p_.sink.BatchAt(DestOffset(first - 1)));
    if (!before || !identity_.IsOurs(BatchView(before->view()).producer_id())) co_return extra == 0 && !before;
    log.batches.push_back(*before);
  }
  const BatchView view(log.batches[at].view());
  const DestOffset base(view.base_offset());
  const int64_t shift = log.resume.at.shift();
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
  CO_TRY(const bool same, co_await IsCopy(log.facts, log.batches[at], shift + static_cast<int64_t>(extra), shift));
  if (same && extra == 0 && !view.control()) co_return true;
  if (same) co_return co_await AlignTail(log, at + 1, extra);
  CO_TRY(const SourceBounds bounds, co_await p_.source.Bounds());  // asked after: its start only moves on
  const SourceOffset copied = SourceOffset(view.last_offset() - shift) - static_cast<int64_t>(extra);
  if (copied >= bounds.log_start) co_return false;  // else retention took what it is a copy of …
  CO_TRY(const std::optional<SharedBytes> first, co_await p_.source.BatchAt(bounds.log_start));
  if (!MayHaveHoles(options_) && first && BatchView(first->view()).base_offset() <= copied.value)
    co_return false;  // … but not if it holds both
  if (view.control()) {
    CO_TRY(const std::optional<SharedBytes> before, co_await BeforeMarker(log.batches[at]));
    if (before && IsRaised(*before, log.batches[at])) co_return false;
    const bool repeated = before && IsSameMarker(BatchView(before->view()), view) && !options_.committed;
    if (repeated && extra == 0 && at == 0) co_return false;
  }
  if (extra > 0) co_return co_await AlignTail(log, at + 1, extra);
  co_return true;
}

// One of two equal markers of a producer; or an abort of what the source no longer has.
Async<StatusOr<bool>> PartitionMirror::IsExplained(const std::vector<SharedBytes>& tail, size_t at, int64_t shift) {
  const BatchView marker(tail[at].view());
  if (marker.producer_id() == identity_.filler_producer_id) co_return true;  // a filler that landed late
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

// Of the source's batch at the same place under that shift. Markers look alike: it must also be of the same
// transaction, whose batches stand under the shift in force.
Async<StatusOr<bool>> PartitionMirror::IsCopy(const Facts& facts, SharedBytes ours, int64_t shift, int64_t in_force) {
  const BatchView view(ours.view());
  const SourceOffset at(view.base_offset() - shift);
  const bool fills = view.producer_id() == identity_.filler_producer_id;
  if (view.control() && (fills || MayHaveHoles(options_))) {
    CO_TRY(const Holds holds, co_await WhatHolds(at));
    if (holds == Holds::kBeyond) co_return false;
    if (holds == Holds::kGone && fills) co_return true;  // it stands for what was lost, or for what is gone since
    bool filler = false;
    if (holds == Holds::kNothing) {
      CO_TRY(filler, co_await EndsNothing(ours));
    }
    if (filler) co_return true;
  }
  CO_TRY(const bool same, co_await Corresponds(ours, at));
  if (!same || !view.control()) co_return same;
  CO_TRY(const std::optional<SharedBytes> source, co_await p_.source.BatchAt(at));
  if (!source) co_return same;
  co_return co_await EndsTheSame(facts, std::move(ours), BatchView(source->view()).producer_id(), in_force);
}

// Does it end that producer's transaction, or nothing as the source's does?
Async<StatusOr<bool>> PartitionMirror::EndsTheSame(const Facts& facts, SharedBytes marker, int64_t source_pid,
                                                   int64_t shift) {
  const BatchView end(marker.view());
  CO_TRY(const std::optional<SharedBytes> before, co_await BeforeMarker(marker));
  if (before && !BatchView(before->view()).control()) {
    CO_TRY(const std::optional<int64_t> carried, co_await SourcePidOf(*before, shift));
    // Of one that was begun again the epoch may be another one's (protocol.md T18).
    if (IsRaised(*before, marker)) co_return carried == source_pid;
    co_return !carried || *carried == source_pid;
  }
  // It ended nothing. The source's neither, unless what it ended is open here.
  for (const ProducerState& p : facts.log.producers) {
    if (!p.open_since || *p.open_since > DestOffset(end.base_offset())) continue;
    if (replay_.Remembered(p.producer_id, *p.open_since) == source_pid) co_return false;
    CO_TRY(const std::optional<SharedBytes> first, co_await p_.sink.BatchAt(*p.open_since));
    if (!first) continue;
    CO_TRY(const std::optional<int64_t> carried, co_await SourcePidOf(*first, shift));
    if (carried == source_pid) co_return false;
  }
  co_return true;
}

// A coordinator ends a transaction by itself when it stays open for longer than its timeout.
Async<Status> PartitionMirror::WasAskedFor(SharedBytes marker) {
  CO_TRY(const std::optional<SharedBytes> before, co_await BeforeMarker(marker));
  if (!before || !IsRaised(*before, marker)) co_return absl::OkStatus();
  co_return Halt(state::Reason::kMisplacedBatch,
                 "{}: a coordinator aborted a transaction of klink's by itself, at offset {}: it had been open for "
                 "longer than the destination allows (transaction.max.timeout.ms)",
                 name_, BatchView(marker.view()).base_offset());
}

// From the map, where that tells; else found by its records, as extra markers before it may have shifted it. Nothing
// when it is not found so.
Async<StatusOr<std::optional<int64_t>>> PartitionMirror::SourcePidOf(SharedBytes ours, int64_t shift) {
  const BatchView view(ours.view());
  const std::optional<SourceOffset> mapped = p_.map.ToSource(DestOffset(view.base_offset()));
  for (int64_t extra = mapped ? -1 : 0; extra <= static_cast<int64_t>(kExtraMost); extra++) {
    const SourceOffset at = extra < 0 ? *mapped : SourceOffset(view.base_offset() - shift - extra);
    CO_TRY(const std::optional<SharedBytes> source, co_await p_.source.BatchAt(at));
    if (source && SameRecords(ours.view(), source->view())) co_return BatchView(source->view()).producer_id();
  }
  co_return std::nullopt;
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
  CO_RETURN_IF_ERROR(co_await UntilNothingLate("what the source lost is marked"));
  CO_RETURN_IF_ERROR(co_await EndLost(at));
  co_return co_await Shift(at.source_next, at, "RETENTION_GAP");
}

// Each end takes an offset.
Async<Status> PartitionMirror::EndLost(Position& at) {
  ending_ = true;
  while (replay_.has_lost()) {
    CO_RETURN_IF_ERROR(co_await replay_.AbortLost(at.dest_next));
    at.dest_next = at.dest_next + 1;
  }
  ending_ = false;
  co_return absl::OkStatus();
}

}  // namespace klink::link
