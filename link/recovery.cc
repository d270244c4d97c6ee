#include "link/recovery.h"

#include <fmt/format.h>

#include "link/batch_patch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

const ProducerState* FindProducer(const DestLog& log, int64_t pid) {
  for (const ProducerState& p : log.producers)
    if (p.producer_id == pid) return &p;
  return nullptr;
}

// The log ends with a batch of ours.
Finding ResumeBehindOurs(const Facts& facts, const Identity& identity, const BatchView& last) {
  const DestOffset end = facts.log.end;
  const int32_t next = AdvanceSequence(last.base_sequence(), last.count());
  if (last.base_sequence() != SequenceAt(last.base_offset()))
    return Stop{Reason::kMisplacedBatch,
                fmt::format("the last destination batch stands at offset {} but carries sequence {}: "
                            "it was appended where it does not belong",
                            last.base_offset(), last.base_sequence())};
  const int64_t shift = facts.shift.value_or(0);
  Resume resume{.at = {SourceOffset(end.value - shift), end, next, last.producer_epoch()},
                .tail = facts.log.last_batch,
                .tail_source = SourceOffset(last.base_offset() - shift)};
  if (last.producer_id() != identity.producer_id) {  // written under an earlier identity of this link
    resume.at.epoch = identity.producer_epoch;
    resume.at.sequence = SequenceAt(end.value);
    return resume;
  }
  if (const ProducerState* known = FindProducer(facts.log, identity.producer_id)) {
    if (AdvanceSequence(known->last_sequence, 1) != next)
      return Stop{
          Reason::kMisplacedBatch,
          fmt::format("the leader's last sequence {} is not that of the last batch ({})", known->last_sequence, next)};
    resume.cas = CompareAndAppend::kOn;
  }
  return resume;
}

Finding DuringPrefill(const Facts& facts, const Identity& identity) {
  const Prefill& prefill = *facts.prefill;
  const DestOffset end = facts.log.end;
  if (end < prefill.fillers_end) return ContinuePrefill{prefill, end};
  if (end == prefill.fillers_end)
    return Resume{.at = {SourceOffset(end.value), end, SequenceAt(end.value), identity.producer_epoch}};
  if (facts.log.last_batch) {
    const BatchView last(facts.log.last_batch->view());
    if (last.producer_id() == identity.filler_producer_id)
      return Stop{Reason::kMisplacedBatch,
                  fmt::format("fillers reach offset {}, beyond {}; delete the destination topic and "
                              "klink will make it again",
                              end, prefill.fillers_end)};
    if (identity.IsOurs(last.producer_id())) return ResumeBehindOurs(facts, identity, last);
  }
  return Stop{Reason::kForeignWrite,
              fmt::format("another producer wrote to the mirror before it was ready (end {})", end)};
}

}  // namespace

Finding Examine(const Facts& facts, const Identity& identity) {
  const DestLog& log = facts.log;
  if (facts.prefill) return DuringPrefill(facts, identity);
  const bool nothing_copied_yet = facts.shift && facts.shift_since == log.end;
  if (facts.was_mirrored && nothing_copied_yet && log.end > DestOffset(0))
    return Resume{.at = {SourceOffset(log.end.value - *facts.shift), log.end, SequenceAt(log.end.value),
                         identity.producer_epoch}};
  if (log.end == DestOffset(0)) return Begin{};
  if (log.last_batch) {
    const BatchView last(log.last_batch->view());
    if (identity.IsOurs(last.producer_id()) && !last.control()) return ResumeBehindOurs(facts, identity, last);
    if (facts.was_mirrored)
      return Stop{
          Reason::kForeignWrite,
          fmt::format("the destination log ends with a batch that klink did not write: offsets {}–{}, producer id {}. "
                      "Stop that writer; delete the mirror topic to copy it again",
                      last.base_offset(), last.last_offset(), last.producer_id())};
    return BeginBehind{log.end, "the destination topic already has records"};
  }
  // Nothing readable at the end: everything was removed by retention or a trim.
  if (facts.was_mirrored && facts.shift)
    return Resume{.at = {SourceOffset(log.end.value - *facts.shift), log.end, SequenceAt(log.end.value),
                         identity.producer_epoch}};
  return BeginBehind{log.end, "the destination log does not start at 0"};
}

bool SameRecords(ByteView ours, ByteView source) {
  const BatchView a(ours), b(source);
  return a.size_bytes() == b.size_bytes() && a.count() == b.count() && a.last_offset_delta() == b.last_offset_delta() &&
         a.base_timestamp() == b.base_timestamp() && a.codec() == b.codec() && a.body() == b.body();
}

}  // namespace klink::link
