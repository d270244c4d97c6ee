// How a partition mirror finds its place: the destination log, read when it stands still, decides (recovery.h); a new
// partition is aligned with fillers or begins a translated map.
#include <algorithm>
#include <limits>

#include "kafka/record_batch.h"
#include "link/batch_patch.h"
#include "link/kept_tail.h"
#include "link/partition_mirror.h"
#include "link/reencode.h"
#include "link/right_align.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

constexpr Duration kSettleGuarded = 1s;     // two equal reads this far apart while the leader refuses strangers
constexpr Duration kSettleUnguarded = 15s;  // else the produce timeout + 10 s: a late request may still be accepted
constexpr Duration kSettlePoll = 200ms;

}  // namespace

Async<StatusOr<PartitionMirror::Started>> PartitionMirror::Recover() {
  CO_RETURN_IF_ERROR(co_await replay_.Gather());  // before the log is read: markers on their way then stand in it
  CO_TRY(Facts facts, co_await Gather());
  p_.progress.Destination(facts.log.start);
  p_.progress.Bounds(facts.bounds);
  CO_RETURN_IF_ERROR(co_await RecordForeign(facts));
  markers_known_ = false;
  for (const ProducerState& p : facts.log.producers)
    if (p.producer_id == identity_.filler_producer_id) marker_generation_ = p.coordinator_epoch;
  marker_generation_++;
  Finding finding = Examine(facts, identity_);
  if (const Stop* stop = std::get_if<Stop>(&finding)) {
    if (stop->reason == Reason::kFenced)
      p_.progress.Fenced();
    else
      CO_RETURN_IF_ERROR(co_await FindIntruder(facts));
    co_return HaltWith(stop->reason, fmt::format("{}: {}", name_, stop->text));
  }
  if (auto* overshot = std::get_if<Overshoot>(&finding))
    co_return co_await Overshot(std::move(facts), std::move(overshot->why));
  if (!std::holds_alternative<Resume>(finding)) CO_RETURN_IF_ERROR(co_await replay_.Adopt(facts.log));
  if (std::holds_alternative<Begin>(finding)) co_return co_await StartFresh(std::move(facts));
  if (const auto* taken = std::get_if<BeginAdopted>(&finding)) {
    const Adoption adoption = taken->adoption;
    co_return co_await StartAdopted(std::move(facts), adoption);
  }
  if (const auto* more = std::get_if<ContinuePrefill>(&finding))
    co_return co_await StartPrefilled(more->prefill, more->from);
  if (auto* behind = std::get_if<BeginBehind>(&finding)) {
    CO_TRY(const SourceOffset base, co_await FirstBase(facts.bounds));
    co_return co_await StartBehind(base, behind->end, std::move(behind->why));
  }
  Resume resume = std::get<Resume>(std::move(finding));
  co_return co_await Continue(std::move(facts), std::move(resume));
}

// Our last batch does not stand where its sequence says, perhaps with a few more of ours that were under way: what
// stands before the first of them? Somebody else's batch is the cause.
Async<Status> PartitionMirror::FindIntruder(Facts facts) {
  std::optional<SharedBytes> batch = std::move(facts.log.last_batch);
  for (size_t looked = 0; batch && looked <= kDepth; looked++) {
    const BatchView view(batch->view());
    if (facts.shift_since && DestOffset(view.base_offset()) < *facts.shift_since) break;  // there before us
    if (!identity_.IsOurs(view.producer_id())) {
      NoteForeign(DestOffset(view.base_offset()), DestOffset(view.next_offset()), view.producer_id());
      co_return Halt(Reason::kForeignWrite,
                     "{}: another producer (id {}) wrote to the mirror at offsets {}–{}; stop that writer, then go on "
                     "behind it with on_foreign_write: record, or make the mirror again with: klink mirror realign",
                     name_, view.producer_id(), view.base_offset(), view.last_offset());
    }
    if (view.control()) CO_RETURN_IF_ERROR(co_await WasAskedFor(*batch));
    const bool placed = p_.phase.sequences_are_offsets() && view.base_sequence() == SequenceAt(view.base_offset());
    if (placed || view.base_offset() == 0) break;
    const DestOffset before(view.base_offset() - 1);
    CO_TRY(batch, co_await p_.sink.BatchAt(before));
  }
  co_return absl::OkStatus();
}

