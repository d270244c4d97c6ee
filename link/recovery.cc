#include "link/recovery.h"

#include <fmt/format.h>

#include "link/batch_patch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

// At the end of the log, under a shift. The sequence goes on from what the leader remembers; while every batch carries
// that of its offset, and where it remembers nothing, it is the offset's.
Resume AtTheEnd(const Facts& facts, const Identity& identity, int64_t shift) {
  const DestOffset end = facts.log.end;
  Resume resume{.at = {SourceOffset(end.value - shift), end, SequenceAt(end.value), identity.producer_epoch}};
  const ProducerState* known = FindProducer(facts.log.producers, identity.producer_id);
  if (known == nullptr || facts.sequences_are_offsets) return resume;
  resume.at.epoch = static_cast<int16_t>(known->producer_epoch);
  resume.at.sequence = AdvanceSequence(known->last_sequence, 1);
  resume.cas = CompareAndAppend::kOn;
  return resume;
}

// The log ends with a batch or a marker of ours.
Finding ResumeBehindOurs(const Facts& facts, const Identity& identity, const BatchView& last) {
  const int32_t next = AdvanceSequence(last.base_sequence(), last.count());
  if (facts.sequences_are_offsets && last.base_sequence() != SequenceAt(last.base_offset()))
    return Stop{Reason::kMisplacedBatch,
                fmt::format("the last destination batch stands at offset {} but carries sequence {}: "
                            "it was appended where it does not belong",
                            last.base_offset(), last.base_sequence())};
  const int64_t shift = facts.shift.value_or(0);
  Resume resume = AtTheEnd(facts, identity, shift);
  resume.tail = facts.log.last_batch;
  resume.tail_source = SourceOffset(last.base_offset() - shift);
  // Of a slot, or written under an earlier identity of this link.
  if (last.producer_id() != identity.producer_id || last.control()) return resume;
  resume.at.epoch = last.producer_epoch();
  resume.at.sequence = next;
  if (const ProducerState* known = FindProducer(facts.log.producers, identity.producer_id)) {
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
    return Resume{.at = {prefill.head_from.value_or(SourceOffset(end.value)), end, SequenceAt(end.value),
                         identity.producer_epoch}};
  if (facts.log.last_batch) {
    const BatchView last(facts.log.last_batch->view());
    if (last.producer_id() == identity.filler_producer_id && !last.control())
      return Overshoot{fmt::format("fillers reach offset {}, beyond {}", end, prefill.fillers_end)};
    if (identity.IsOurs(last.producer_id())) return ResumeBehindOurs(facts, identity, last);
  }
  return Stop{Reason::kForeignWrite,
              fmt::format("another producer wrote to the mirror before it was ready (end {})", end)};
}

// Only the very log that was compared with the source's.
Finding TakenOver(const Facts& facts) {
  const DestOffset end = facts.log.end;
  if (end == facts.adoption->at) return BeginAdopted{*facts.adoption};
  return Stop{
      Reason::kForeignWrite,
      fmt::format("the log ends at {}, it was compared with the source's when it ended at {}: somebody wrote to "
                  "it since. Stop that writer and look again with: klink mirror failback --plan",
                  end, facts.adoption->at)};
}

// Markers carry the coordinator's epoch and clock; the verdict is what counts.
bool SameMarker(const BatchView& ours, const BatchView& source) {
  if (!ours.control() || !source.control()) return false;
  const auto a = kafka::ReadControlType(ours), b = kafka::ReadControlType(source);
  return a.ok() && b.ok() && *a == *b;
}

// A promotion raised an epoch by a marker, behind which no batch of ours stands: what follows belongs to others. (A
// partition whose own epoch is another one than the link's has batches of it.)
std::optional<Stop> ShutOut(const DestLog& log, const Identity& identity) {
  for (const auto& [pid, epoch] : {std::pair(identity.producer_id, identity.producer_epoch),
                                   {identity.filler_producer_id, identity.filler_epoch}}) {
    const ProducerState* known = FindProducer(log.producers, pid);
    if (known != nullptr && known->producer_epoch > epoch && known->last_sequence < 0)
      return Stop{Reason::kFenced,
                  fmt::format("klink's producer {} writes with epoch {}, its leader knows epoch {}: the "
                              "topic was promoted",
                              pid, epoch, known->producer_epoch)};
  }
  return std::nullopt;
}

}  // namespace

Finding Examine(const Facts& facts, const Identity& identity) {
  const DestLog& log = facts.log;
  if (auto out = ShutOut(log, identity)) return *std::move(out);
  if (facts.prefill) return DuringPrefill(facts, identity);
  if (facts.adoption && !facts.was_mirrored) return TakenOver(facts);
  const bool nothing_copied_yet = facts.shift && facts.shift_since == log.end;
  if (facts.was_mirrored && nothing_copied_yet && log.end > DestOffset(0))
    return AtTheEnd(facts, identity, *facts.shift);
  if (log.end == DestOffset(0)) return Begin{};
  if (log.last_batch) {
    const BatchView last(log.last_batch->view());
    if (identity.IsOurs(last.producer_id())) return ResumeBehindOurs(facts, identity, last);
    if (facts.was_mirrored)
      return Stop{
          Reason::kForeignWrite,
          fmt::format("the destination log ends with a batch that klink did not write: offsets {}–{}, producer id {}. "
                      "Stop that writer; delete the mirror topic to copy it again",
                      last.base_offset(), last.last_offset(), last.producer_id())};
    return BeginBehind{log.end, "the destination topic already has records"};
  }
  // Nothing readable at the end: everything was removed by retention or a trim.
  if (facts.was_mirrored && facts.shift) return AtTheEnd(facts, identity, *facts.shift);
  return BeginBehind{log.end, "the destination log does not start at 0"};
}

bool SameRecords(ByteView ours, ByteView source) {
  const BatchView a(ours), b(source);
  if (a.control() || b.control()) return SameMarker(a, b);
  return a.size_bytes() == b.size_bytes() && a.count() == b.count() && a.last_offset_delta() == b.last_offset_delta() &&
         a.base_timestamp() == b.base_timestamp() && a.codec() == b.codec() && a.body() == b.body();
}

}  // namespace klink::link
