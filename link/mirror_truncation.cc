// The source lost records that were copied (an unclean leader election): nothing more is appended until an operator
// says so, and then the map tells where the histories part.
#include <algorithm>

#include "kafka/record_batch.h"
#include "link/partition_mirror.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

}  // namespace

// Before the first append of a leader epoch: should the source lose its end, that epoch tells, whatever stands there
// by then, and whatever its cleaner removed.
Async<Status> PartitionMirror::NoteEpoch(int32_t leader_epoch) {
  if (leader_epoch <= p_.phase.source_epoch().value_or(-1)) co_return absl::OkStatus();
  co_return co_await p_.phase.NoteSourceEpoch(leader_epoch);
}

// Where the source's log was cut back to since we copied from it; nothing when it was not, as far as epochs tell.
Async<StatusOr<std::optional<SourceOffset>>> PartitionMirror::CutBackTo(const Resume& resume) {
  const std::optional<int32_t> epoch = p_.phase.source_epoch();
  if (!epoch) co_return std::nullopt;
  CO_TRY(const std::optional<SourceOffset> end, co_await p_.source.EndOf(*epoch));
  if (!end || *end >= resume.at.source_next) co_return std::nullopt;
  co_return end;
}

// Our last batch is not the source's any more. What two logs have in common lies at their beginning: the place where
// they part is closed in on from both sides.
Async<StatusOr<SourceOffset>> PartitionMirror::FirstDifference(const Facts& facts, const Resume& resume) {
  const int64_t shift = resume.at.shift();
  DestOffset low = std::max(facts.log.start, facts.shift_since.value_or(DestOffset(0)));
  low = std::max(low, DestOffset(facts.bounds.log_start.value + shift));
  DestOffset first(resume.tail_source.value + shift);
  for (DestOffset high = first; low < high;) {
    const DestOffset middle = low + (high - low) / 2;
    CO_TRY(const std::optional<SharedBytes> batch, co_await p_.sink.BatchAt(middle));
    if (!batch || BatchView(batch->view()).base_offset() >= high.value) {  // removed by our own cleaner
      high = middle;
      continue;
    }
    const DestOffset base(BatchView(batch->view()).base_offset());
    CO_TRY(const bool same, co_await Corresponds(*batch, SourceOffset(base.value - shift)));
    if (same)
      low = DestOffset(BatchView(batch->view()).next_offset());
    else
      first = high = base;
  }
  co_return SourceOffset(first.value - shift);
}

// Is our last batch a second copy of the one before it?
Async<StatusOr<bool>> PartitionMirror::Repeats(const Resume& resume) {
  if (resume.tail_source == SourceOffset(0)) co_return false;
  CO_TRY(const std::optional<SharedBytes> before, co_await p_.source.BatchAt(resume.tail_source - 1));
  co_return before&& SameRecords(resume.tail->view(), before->view());
}

Async<Status> PartitionMirror::Truncated(const Facts& facts, Resume& resume, std::optional<SourceOffset> cut_back_to) {
  const BatchView tail(resume.tail->view());
  CO_TRY(const bool repeated, co_await Repeats(resume));
  if (!cut_back_to && (tail.control() || repeated))
    co_return Halt(Reason::kMisplacedBatch,
                   "{}: the last destination batch (offset {}) is {}, not the source's batch at offset {}", name_,
                   tail.base_offset(), tail.control() ? "a marker that the source does not have" : "there twice",
                   resume.tail_source);
  CO_TRY(SourceOffset first, co_await FirstDifference(facts, resume));
  if (cut_back_to) first = std::min(first, *cut_back_to);
  CO_TRY(const SourceBounds bounds, co_await p_.source.Bounds());
  if (first < bounds.log_start && resume.tail_source < bounds.log_start) co_return absl::OkStatus();  // retention
  if (p_.phase.accepted() != state::Accept::kTruncation)
    co_return Halt(
        Reason::kSourceTruncated,
        "{}: the source lost records it had acknowledged (unclean leader election?): its log differs from the "
        "copy from source offset {} on, and ends at {}. Go on behind the copy, with a map, with: klink mirror "
        "resume --accept-truncation",
        name_, first, bounds.high_watermark);
  CO_RETURN_IF_ERROR(co_await p_.map.Resume(facts.log.start, resume.at.source_next, resume.at.dest_next));
  CO_RETURN_IF_ERROR(co_await p_.map.Truncate(first, resume.at.dest_next));
  CO_RETURN_IF_ERROR(co_await p_.phase.ForgetAccepted());
  resume.at.source_next = first;
  co_return absl::OkStatus();
}

}  // namespace klink::link