Async<StatusOr<Facts>> PartitionMirror::Gather() {
  Facts facts;
  CO_TRY(facts.bounds, co_await p_.source.Bounds());
  CO_TRY(facts.log, co_await SettledLog());
  facts.shift = p_.map.shift();
  facts.shift_since = p_.map.shift_since();
  if (facts.shift_since > facts.log.end) facts.shift_since.reset();  // a gap that is being filled
  facts.prefill = p_.phase.prefill();
  facts.adoption = p_.phase.adoption();
  // What stands before was there before us.
  if (facts.adoption && facts.shift_since && *facts.shift_since < facts.adoption->at)
    facts.shift_since = facts.adoption->at;
  facts.was_mirrored = p_.phase.was_mirrored();
  facts.sequences_are_offsets = p_.phase.sequences_are_offsets();
  facts.preserve = options_.preserve;
  facts.prefill_limit = options_.prefill_limit;
  co_return facts;
}

// The destination log once nothing sent earlier can change it any more: its end equals the high watermark and stood
// still between two reads. How far apart depends on whether the leader still refuses all but the next batch: it does
// while it remembers us and will not forget us before a late request could land.
Async<StatusOr<DestLog>> PartitionMirror::SettledLog() {
  CO_TRY(DestLog before, co_await p_.sink.Inspect());
  bool guarded = false;
  for (const ProducerState& producer : before.producers)
    guarded |= producer.producer_id == identity_.producer_id && !HalfForgotten(producer.last_timestamp_ms);
  const bool written_before = p_.phase.was_mirrored() || p_.phase.prefill().has_value();
  Duration apart = 0s;
  if (unclear_ == Unclear::kOurs) apart = guarded ? kSettleGuarded : kSettleUnguarded;
  if (unclear_ == Unclear::kBeforeUs && written_before && !guarded) apart = options_.inherited_settle;
  // Guarded, it is enough that young batches follow: an old one would make the leader forget us again too soon.
  const bool doubtful = unclear_ == Unclear::kOurs || (unclear_ == Unclear::kBeforeUs && written_before);
  const Duration doubt = unclear_ == Unclear::kOurs ? kSettleUnguarded : options_.inherited_settle;
  if (doubtful) doubt_until_ = p_.clock.Now() + doubt;
  if (apart == Duration(0) && before.end == before.high_watermark) co_return before;
  for (Instant since = p_.clock.Now();;) {
    CO_RETURN_IF_ERROR(co_await p_.clock.Sleep(kSettlePoll));
    CO_TRY(DestLog now, co_await p_.sink.Inspect());
    if (now.end != before.end) since = p_.clock.Now();
    before = std::move(now);
    if (before.end == before.high_watermark && p_.clock.Now() - since >= apart) co_return before;
  }
}

// Nothing was copied yet and the destination log is empty from 0.
Async<StatusOr<PartitionMirror::Started>> PartitionMirror::StartFresh(Facts facts) {
  if (options_.start) {
    CO_TRY(facts.bounds, co_await LaterStart(facts.bounds));
  }
  const SourceOffset log_start = facts.bounds.log_start;
  if (options_.compacted && facts.preserve && options_.holes.fill) {
    CO_TRY(const std::optional<Prefill> aligned, co_await RightAligned(facts.bounds));
    if (aligned && aligned->fillers_end.value <= facts.prefill_limit) {
      CO_RETURN_IF_ERROR(co_await p_.phase.BeginPrefill(*aligned));
      co_return co_await StartPrefilled(*aligned, DestOffset(0));
    }
  }
  CO_TRY(const SourceOffset base, co_await FirstBase(facts.bounds));
  if (log_start == SourceOffset(0) && base == log_start) co_return co_await StartPrefilled(Prefill{}, DestOffset(0));
  if (!facts.preserve) co_return co_await StartBehind(base, DestOffset(0), "offsets: translate");
  if (base.value > facts.prefill_limit)
    co_return co_await StartBehind(base, DestOffset(0),
                                   fmt::format("START_TOO_FAR: the source log starts at {}", base));
  Prefill prefill{DestOffset(base.value), DestOffset(std::max(base.value, log_start.value))};
  CO_RETURN_IF_ERROR(co_await p_.phase.BeginPrefill(prefill));
  co_return co_await StartPrefilled(prefill, DestOffset(0));
}

// `start: latest` or a time: what lies before is as if the source had removed it.
Async<StatusOr<SourceBounds>> PartitionMirror::LaterStart(SourceBounds bounds) {
  SourceOffset start = bounds.last_stable;
  if (options_.start->time) {
    CO_TRY(start, co_await p_.source.OffsetAt(*options_.start->time));
  }
  bounds.log_start = std::clamp(start, bounds.log_start, std::max(bounds.log_start, bounds.last_stable));
  co_return bounds;
}

