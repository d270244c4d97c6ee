#include "tests/sim/oracle.h"

#include <algorithm>

#include "kafka/record_batch.h"
#include "link/batch_patch.h"

namespace klink::sim {
namespace {

using kafka::BatchView;
using state::Reason;
using Stored = DestLog::Stored;

bool IsForeign(const Stored& stored) { return !OfOurs(stored) && stored.producer_id != kFillerProducer; }

}  // namespace

void Oracle::Complain(std::string what) {
  world_.Note("COMPLAINT {}", what);
  if (complaints_.size() < 20)
    complaints_.push_back(fmt::format("at {} ms: {}", ToMillis(world_.now() - Instant()), what));
}

// --- At every append ------------------------------------------------------------------------------------------------

// The source offset behind what stands at the end of the log; nothing before the first batch of ours, or when it is no
// copy.
std::optional<int64_t> Oracle::NextExpected() const {
  const auto& log = dest_.batches();
  for (auto before = log.rbegin(); before != log.rend(); ++before) {
    if (!OfOurs(*before) || before->extra) continue;
    if (!before->source_base) break;
    return source_.history().at(*before->source_base).next;
  }
  return std::nullopt;
}

// Records of somebody else that are not in the map yet: what is under way lands that much further.
int64_t Oracle::UntoldForeign() const {
  if (!scenario_.record_foreign || !durable_.active) return 0;
  const bool known = durable_.runs && !durable_.runs->empty();
  const int64_t since = known ? durable_.runs->runs().back().run.dest.value : 0;
  int64_t records = 0;
  for (const Stored& stored : dest_.batches())
    if (IsForeign(stored) && stored.base >= since) records += stored.next - stored.base;
  return records;
}

std::string Oracle::Inspect(Stored& stored) const {
  if (Bit(Fault::kSourceCutBack)) return {};  // those runs tell their own story
  if (scenario_.fills() && OfOurs(stored)) return InspectFilled(stored);
  if (stored.producer_id == kFillerProducer && stored.marker) return InspectGapFiller(stored);
  if (stored.producer_id == kFillerProducer) {
    const bool due = !durable_.active && durable_.prefill && DestOffset(stored.next) <= durable_.prefill->fillers_end;
    return due ? "" : "a filler where none belongs";
  }
  if (!OfOurs(stored)) return {};
  if (stored.marker) return InspectMarker(stored);
  if (!stored.source_base) return "records that the source never had";
  if (std::string wrong = InspectTransaction(stored); !wrong.empty()) return wrong;
  const int64_t foreign = UntoldForeign();
  if (foreign == 0 && durable_.sequences_are_offsets &&
      BatchView(stored.bytes.view()).base_sequence() != link::SequenceAt(stored.base))
    return "not at its sequence's offset";
  const int64_t shift = durable_.runs && durable_.runs->shift() ? *durable_.runs->shift() : durable_.shift;
  if (!scenario_.transactions && stored.base - *stored.source_base != shift + foreign)
    return fmt::format("not at the recorded shift {}", shift);
  if (const std::optional<int64_t> next = NextExpected()) {
    if (*stored.source_base < *next) return "copied before";
    if (*stored.source_base > *next && *next >= source_.start() && !StandElsewhere(*next, *stored.source_base))
      return fmt::format("skips source offset {}", *next);
    return {};
  }
  if (std::ranges::any_of(dest_.batches(), OfOurs)) return {};
  return *stored.source_base <= source_.start() ? "" : fmt::format("skips source offset {}", source_.start());
}

// It stands for an offset that the source's retention removed before it was copied, and the map says so.
std::string Oracle::InspectGapFiller(Stored& stored) const {
  stored.extra = true;
  world_.Count(Fault::kGapFilled);
  if (Bit(Fault::kCallLate) || Bit(Fault::kCallUnanswered)) return {};  // one too many is a repeated marker
  const bool announced = durable_.runs && !durable_.runs->empty() && durable_.runs->runs().back().run.length == 0;
  if (!announced || stored.base >= durable_.runs->runs().back().run.dest.value) return "a marker where no gap is";
  if (stored.base >= source_.start()) return "a marker in the place of a record";
  return {};
}

// --- After every step -----------------------------------------------------------------------------------------------

bool Oracle::MayHalt(Reason reason) const {
  switch (reason) {
    case Reason::kRecordTooLarge:
      return Bit(Fault::kRefused);
    case Reason::kMisplacedBatch:
      return Bit(Fault::kMisplaced) || (Bit(Fault::kForeignWrite) && !scenario_.record_foreign) ||
             Bit(Fault::kMarkerTwice) || Bit(Fault::kTransactionTimedOut);
    case Reason::kSourceTruncated:
      return Bit(Fault::kSourceCutBack);
    case Reason::kForeignWrite:
      return Bit(Fault::kForeignWrite) && !scenario_.record_foreign;
    default:
      return false;
  }
}

void Oracle::Watch(const Agent& agent) {
  const link::PartitionProgress& progress = agent.progress();
  if (progress.text() != last_text_) {
    last_text_ = progress.text();
    world_.Note("agent: {} {}", progress.failed() ? state::Name(*progress.reason()) : "at work", last_text_);
    if (progress.failed() && !MayHalt(*progress.reason()))
      Complain(fmt::format("halted without a cause: {}", last_text_));
  }
  const std::optional<link::Position> at = progress.position();
  if (!at || scenario_.fills() || Bit(Fault::kSourceCutBack) ||
      (watched_ && watched_->dest_next == at->dest_next && watched_->source_next == at->source_next))
    return;
  watched_ = at;
  if (at->dest_next.value > dest_.committed())
    Complain(
        fmt::format("status says replicated up to {}, the log is safe up to {}", at->dest_next, dest_.committed()));
  const Stored* last = dest_.Find(at->dest_next.value - 1);
  if (last == nullptr || !OfOurs(*last) || last->marker || !last->source_base || !last->wrong.empty()) return;
  const int64_t next = source_.history().at(*last->source_base).next;
  const bool beyond_a_gap = at->source_next.value > next && next < source_.start();
  if (at->source_next.value != next && !beyond_a_gap)
    Complain(fmt::format("status says source {} = destination {}, there the log holds {}", at->source_next,
                         at->dest_next, next));
}

// --- At the end -----------------------------------------------------------------------------------------------------

bool Oracle::LogIsSpoilt() const {
  bool ours = false;
  for (const Stored& stored : dest_.batches()) {
    if (!stored.wrong.empty()) return true;
    if (ours && !OfOurs(stored) && !scenario_.record_foreign) return true;
    ours |= OfOurs(stored);
  }
  return false;
}

void Oracle::Judge(const Agent& agent) {
  const link::PartitionProgress& progress = agent.progress();
  if (LogIsSpoilt()) return JudgeSpoilt(agent);
  // A coordinator that ends a transaction of ours by itself spoils the copy; that must have been noticed.
  if (Bit(Fault::kTransactionTimedOut) && progress.failed() && *progress.reason() == Reason::kMisplacedBatch) return;
  if (progress.failed()) Complain(fmt::format("still halted: {}", progress.text()));
  const auto at = progress.replicated_to();
  const SourceLog::Batch* first = source_.Find(source_.start());  // its end may be under way, and its beginning gone
  const bool inside = at && first != nullptr && at->value == first->base && source_.start() == source_.last_stable();
  if (!inside && (!at || at->value != source_.last_stable()))
    Complain(fmt::format("stuck at source {} of {}: {}", at ? at->value : -1, source_.last_stable(), progress.text()));
  if (Bit(Fault::kSourceCutBack)) return;
  if (scenario_.fills()) return JudgeFilled(agent);
  JudgeLog(agent);
  JudgeTransactions();
}

// Wrong data stands: only what no client can prevent may have led there, and it must have been noticed.
void Oracle::JudgeSpoilt(const Agent& agent) {
  const link::PartitionProgress& progress = agent.progress();
  if (scenario_.kind != Kind::kWildNetwork && scenario_.kind != Kind::kForeign) {
    for (const Stored& stored : dest_.batches())
      if (!stored.wrong.empty()) return Complain(fmt::format("destination offset {}: {}", stored.base, stored.wrong));
    return Complain("a batch that is not ours");
  }
  if (!progress.failed()) return Complain(fmt::format("a wrong batch stands unnoticed: {}", progress.text()));
  if (scenario_.kind == Kind::kForeign && !scenario_.old() && *progress.reason() != Reason::kForeignWrite &&
      !Bit(Fault::kTransactionTimedOut))
    Complain(fmt::format("a foreign write is called something else: {}", progress.text()));
  int64_t after = 0;
  for (const Stored& stored : dest_.batches()) after += !stored.wrong.empty();
  if (scenario_.kind == Kind::kWildNetwork && after > 2)
    Complain(fmt::format("{} batches stand where they do not belong", after));
}

void Oracle::JudgeLog(const Agent& agent) {
  std::vector<const Stored*> ours;
  int64_t next = dest_.batches().empty() ? 0 : dest_.batches().front().base;
  for (const Stored& stored : dest_.batches()) {
    if (stored.base != next) Complain(fmt::format("destination offsets {}–{} hold nothing", next, stored.base - 1));
    next = stored.next;
    const bool filler = stored.producer_id == kFillerProducer && !stored.marker;
    if (filler) Complain(fmt::format("a filler at {} was not trimmed", stored.base));
    if (!OfOurs(stored) || stored.extra) continue;
    JudgeBatch(stored);
    if (!ours.empty()) {
      const int64_t expected = source_.history().at(*ours.back()->source_base).next;
      if (*stored.source_base < expected)
        Complain(fmt::format("source {} stands twice or out of order", *stored.source_base));
      if (*stored.source_base > expected && *stored.source_base > source_.start() &&
          !StandElsewhere(expected, *stored.source_base))
        Complain(fmt::format("source offsets {}–{} are missing", expected, *stored.source_base - 1));
    }
    ours.push_back(&stored);
  }
  if (next != dest_.end() && !dest_.batches().empty())
    Complain(fmt::format("destination offsets {}–{} hold nothing", next, dest_.end() - 1));
  const int64_t behind = ours.empty() ? 0 : source_.history().at(*ours.back()->source_base).next;
  const int64_t copied = std::max(behind, source_.start());
  const int64_t all = source_.last_stable();
  if (copied < all) Complain(fmt::format("source offsets {}–{} are missing", copied, all - 1));
  if (!ours.empty() && *ours.front()->source_base > source_.start())
    Complain(fmt::format("source offsets from {} are missing", source_.start()));
  JudgeMap(agent, ours);
}

void Oracle::JudgeBatch(const Stored& stored) {
  const BatchView copy(stored.bytes.view());
  const BatchView source(source_.history().at(*stored.source_base).bytes.view());
  if (stored.marker) {
    const auto verdict = kafka::ReadControlType(copy);
    if (!verdict.ok() || *verdict != source_.history().at(*stored.source_base).marker)
      Complain(fmt::format("the marker at {} is not the source's at {}", stored.base, *stored.source_base));
    return;
  }
  const bool equal = copy.body() == source.body() && copy.count() == source.count() && copy.crc_ok() &&
                     copy.base_timestamp() == source.base_timestamp() &&
                     copy.max_timestamp() == source.max_timestamp() && copy.attributes() == source.attributes() &&
                     copy.last_offset_delta() == source.last_offset_delta();
  if (!equal) Complain(fmt::format("the batch at {} is not the source's at {}", stored.base, *stored.source_base));
}

void Oracle::JudgeMap(const Agent& agent, const std::vector<const Stored*>& ours) {
  using Answer = offsets::Answer;
  const offsets::Translation& map = agent.map();
  auto exact = [&](int64_t source, int64_t dest) {
    const Answer to = map.ToDest(SourceOffset(source));
    if (IsSameMarker(to.value, dest)) return;
    const Answer back = map.ToSource(DestOffset(dest));
    if (to.kind != Answer::Kind::kExact || to.value != dest || back.kind != Answer::Kind::kExact ||
        back.value != source)
      Complain(fmt::format("the map says source {} = {} {} and destination {} = {} {}", source, offsets::Name(to.kind),
                           to.value, dest, offsets::Name(back.kind), back.value));
  };
  int64_t expected = -1;
  for (const Stored* stored : ours) {
    const SourceLog::Batch& source = source_.history().at(*stored->source_base);
    const int64_t trimmed = std::max<int64_t>(0, dest_.start() - stored->base);
    // Of what the source no longer has, nobody can tell whether an extra marker stood before it: then never later.
    const bool told = source.base >= source_.start() || (!stored->marker && !Bit(Fault::kMarkerTwice));
    if (!told) {
      if (!stored->marker && map.ToDest(SourceOffset(source.base + trimmed)).value > stored->base + trimmed)
        Complain(fmt::format("the map of source {} skips a record", source.base));
    } else {
      exact(source.base + trimmed, stored->base + trimmed);
      exact(source.next - 1, stored->next - 1);
    }
    if (expected >= 0 && source.base > expected) {
      const Answer gap = map.ToDest(SourceOffset(expected));
      const Stored* there = dest_.Find(gap.value);
      while (there != nullptr && there->base < stored->base && there->marker)
        there = dest_.Find(there->next);  // of what the gap cut
      const bool ends_there = there != nullptr && there->base == stored->base;
      const bool untold = Bit(Fault::kMarkerTwice) && gap.value >= 0 && gap.value <= stored->base;
      const bool past =
          !told && stored->marker && gap.value == stored->next;  // nobody can tell that it is no extra one
      if (!ends_there && !untold && !past && (gap.kind != Answer::Kind::kClamped || gap.value != stored->base))
        Complain(fmt::format("the map says the lost source {} = {} {}", expected, offsets::Name(gap.kind), gap.value));
    }
    expected = source.next;
  }
  for (const Stored& stored : dest_.batches()) {
    if (!IsForeign(stored) || ours.empty() || stored.base < ours.front()->base) continue;
    const Answer whose = map.ToSource(DestOffset(stored.base));
    if (whose.kind != Answer::Kind::kClamped)
      Complain(fmt::format("the map says somebody else's {} = source {}", stored.base, whose.value));
  }
  int64_t end = ours.empty() ? 0 : ours.back()->next;
  while (const Stored* behind = dest_.Find(end)) end = behind->next;  // markers that were written twice
  const bool ends_in_a_gap = !dest_.batches().empty() && dest_.batches().back().producer_id == kFillerProducer;
  if (expected >= 0 && !ends_in_a_gap) exact(expected, end);
  // An aborted transaction whose end the source no longer tells takes an offset of its own.
  bool moved = !ours.empty() && *ours.front()->source_base != ours.front()->base;
  if (!Bit(Fault::kMarkerTwice) && !Bit(Fault::kCutTransaction))
    moved |= !ours.empty() && *ours.back()->source_base != ours.back()->base;
  // Where markers may be written a gap moves nothing. Of a transaction's marker that the source removed nobody can tell
  // whether it stands twice.
  const bool kept = scenario_.markers_permitted && !scenario_.transactions;
  const bool meant = scenario_.preserve && scenario_.prefill_limit > 0 && scenario_.dest_start == 0 &&
                     scenario_.other_records == 0 && !Bit(Fault::kForeignWrite) && (kept || !Bit(Fault::kRetention));
  if (moved && meant) Complain("offsets differ although they could be preserved");
}

}  // namespace klink::sim
