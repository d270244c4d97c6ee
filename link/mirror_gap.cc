// The source's retention overtook the mirror: what it removed before it was copied is lost, and the copy goes on behind
// it. Markers stand for what is lost where klink may write them, so that offsets stay the source's; else what follows
// is translated. The map says in both cases what is not there.
#include "base/log.h"
#include "link/partition_mirror.h"

namespace klink::link {
namespace {

using state::Reason;

constexpr char kRetentionGap[] = "RETENTION_GAP";

}  // namespace

// The source no longer holds (or never held) the offset we want next.
Async<Status> PartitionMirror::CrossGap(SourceOffset& seen, Position& at, Progressed& progressed) {
  CO_TRY(const SourceBounds bounds, co_await p_.source.Bounds());
  p_.progress.Bounds(bounds);
  if (seen >= bounds.log_start)
    co_return Halt(Reason::kSourceTruncated, "{}: the source log ends at {}, before offset {} that was already copied",
                   name_, bounds.high_watermark, seen);
  CO_TRY(const SourceOffset base, co_await FirstBase(bounds));
  if (const std::optional<Prefill> prefill = p_.phase.prefill(); prefill && at.dest_next == prefill->fillers_end) {
    const Prefill further{DestOffset(base.value), DestOffset(bounds.log_start.value)};
    CO_RETURN_IF_ERROR(co_await p_.phase.BeginPrefill(further));
    co_return Unavailable("{}: the source's log start moved on to {} while the copy was aligned; aligning further",
                          name_, bounds.log_start);
  }
  const bool lost = base > seen;  // else only the head of the batch we want was removed
  if (!lost && !gap_open_ && replay_.has_lost()) CO_RETURN_IF_ERROR(co_await AbortLost(at));
  if (at.source_next > base && at.source_next < bounds.log_start) {  // a part of the batch we want stands already
    seen = bounds.log_start;
    co_return absl::OkStatus();
  }
  if (lost && !options_.record_gaps && p_.phase.accepted() != state::Accept::kGap)
    co_return Halt(Reason::kRetentionGap,
                   "{}: the source removed offsets {}–{} before they were copied (on_gap: stop); go on without them "
                   "with: klink mirror resume --accept-gap",
                   name_, at.source_next, base - 1);
  if (lost && !gap_open_) lost_from_ = at.source_next;
  gap_open_ |= lost;
  at.source_next = seen = bounds.log_start;
  progressed = Progressed::kFresh;
  co_return absl::OkStatus();
}

// The next batch is the first one behind what was lost.
Async<Status> PartitionMirror::OpenGap(Position& at) {
  CO_RETURN_IF_ERROR(co_await UntilAnswered());
  CO_RETURN_IF_ERROR(co_await UntilNothingLate("what the source lost is marked"));
  Log(Level::kWarning, Event::kRunStarted,
      fmt::format("the source removed offsets {}–{} before they were copied", lost_from_, at.source_next - 1),
      {{"topic", name_.topic}, {"partition", name_.partition}, {"reason", kRetentionGap}});
  replay_.LoseAll(at.dest_next);
  CO_TRY(const bool filled, co_await FillGap(at));
  if (!filled) CO_RETURN_IF_ERROR(co_await AbortLost(at));
  if (p_.phase.accepted() == state::Accept::kGap) CO_RETURN_IF_ERROR(co_await p_.phase.ForgetAccepted());
  gap_open_ = false;
  co_return absl::OkStatus();
}

// Markers take the offsets that were lost, where they may be written and offsets are the source's so far. The gap is
// announced before: whoever dies in between leaves a log that ends in fillers, and a rest that is as lost.
Async<StatusOr<bool>> PartitionMirror::FillGap(Position& at) {
  const SourceOffset to = at.source_next;
  const int64_t lost = to - lost_from_;
  const bool identical = options_.preserve && at.dest_next.value == lost_from_.value;
  if (!identical || !p_.sink.TakesMarkers() || lost > MarkersMost() || replay_.lost() > lost) co_return false;
  if (p_.phase.sequences_are_offsets()) CO_RETURN_IF_ERROR(co_await p_.phase.LeaveOffsetSequences());
  CO_RETURN_IF_ERROR(co_await p_.map.ChangeShift(to, DestOffset(to.value), kRetentionGap, -1));
  CO_RETURN_IF_ERROR(co_await EndLost(at));
  while (at.dest_next.value < to.value && p_.sink.TakesMarkers()) {
    const int64_t left = to.value - at.dest_next.value;
    CO_TRY(const int64_t written, co_await AppendMarkers(left, at.dest_next));
    at.dest_next = at.dest_next + written;
  }
  co_return at.dest_next.value == to.value;
}

// Nothing of the source's log can be read: what was lost ends where it begins, and no record need come to say so.
Async<Status> PartitionMirror::CrossEmptied(const SourceBounds& bounds, Position& at) {
  if (!gap_open_ || bounds.log_start != bounds.last_stable || at.source_next != bounds.log_start)
    co_return absl::OkStatus();
  CO_TRY(at.source_next, co_await FirstBase(bounds));
  CO_RETURN_IF_ERROR(co_await OpenGap(at));
  p_.progress.Replicated(at, 0, 0);
  co_return absl::OkStatus();
}

}  // namespace klink::link