// Reads the log once to see where its holes are; nothing when it has none worth closing up.
Async<StatusOr<std::optional<Prefill>>> PartitionMirror::RightAligned(SourceBounds bounds) {
  std::vector<Extent> log;
  for (SourceOffset next = bounds.log_start; next < bounds.last_stable;) {
    CO_TRY(const Fetched fetched, co_await p_.source.Next(next));
    if (fetched.batches.empty()) break;  // the log ends in a hole
    aborted_ = AbortedData(fetched.aborted);
    for (const SharedBytes& batch : fetched.batches) {
      const BatchView view(batch.view());
      next = SourceOffset(view.next_offset());
      if (view.magic() != 2 || view.count() == 0) continue;
      const bool left_out = LeftOut(view);
      log.push_back({view.base_offset(), view.next_offset(), left_out ? 0 : view.count(),
                     left_out ? view.next_offset() - view.base_offset() : 0});
    }
  }
  if (log.empty()) co_return std::nullopt;
  const double ratio = options_.holes.fill_ratio.value_or(std::numeric_limits<double>::max());
  const HeadPlan plan = PlanHead(log, ratio, options_.holes.markers ? MarkersMost() : options_.holes.fill_records);
  if (plan.records_below == 0) co_return std::nullopt;
  const DestOffset begin(plan.aligned_from.value - plan.records_below);
  Prefill prefill{begin, begin};
  prefill.head_from = SourceOffset(log.front().base);
  prefill.aligned_from = plan.aligned_from;
  co_return prefill;
}

// Where the first batch of the source begins: its log start may lie inside that batch.
Async<StatusOr<SourceOffset>> PartitionMirror::FirstBase(SourceBounds bounds) {
  CO_TRY(const std::optional<SharedBytes> first, co_await p_.source.BatchAt(bounds.log_start));
  if (first) co_return SourceOffset(BatchView(first->view()).base_offset());
  if (bounds.log_start == bounds.high_watermark) co_return bounds.log_start;
  co_return Unavailable("{}: the source's log start moved on from {}", name_, bounds.log_start);
}

// Identical offsets from the first record on.
Async<StatusOr<PartitionMirror::Started>> PartitionMirror::StartPrefilled(Prefill prefill, DestOffset from) {
  CO_RETURN_IF_ERROR(co_await WriteFillers(prefill, from));
  const int64_t at = prefill.fillers_end.value;
  const SourceOffset first = prefill.head_from.value_or(SourceOffset(at));
  if (p_.map.shift() == at - first.value) {
    CO_RETURN_IF_ERROR(co_await p_.map.Resume(DestOffset(0), first, prefill.fillers_end));
  } else {
    CO_RETURN_IF_ERROR(
        co_await p_.map.ChangeShift(first, prefill.fillers_end, prefill.head_from ? "RIGHT_ALIGNED" : "", -1));
  }
  Started start{.at = {prefill.head_from.value_or(SourceOffset(std::max(at, prefill.log_start.value))),
                       prefill.fillers_end, SequenceAt(at), identity_.producer_epoch},
                .progressed = Progressed::kFresh};
  if (p_.phase.prefill()) {
    CO_RETURN_IF_ERROR(co_await FinishPrefill(prefill.fillers_end));
  } else {
    CO_RETURN_IF_ERROR(co_await p_.phase.Activate(0, ""));
  }
  p_.progress.Replicated(start.at, 0, 0);
  if (!p_.progress.in_trouble()) Works();  // else once it has written, or has nothing to write
  co_return start;
}

Async<StatusOr<PartitionMirror::Started>> PartitionMirror::StartBehind(SourceOffset since, DestOffset end,
                                                                       std::string why) {
  CO_RETURN_IF_ERROR(co_await p_.map.ChangeShift(since, end, why, -1));
  CO_RETURN_IF_ERROR(co_await p_.phase.Activate(end.value - since.value, std::move(why)));
  Started start{.at = {since, end, SequenceAt(end.value), identity_.producer_epoch}, .progressed = Progressed::kFresh};
  p_.progress.Replicated(start.at, 0, 0);
  if (!p_.progress.in_trouble()) Works();  // else once it has written, or has nothing to write
  co_return start;
}

