#include "tests/sim/durable.h"

#include <algorithm>

namespace klink::sim {

Async<Status> SimPhase::BeginPrefill(link::Prefill prefill) {
  auto change = [this, prefill] {
    durable_.prefill = prefill;
    durable_.active = false;
    world_.Note("state: PREFILL to {}, start {}", prefill.fillers_end, prefill.log_start);
  };
  co_return co_await Write(world_, clock_, weather_, change);
}

Async<Status> SimPhase::LeaveOffsetSequences() {
  auto change = [this] { durable_.sequences_are_offsets = false; };
  co_return co_await Write(world_, clock_, weather_, change);
}

Async<Status> SimPhase::NoteSourceEpoch(int32_t epoch) {
  // Small and often: its faults are those of every other record.
  durable_.source_epoch = epoch;
  co_return absl::OkStatus();
}

Async<Status> SimPhase::ForgetAccepted() {
  auto change = [this] { durable_.accepted = state::Accept::kNone; };
  co_return co_await Write(world_, clock_, weather_, change);
}

Async<Status> SimPhase::Activate(int64_t shift, std::string why) {
  auto change = [this, shift, &why] {
    durable_.prefill.reset();
    durable_.active = true;
    durable_.shift = shift;
    world_.Note("state: ACTIVE shift {} {}", shift, why);
  };
  co_return co_await Write(world_, clock_, weather_, change);
}

const offsets::Translation* SimMap::Known() const {
  if (living_) return map_.empty() ? nullptr : &map_;
  return durable_.runs && !durable_.runs->empty() ? &*durable_.runs : nullptr;
}

std::optional<int64_t> SimMap::shift() const {
  if (const offsets::Translation* map = Known()) return map->shift();
  if (durable_.active || durable_.prefill) return durable_.shift;
  return std::nullopt;
}

std::optional<DestOffset> SimMap::shift_since() const {
  const offsets::Translation* map = Known();
  if (map == nullptr) return std::nullopt;
  return map->runs().back().run.dest;
}

std::optional<SourceOffset> SimMap::ToSource(DestOffset at) const {
  const offsets::Translation* map = Known();
  const offsets::Answer answer = map == nullptr ? offsets::Answer() : map->ToSource(at);
  if (answer.kind != offsets::Answer::Kind::kExact) return std::nullopt;
  return SourceOffset(answer.value);
}

Async<Status> SimMap::ChangeShift(SourceOffset since, DestOffset dest, std::string why, int32_t leader_epoch) {
  if (!living_) {
    offsets::LogFacts facts;
    facts.matched.push_back({since, dest});
    facts.covers = offsets::LogFacts::Covers::kFromTheStart;
    co_return co_await Settle(std::move(facts));
  }
  offsets::ShiftChange change{since, dest, std::move(why)};
  change.source_leader_epoch = leader_epoch;
  co_return co_await Change(std::move(change));
}

Async<Status> SimMap::Truncate(SourceOffset since, DestOffset dest) {
  offsets::ShiftChange change{since, dest, "SOURCE_TRUNCATED"};
  change.kind = offsets::ShiftChange::Kind::kSourceTruncated;
  co_return co_await Change(std::move(change));
}

Async<Status> SimMap::Change(offsets::ShiftChange change) {
  offsets::Translation changed = map_;
  CO_RETURN_IF_ERROR(changed.Begin(change));
  CO_RETURN_IF_ERROR(co_await Publish(std::move(changed)));
  world_.Note("map: from source {} = destination {} on ({})", change.since, change.dest, change.reason);
  co_return map_.Begin(change);
}

Async<Status> SimMap::Resume(DestOffset dest_start, SourceOffset source_next, DestOffset dest_next) {
  offsets::LogFacts facts;
  facts.dest_log_start = dest_start;
  const offsets::Translation* known = Known();
  const bool shifted = known != nullptr && std::any_of(known->runs().begin(), known->runs().end(),
                                                       [](const auto& segment) { return segment.run.shift() != 0; });
  const bool identical = !shifted && dest_next.value == source_next.value;
  if (identical && dest_start < dest_next) facts.matched.push_back({SourceOffset(dest_start.value), dest_start});
  facts.matched.push_back({source_next, dest_next});
  facts.covers = identical ? offsets::LogFacts::Covers::kFromTheStart : offsets::LogFacts::Covers::kFromTheMiddle;
  co_return co_await Settle(std::move(facts));
}

Async<Status> SimMap::Settle(offsets::LogFacts facts) {
  const offsets::Translation* known = Known();
  const offsets::Translation before = known == nullptr ? offsets::Translation() : *known;
  CO_TRY(offsets::Translation settled, offsets::Reconcile(before, facts));
  map_ = settled;
  living_ = true;
  const bool identity = std::all_of(settled.runs().begin(), settled.runs().end(),
                                    [](const offsets::Segment& s) { return s.run.shift() == 0; });
  if (identity || durable_.runs == settled) co_return absl::OkStatus();
  co_return co_await Publish(std::move(settled));
}

Async<Status> SimMap::Publish(offsets::Translation map) {
  auto change = [this, &map] { durable_.runs = map; };
  co_return co_await Write(world_, clock_, weather_, change);
}

Async<Status> SimMap::Record(SourceOffset source, DestOffset dest, int64_t length) {
  const offsets::Run run{source, dest, length};
  if (run.shift() != map_.shift().value_or(0))
    co_return DataLoss("source offset {} was appended at {}; announced was shift {}", source, dest, *map_.shift());
  co_return map_.Record(run);
}

}  // namespace klink::sim
