// Somebody else wrote to the mirror, and the link goes on (on_foreign_write: record). Their records stay where they
// are; the map says that nothing of the source stands there, and what follows is shifted.
//
// How it is found: an append of ours lands behind where it should, or an idle log grows; then, and at every start, the
// end of the destination log is walked back to a batch that is known to stand in its place. Up to what can be in flight
// at once may stand behind foreign batches: those landed before anybody knew. Their shift follows from the logs alone,
// so a crash before it is durable loses nothing: the next start finds the same again.
#include <algorithm>

#include "base/log.h"
#include "kafka/record_batch.h"
#include "link/batch_patch.h"
#include "link/partition_mirror.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

constexpr size_t kOursBehind = 13;        // in flight, and markers that were written again
constexpr size_t kMarkersBehind = 2'000;  // that fill a hole
constexpr size_t kForeignMost = 20'000;   // batches; each is asked for
constexpr char kForeignWrite[] = "FOREIGN_WRITE";

}  // namespace

void PartitionMirror::NoteForeign(DestOffset from, DestOffset to, int64_t producer_id) {
  if (!p_.progress.ForeignWrite(from)) return;
  Log(Level::kWarning, Event::kForeignWrite, "somebody else wrote to the mirror",
      {{"topic", name_.topic},
       {"partition", name_.partition},
       {"producer_id", producer_id},
       {"first_offset", from.value},
       {"last_offset", to.value - 1}});
}

// What is not ours and not in the map, the lowest first.
Async<StatusOr<std::vector<PartitionMirror::ForeignRange>>> PartitionMirror::FindForeign(const Facts& facts) {
  std::vector<ForeignRange> found;
  std::optional<SharedBytes> batch = facts.log.last_batch;
  DestOffset known_from = facts.log.end;  // from here on the log was looked at
  size_t ours = 0, markers = 0, foreign = 0;
  while (batch && ours <= kOursBehind && markers <= kMarkersBehind) {
    const BatchView view(batch->view());
    const DestOffset base(view.base_offset()), next(view.next_offset());
    if (base >= known_from || (facts.shift_since && base < *facts.shift_since)) break;
    known_from = base;
    if (!identity_.IsOurs(view.producer_id())) {
      const bool joins = !found.empty() && found.back().from == next;
      if (joins)
        found.back().from = base;
      else
        found.push_back({base, next, view.producer_id()});
      if (++foreign > kForeignMost)
        co_return Halt(Reason::kForeignWrite,
                       "{}: another producer (id {}) wrote to the mirror, more than {} batches up to offset {}; stop "
                       "that writer, then make the mirror again with: klink mirror realign",
                       name_, view.producer_id(), kForeignMost, facts.log.end - 1);
    } else if (facts.sequences_are_offsets && !view.control() && view.base_sequence() == SequenceAt(base.value)) {
      break;  // and with it everything before
    } else {
      view.control() ? markers++ : ours++;
    }
    if (base <= facts.log.start || base == DestOffset(0)) break;
    CO_TRY(batch, co_await p_.sink.BatchAt(base - 1));
  }
  if (!found.empty() && found.back().from == facts.log.start) CO_RETURN_IF_ERROR(ReachesBack(facts, found.back()));
  std::reverse(found.begin(), found.end());
  co_return found;
}

// The log begins with what is not ours: did the copy end there, or was more of both removed?
Status PartitionMirror::ReachesBack(const Facts& facts, const ForeignRange& first) const {
  const std::optional<Position> at = p_.progress.position();
  const bool known =
      first.from == DestOffset(0) || first.from == facts.shift_since || (at && at->dest_next == first.from);
  if (known) return absl::OkStatus();
  return Halt(Reason::kForeignWrite,
              "{}: another producer (id {}) wrote to the mirror from offset {} on, and what stood before is removed "
              "already: where the copy ended cannot be told; make it again with: klink mirror realign",
              name_, first.producer_id, first.from);
}

// Puts it all into the map. Each range ends one shift and begins another.
Async<Status> PartitionMirror::RecordForeign(Facts& facts) {
  if (!options_.record_foreign || !facts.was_mirrored || facts.prefill) co_return absl::OkStatus();
  CO_TRY(const std::vector<ForeignRange> found, co_await FindForeign(facts));
  if (found.empty()) co_return absl::OkStatus();
  if (facts.sequences_are_offsets) CO_RETURN_IF_ERROR(co_await p_.phase.LeaveOffsetSequences());
  facts.sequences_are_offsets = false;
  for (const ForeignRange& range : found) {
    CO_TRY(const SourceOffset next, co_await SourceAt(facts, range.from));
    CO_RETURN_IF_ERROR(co_await p_.map.Resume(facts.log.start, next, range.from));
    CO_RETURN_IF_ERROR(co_await p_.map.ChangeShift(next, range.to, kForeignWrite, -1));
    NoteForeign(range.from, range.to, range.producer_id);
    facts.shift = p_.map.shift();
    facts.shift_since = p_.map.shift_since();
  }
  co_return absl::OkStatus();
}

// How far the copy reached when its log ended there: that end is examined as if nothing had come behind it.
Async<StatusOr<SourceOffset>> PartitionMirror::SourceAt(Facts facts, DestOffset end) {
  const SourceOffset planned(end.value - facts.shift.value_or(0));
  if (end <= facts.log.start || end == DestOffset(0) || end == facts.shift_since) co_return planned;
  facts.log.end = facts.log.high_watermark = end;
  std::erase_if(facts.log.producers, [this](const auto& p) { return p.producer_id == identity_.producer_id; });
  CO_TRY(facts.log.last_batch, co_await p_.sink.BatchAt(end - 1));
  Finding finding = Examine(facts, identity_);
  if (const Stop* stop = std::get_if<Stop>(&finding)) co_return HaltWith(stop->reason, stop->text);
  Resume* resume = std::get_if<Resume>(&finding);
  if (resume == nullptr) co_return Unavailable("{}: the log changed while it was examined", name_);
  CO_RETURN_IF_ERROR(co_await CompareTail(facts, *resume));
  if (!resume->extra.empty()) CO_RETURN_IF_ERROR(co_await MapExtraMarkers(facts.log, *resume));
  co_return resume->at.source_next;
}

}  // namespace klink::link