// Behind what the source's log and this one have in common, or behind a tail that this one alone has: the map goes
// around it.
Async<StatusOr<PartitionMirror::Started>> PartitionMirror::StartAdopted(Facts facts, Adoption adoption) {
  const SourceOffset from = adoption.from;
  const DestOffset common(from.value);
  const bool tail = adoption.at != common;
  if (tail && p_.map.shift_since() == adoption.at) {  // mapped by who began this
    CO_RETURN_IF_ERROR(co_await p_.map.Resume(facts.log.start, from, adoption.at));
  } else {
    if (facts.log.start <= common) CO_RETURN_IF_ERROR(co_await p_.map.Resume(facts.log.start, from, common));
    if (tail) CO_RETURN_IF_ERROR(co_await p_.map.ChangeShift(from, adoption.at, std::string(kKeptTail), -1));
  }
  CO_RETURN_IF_ERROR(co_await p_.phase.LeaveOffsetSequences());
  CO_RETURN_IF_ERROR(co_await p_.phase.Activate(adoption.at.value - from.value, std::string(tail ? kKeptTail : "")));
  unclear_ = Unclear::kNo;
  Started start{.at = {from, adoption.at, SequenceAt(adoption.at.value), identity_.producer_epoch}};
  p_.progress.Replicated(start.at, 0, 0);
  Works();
  co_return start;
}

Async<StatusOr<PartitionMirror::Started>> PartitionMirror::Continue(Facts facts, Resume resume) {
  CO_RETURN_IF_ERROR(co_await CompareTail(facts, resume));
  if (!resume.extra.empty()) CO_RETURN_IF_ERROR(co_await MapExtraMarkers(facts.log, resume));
  Position at = resume.at;
  if (facts.shift) {
    CO_RETURN_IF_ERROR(co_await p_.map.Resume(facts.log.start, at.source_next, at.dest_next));
  } else {
    CO_RETURN_IF_ERROR(co_await p_.map.ChangeShift(at.source_next, at.dest_next, "", -1));
  }
  if (!facts.was_mirrored && !facts.prefill) CO_RETURN_IF_ERROR(co_await p_.phase.Activate(at.shift(), ""));
  CO_RETURN_IF_ERROR(co_await FinishPrefill(at.dest_next));
  CO_RETURN_IF_ERROR(co_await replay_.Adopt(facts.log));
  unclear_ = Unclear::kNo;
  const std::vector<DestOffset> in_doubt = std::exchange(in_doubt_, {});
  p_.progress.DuplicatesAvoided(
      std::count_if(in_doubt.begin(), in_doubt.end(), [&](DestOffset end) { return end <= at.dest_next; }));
  // Where a gap follows, their ends stand in it.
  const bool gap_follows = options_.record_gaps && at.source_next < facts.bounds.log_start;
  if (replay_.has_lost() && !gap_follows) CO_RETURN_IF_ERROR(co_await AbortLost(at));
  last_was_old_ = resume.cas == CompareAndAppend::kOff;
  p_.progress.Replicated(at, 0, 0);
  // Else once it has written. An idle source is not answered about: what stood in the way may have been a trim.
  if (!p_.progress.in_trouble() || at.source_next >= facts.bounds.last_stable) Works();
  Started start{.at = at};
  if (facts.prefill && at.dest_next == facts.prefill->fillers_end) {
    start.at.source_next = facts.prefill->head_from.value_or(SourceOffset(facts.prefill->log_start.value));
    start.progressed = Progressed::kFresh;
  }
  co_return start;
}

// Our last batch must be the source's batch at the same place.
Async<Status> PartitionMirror::CompareTail(const Facts& facts, Resume& resume) {
  if (!resume.tail) co_return absl::OkStatus();
  CO_TRY(const bool same, co_await IsTail(facts, resume));
  CO_TRY(const std::optional<SourceOffset> cut_back_to, co_await CutBackTo(resume));
  if (same && !cut_back_to) co_return absl::OkStatus();
  if (!same) CO_RETURN_IF_ERROR(co_await FindIntruder(facts));
  co_return co_await Truncated(facts, resume, cut_back_to);
}

// Byte for byte; or it was built again: then its last record is the source's at the same place, or gone from there by
// compaction.
Async<StatusOr<bool>> PartitionMirror::Corresponds(SharedBytes ours, SourceOffset at) {
  const BatchView view(ours.view());
  const SourceOffset last = at + view.last_offset_delta();
  CO_TRY(const std::optional<SharedBytes> source, co_await p_.source.BatchAt(last));
  if (!source || BatchView(source->view()).base_offset() > last.value) {
    if (!options_.compacted || cleaned_since_ == CleanedSince::kNo) co_return false;
    CO_TRY(const SourceBounds bounds, co_await p_.source.Bounds());
    co_return last < bounds.high_watermark;  // else it was not cleaned: the log ends before it
  }
  if (BatchView(source->view()).base_offset() == at.value && SameRecords(ours.view(), source->view())) co_return true;
  const std::optional<bool> same = SameLastRecord(ours.view(), source->view(), last, options_.append_times);
  co_return same.value_or(cleaned_since_ == CleanedSince::kPerhaps);
}

}  // namespace klink::link
