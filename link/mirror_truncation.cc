// The source lost records that were copied (an unclean leader election): nothing more is appended until an operator
// says so, and then the map tells where the histories part.
#include "kafka/record_batch.h"
#include "link/partition_mirror.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

constexpr size_t kBatchesBack = 5000;  // how far the place where the logs part is looked for

}  // namespace

// Our last batch is not the source's any more. Walks back to the last one that is.
Async<StatusOr<SourceOffset>> PartitionMirror::FirstDifference(const Resume& resume) {
  const int64_t shift = resume.at.shift();
  SourceOffset first = resume.tail_source;
  for (size_t walked = 0; walked < kBatchesBack && first.value + shift > 0; walked++) {
    const DestOffset before(first.value + shift - 1);
    CO_TRY(const std::optional<SharedBytes> batch, co_await p_.sink.BatchAt(before));
    if (!batch) break;
    const BatchView view(batch->view());
    if (!identity_.IsOurs(view.producer_id()) || view.last_offset() != before.value) break;
    const SourceOffset source(view.base_offset() - shift);
    CO_TRY(const bool same, co_await Corresponds(*batch, source));
    if (same) break;
    first = source;
  }
  co_return first;
}

// Is our last batch a second copy of the one before it?
Async<StatusOr<bool>> PartitionMirror::Repeats(const Resume& resume) {
  if (resume.tail_source == SourceOffset(0)) co_return false;
  CO_TRY(const std::optional<SharedBytes> before, co_await p_.source.BatchAt(resume.tail_source - 1));
  co_return before&& SameRecords(resume.tail->view(), before->view());
}

Async<Status> PartitionMirror::Truncated(const Facts& facts, Resume& resume) {
  const BatchView tail(resume.tail->view());
  CO_TRY(const bool repeated, co_await Repeats(resume));
  if (tail.control() || repeated)
    co_return Halt(Reason::kMisplacedBatch,
                   "{}: the last destination batch (offset {}) is {}, not the source's batch at offset {}", name_,
                   tail.base_offset(), tail.control() ? "a marker that the source does not have" : "there twice",
                   resume.tail_source);
  CO_TRY(const SourceOffset first, co_await FirstDifference(resume));
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
