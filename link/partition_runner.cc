#include "link/partition_runner.h"

#include <algorithm>

namespace klink::link {
namespace {

int64_t NowMs(Clock& clock) { return clock.Wall().time_since_epoch().count(); }

}  // namespace

PartitionRunner::PartitionRunner(RunnerParts parts, RunnerNames names)
    : parts_(std::move(parts)),
      names_(std::move(names)),
      progress_(parts_.clock, parts_.latency),
      source_(parts_.source, parts_.fetch, names_.source()),
      sink_(parts_.destination, parts_.produce, parts_.markers, parts_.executor, names_.destination(),
            [this](DestOffset offset) { return MayTrim(offset); }),
      transactions_(parts_.slots, names_.destination()),
      map_(parts_, names_),
      phase_(parts_, names_),
      mirror_(names_.destination(),
              MirrorPorts{parts_.executor, parts_.clock, source_, sink_, map_, phase_, parts_.gate, transactions_,
                          progress_, parts_.fills},
              parts_.identity, parts_.options, std::hash<std::string>{}(fmt::format("{}", names_.destination()))) {}

// Only what klink wrote is ever trimmed, and only while the state says so.
Status PartitionRunner::MayTrim(DestOffset offset) const {
  RETURN_IF_ERROR(parts_.state.MayDo(state::Effect::kDeleteRecords, names_.destination_topic, parts_.gate.MayWrite()));
  const state::MirrorRecord* mirror = parts_.book.Find(names_.destination_topic);
  const auto position = progress_.position();
  const std::optional<Prefill> prefill = phase_.prefill();
  const DestOffset replicated = position ? position->dest_next : DestOffset(0);
  return state::MayDeleteUpTo(offset, state::Phase::kActive, prefill ? prefill->fillers_end : DestOffset(0),
                              std::max(replicated, prefill ? prefill->fillers_end : DestOffset(0)),
                              mirror ? names_.destination() : TopicPartition{});
}

std::optional<int64_t> PartitionRunner::StoredMap::shift() const {
  if (const offsets::Translation* map = p_.store.Find(names_.destination()); map != nullptr && map->shift())
    return map->shift();
  const state::MirrorRecord* mirror = p_.book.Find(names_.destination_topic);
  if (mirror == nullptr || static_cast<size_t>(names_.partition) >= mirror->partitions.size()) return std::nullopt;
  return mirror->partitions[static_cast<size_t>(names_.partition)].shift;
}

std::optional<DestOffset> PartitionRunner::StoredMap::shift_since() const {
  const offsets::Translation* map = p_.store.Find(names_.destination());
  if (map == nullptr || map->empty()) return std::nullopt;
  return map->runs().back().run.dest;
}

std::optional<SourceOffset> PartitionRunner::StoredMap::ToSource(DestOffset at) const {
  const offsets::Translation* map = p_.store.Find(names_.destination());
  const offsets::Answer answer = map == nullptr ? offsets::Answer() : map->ToSource(at);
  if (answer.kind != offsets::Answer::Kind::kExact) return std::nullopt;
  return SourceOffset(answer.value);
}

std::optional<DestOffset> PartitionRunner::StoredMap::ToDest(SourceOffset at) const {
  const offsets::Answer answer = p_.store.ToDest(names_.destination(), at);
  if (answer.kind == offsets::Answer::Kind::kUnknown) return std::nullopt;
  return DestOffset(answer.value);
}

Async<Status> PartitionRunner::StoredMap::Truncate(SourceOffset since, DestOffset dest) {
  offsets::ShiftChange change{since, dest, "SOURCE_TRUNCATED"};
  change.kind = offsets::ShiftChange::Kind::kSourceTruncated;
  co_return co_await p_.store.ChangeShift(names_.destination(), std::move(change));
}

Async<Status> PartitionRunner::StoredMap::ChangeShift(SourceOffset since, DestOffset dest, std::string why,
                                                      int32_t leader_epoch) {
  if (p_.store.state(names_.destination()) == offsets::TranslationStore::State::kUnknown) {
    offsets::LogFacts facts;
    facts.dest_log_start = DestOffset(0);
    facts.matched.push_back({since, dest});
    facts.covers = offsets::LogFacts::Covers::kFromTheStart;
    CO_RETURN_IF_ERROR(co_await p_.store.Resume(names_.destination(), names_.ids, std::move(facts)));
    if (why.empty()) co_return absl::OkStatus();
  }
  offsets::ShiftChange change{since, dest, std::move(why)};
  change.source_leader_epoch = leader_epoch;
  co_return co_await p_.store.ChangeShift(names_.destination(), std::move(change));
}

Async<Status> PartitionRunner::StoredMap::Resume(DestOffset dest_start, SourceOffset source_next,
                                                 DestOffset dest_next) {
  offsets::LogFacts facts;
  facts.dest_log_start = dest_start;
  const offsets::Translation* known = p_.store.Find(names_.destination());
  const bool shifted = known != nullptr && std::any_of(known->runs().begin(), known->runs().end(),
                                                       [](const auto& segment) { return segment.run.shift() != 0; });
  // A log that was identical all along corresponds from its first offset on, whatever was stored about it.
  const bool identical = !shifted && dest_next.value == source_next.value;
  if (identical && dest_start < dest_next) facts.matched.push_back({SourceOffset(dest_start.value), dest_start});
  facts.matched.push_back({source_next, dest_next});
  facts.covers = identical ? offsets::LogFacts::Covers::kFromTheStart : offsets::LogFacts::Covers::kFromTheMiddle;
  co_return co_await p_.store.Resume(names_.destination(), names_.ids, std::move(facts));
}

Async<Status> PartitionRunner::StoredMap::Record(SourceOffset source, DestOffset dest, int64_t length) {
  const offsets::Run run{source, dest, length};
  co_return co_await p_.store.Record(names_.destination(), run);
}

const state::PartitionRecord* PartitionRunner::RecordedPhase::record() const {
  const state::MirrorRecord* mirror = p_.book.Find(names_.destination_topic);
  const auto index = static_cast<size_t>(names_.partition);
  return mirror == nullptr || index >= mirror->partitions.size() ? nullptr : &mirror->partitions[index];
}

bool PartitionRunner::RecordedPhase::was_mirrored() const {
  const state::PartitionRecord* r = record();
  return r != nullptr && r->phase == state::Phase::kActive;
}

std::optional<Prefill> PartitionRunner::RecordedPhase::prefill() const {
  const state::PartitionRecord* r = record();
  if (r == nullptr || r->phase != state::Phase::kPrefill) return std::nullopt;
  Prefill prefill{DestOffset(r->prefill_target), DestOffset(r->prefill_start)};
  if (r->prefill_head) prefill.head_from = SourceOffset(*r->prefill_head);
  prefill.aligned_from = aligned_from();
  return prefill;
}

std::optional<Adoption> PartitionRunner::RecordedPhase::adoption() const {
  const state::PartitionRecord* r = record();
  if (r == nullptr || !r->adopted_from || !r->adopted_at) return std::nullopt;
  return Adoption{SourceOffset(*r->adopted_from), DestOffset(*r->adopted_at)};
}

std::optional<int32_t> PartitionRunner::RecordedPhase::source_epoch() const {
  const state::PartitionRecord* r = record();
  if (r == nullptr || r->source_leader_epoch < 0) return std::nullopt;
  return r->source_leader_epoch;
}

Async<Status> PartitionRunner::RecordedPhase::NoteSourceEpoch(int32_t epoch) {
  const auto index = static_cast<size_t>(names_.partition);
  MirrorBook::Change change = [=](state::MirrorRecord& mirror) {
    mirror.partitions.at(index).source_leader_epoch = epoch;
  };
  co_return co_await p_.book.Update(names_.destination_topic, std::move(change));
}

state::Accept PartitionRunner::RecordedPhase::accepted() const {
  const state::PartitionRecord* r = record();
  return r == nullptr ? state::Accept::kNone : r->accept;
}

Async<Status> PartitionRunner::RecordedPhase::ForgetAccepted() {
  const auto index = static_cast<size_t>(names_.partition);
  MirrorBook::Change change = [=](state::MirrorRecord& mirror) {
    mirror.partitions.at(index).accept = state::Accept::kNone;
    mirror.partitions.at(index).accept_ms = 0;
  };
  co_return co_await p_.book.Update(names_.destination_topic, std::move(change));
}

std::optional<SourceOffset> PartitionRunner::RecordedPhase::aligned_from() const {
  const state::PartitionRecord* r = record();
  if (r == nullptr || !r->aligned_from) return std::nullopt;
  return SourceOffset(*r->aligned_from);
}

bool PartitionRunner::RecordedPhase::sequences_are_offsets() const {
  const state::PartitionRecord* r = record();
  return r == nullptr || !r->mixed;
}

Async<Status> PartitionRunner::RecordedPhase::LeaveOffsetSequences() {
  const auto index = static_cast<size_t>(names_.partition);
  MirrorBook::Change change = [=](state::MirrorRecord& mirror) { mirror.partitions.at(index).mixed = true; };
  co_return co_await p_.book.Update(names_.destination_topic, std::move(change));
}

Async<Status> PartitionRunner::RecordedPhase::BeginPrefill(Prefill prefill) {
  const auto index = static_cast<size_t>(names_.partition);
  const int64_t now = NowMs(p_.clock);
  MirrorBook::Change change = [=](state::MirrorRecord& mirror) {
    state::PartitionRecord& partition = mirror.partitions.at(index);
    partition.phase = state::Phase::kPrefill;
    partition.prefill_target = prefill.fillers_end.value;
    partition.prefill_start = prefill.log_start.value;
    partition.prefill_head.reset();
    partition.aligned_from.reset();
    if (prefill.head_from) partition.prefill_head = prefill.head_from->value;
    if (prefill.aligned_from) partition.aligned_from = prefill.aligned_from->value;
    partition.since_ms = now;
    if (mirror.phase == state::Phase::kCreating) mirror.phase = state::Phase::kPrefill, mirror.since_ms = now;
  };
  co_return co_await p_.book.Update(names_.destination_topic, std::move(change));
}

Async<StatusOr<bool>> PartitionRunner::RecordedPhase::BeginAnew() {
  const state::MirrorRecord* mirror = p_.book.Find(names_.destination_topic);
  if (mirror == nullptr || !mirror->created || mirror->phase == state::Phase::kActive) co_return false;
  const int64_t now = NowMs(p_.clock);
  MirrorBook::Change change = [now](state::MirrorRecord& record) {
    record.accept = state::Accept::kRealign;
    record.accept_ms = now;
  };
  CO_RETURN_IF_ERROR(co_await p_.book.Update(names_.destination_topic, std::move(change)));
  co_return true;
}

Async<Status> PartitionRunner::RecordedPhase::Activate(int64_t shift, std::string why) {
  const auto index = static_cast<size_t>(names_.partition);
  const int64_t now = NowMs(p_.clock);
  MirrorBook::Change change = [=](state::MirrorRecord& mirror) {
    state::PartitionRecord& partition = mirror.partitions.at(index);
    partition.phase = state::Phase::kActive;
    partition.prefill_target = partition.prefill_start = 0;
    partition.prefill_head.reset();
    partition.shift = shift;
    partition.text = why;
    partition.since_ms = now;
    const bool all = std::all_of(mirror.partitions.begin(), mirror.partitions.end(),
                                 [](const state::PartitionRecord& p) { return p.phase == state::Phase::kActive; });
    if (all && mirror.phase != state::Phase::kActive) mirror.phase = state::Phase::kActive, mirror.since_ms = now;
  };
  co_return co_await p_.book.Update(names_.destination_topic, std::move(change));
}

}  // namespace klink::link
