#include "offsets/translation_store.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace klink::offsets {
namespace {

uint32_t Checksum(std::string_view bytes) { return Crc32c(AsBytes(bytes)); }

bool AboutTheSame(const TopicIds& stored, const TopicIds& now) {
  const auto same = [](const std::string& a, const std::string& b) { return a.empty() || b.empty() || a == b; };
  return same(stored.source, now.source) && same(stored.dest, now.dest);
}

// The same runs begin at the same places; how far the last one reaches does not count.
bool SameShape(const PartitionRuns& a, const PartitionRuns& b) {
  if (a.ids != b.ids || a.map.head() != b.map.head() || a.map.first_index() != b.map.first_index()) return false;
  return std::equal(
      a.map.runs().begin(), a.map.runs().end(), b.map.runs().begin(), b.map.runs().end(),
      [](const Segment& x, const Segment& y) { return x.run.source == y.run.source && x.run.dest == y.run.dest; });
}

// Nothing is lost when the topic does not say it: without any record, a partition is identical from its start.
bool IsIdentity(const Translation& map) {
  return std::all_of(map.runs().begin(), map.runs().end(), [](const Segment& s) { return s.run.shift() == 0; });
}

}  // namespace

TranslationStore::TranslationStore(Executor executor, BlockingPool& pool, Clock& clock, RunLog& log,
                                   TranslationStoreOptions options)
    : clock_(clock),
      log_(log),
      options_(std::move(options)),
      local_(pool, clock, options_.path),
      storing_(executor, 1),
      published_(executor) {}

TranslationStore::Entry* TranslationStore::Get(const TopicPartition& tp) {
  auto at = entries_.find(tp);
  return at == entries_.end() ? nullptr : &at->second;
}

const TranslationStore::Entry* TranslationStore::Get(const TopicPartition& tp) const {
  auto at = entries_.find(tp);
  return at == entries_.end() ? nullptr : &at->second;
}

Async<Status> TranslationStore::Load() {
  CO_TRY(auto read, co_await local_.Open());
  (void)local_.TakeFresh();
  std::map<TopicPartition, std::map<int64_t, RunChunk>> by_partition;
  for (auto& [key, chunk] : read) {
    entries_[key.tp].stored[key.chunk] = Checksum(EncodeChunk(chunk));
    by_partition[key.tp][key.chunk] = std::move(chunk);
  }
  for (const auto& [tp, chunks] : by_partition) {
    // Chunks that contradict each other count as none: the topic and the logs know.
    if (StatusOr<PartitionRuns> runs = FromChunks(chunks); runs.ok()) entries_[tp].known = *std::move(runs);
  }
  co_return absl::OkStatus();
}

Async<Status> TranslationStore::Rebuild() {
  topic_read_ = false;
  StatusOr<std::vector<RunRecord>> records = co_await log_.ReadAll();
  if (!records.ok()) co_return Annotate(records.status(), "reading the topic of offset runs");
  RunLogReader reader;
  for (const RunRecord& record : *records) reader.Add(record);
  refused_.clear();
  std::map<TopicPartition, PartitionRuns> in_topic = std::move(reader).Finish(refused_);
  topic_read_ = true;
  for (const auto& [tp, runs] : in_topic) entries_.try_emplace(tp);
  Status first_error;
  for (auto& [tp, entry] : entries_) {
    if (entry.state == State::kKnown) continue;
    entry.published.clear();
    auto found = in_topic.find(tp);
    entry.in_topic = found != in_topic.end();
    if (entry.in_topic) {
      for (const auto& [number, chunk] : ToChunks(found->second))
        entry.published[number] = Checksum(EncodeChunk(chunk));
      entry.known = Choose(std::move(entry.known), std::move(found->second));
    }
    if (entry.state != State::kRebuilding) continue;
    first_error.Update(Settle(entry, *std::exchange(entry.facts, std::nullopt)));
  }
  if (!first_error.ok()) co_return first_error;
  co_return co_await PublishUnpublished();
}

Status TranslationStore::Settle(Entry& entry, const LogFacts& facts) {
  const PartitionRuns before = entry.state == State::kKnown ? entry.runs : std::exchange(entry.known, {});
  const bool usable = AboutTheSame(before.ids, entry.runs.ids);
  PartitionRuns settled{entry.runs.ids, {}};
  TRY(settled.map, Reconcile(usable ? before.map : Translation(), facts));
  if (entry.state == State::kRebuilding)
    for (const Segment& since : entry.runs.map.runs()) RETURN_IF_ERROR(settled.map.Record(since.run));
  const bool in_topic = entry.state == State::kKnown ? !entry.unpublished : entry.in_topic;
  entry.unpublished = !in_topic || !SameShape(before, settled);
  entry.runs = std::move(settled);
  entry.state = State::kKnown;
  entry.dirty = entry.reshaped = true;
  return absl::OkStatus();
}

Async<Status> TranslationStore::Resume(TopicPartition tp, TopicIds ids, LogFacts facts) {
  CO_RETURN_IF_ERROR(co_await Quiet(tp));
  CO_TRY(const Translation from_logs, Reconcile(Translation(), facts));
  Entry& entry = entries_[tp];
  if (entry.state != State::kKnown && !topic_read_) {
    const Position at = *from_logs.end();
    const ShiftChange here{at.source, at.dest, {}};
    Translation since_now;
    CO_RETURN_IF_ERROR(since_now.Begin(here));
    since_now.set_head(Head::kUnknown);
    entry.runs = PartitionRuns{std::move(ids), std::move(since_now)};
    entry.facts = std::move(facts);
    entry.state = State::kRebuilding;
    co_return absl::OkStatus();
  }
  const TopicIds before = std::exchange(entry.runs.ids, std::move(ids));
  if (entry.state == State::kKnown && !AboutTheSame(before, entry.runs.ids)) entry.runs.map = Translation();
  CO_RETURN_IF_ERROR(Settle(entry, facts));
  if (!entry.unpublished || IsIdentity(entry.runs.map)) co_return absl::OkStatus();
  const Publication publication{tp, entry.runs};
  const std::vector<Publication> one(1, publication);
  co_return co_await Publish(one);
}

Async<Status> TranslationStore::ChangeShift(TopicPartition tp, ShiftChange change) {
  CO_RETURN_IF_ERROR(co_await Quiet(tp));
  Entry* entry = Get(tp);
  if (entry == nullptr || entry->state == State::kUnknown)
    co_return FailedPrecondition("changing the shift of {}: it is not mirrored here", tp);
  if (entry->state == State::kRebuilding)
    co_return Unavailable("changing the shift of {}: the topic of offset runs has not been read yet", tp);
  if (change.since_time == WallTime{}) change.since_time = clock_.Wall();
  Publication publication{tp, entry->runs};
  if (Status begun = publication.runs.map.Begin(change); !begun.ok())
    co_return Annotate(begun, fmt::format("changing the shift of {}", tp));
  const std::vector<Publication> one(1, publication);
  CO_RETURN_IF_ERROR(co_await Publish(one));
  entry = Get(tp);
  if (entry == nullptr || entry->state != State::kKnown)
    co_return FailedPrecondition("changing the shift of {}: it went to another agent meanwhile", tp);
  if (Status begun = entry->runs.map.Begin(change); !begun.ok())
    co_return Annotate(begun, fmt::format("records of {} were appended while its shift changed", tp));
  entry->dirty = entry->reshaped = true;
  // The topic has it; a local disk that fails is no reason to stop (store_status tells).
  const std::vector<TopicPartition> which(1, tp);
  (void)co_await Store(which, store::Durability::kSynced);
  co_return absl::OkStatus();
}

Async<Status> TranslationStore::Record(TopicPartition tp, offsets::Run run) {
  Entry* entry = Get(tp);
  if (entry == nullptr || entry->state == State::kUnknown)
    co_return FailedPrecondition("recording a run of {}: it is not mirrored here", tp);
  const int64_t shift = entry->runs.map.shift().value_or(0);
  if (run.shift() != shift)
    co_return DataLoss("{}: source offset {} was appended at {}, shift {}; announced was shift {}", tp, run.source,
                       run.dest, run.shift(), shift);
  if (Status recorded = entry->runs.map.Record(run); !recorded.ok())
    co_return Annotate(recorded, fmt::format("{}", tp));
  entry->dirty = true;
  co_return absl::OkStatus();
}

void TranslationStore::TrimBelow(const TopicPartition& tp, DestOffset start) {
  Entry* entry = Get(tp);
  if (entry == nullptr || entry->state != State::kKnown) return;
  const int64_t first = entry->runs.map.first_index();
  entry->runs.map.TrimBelow(start);
  if (entry->runs.map.first_index() != first) entry->dirty = entry->reshaped = true;
}

void TranslationStore::Forget(const TopicPartition& tp) {
  Entry* entry = Get(tp);
  if (entry == nullptr) return;
  if (entry->state == State::kKnown) entry->known = std::move(entry->runs);
  entry->runs = {};
  entry->facts.reset();
  entry->state = State::kUnknown;
  entry->in_topic = entry->dirty = entry->unpublished = false;
}

Async<Status> TranslationStore::Erase(TopicPartition tp) {
  CO_RETURN_IF_ERROR(co_await Quiet(tp));
  Entry* entry = Get(tp);
  if (entry == nullptr) co_return absl::OkStatus();
  if (!topic_read_ && entry->state != State::kKnown)
    co_return Unavailable("erasing the offset runs of {}: their topic has not been read yet", tp);
  std::vector<RunRecord> tombstones;
  std::vector<LocalRuns::Write> deletes;
  for (const auto& [number, checksum] : entry->published) tombstones.push_back({KeyText({tp, number}), std::nullopt});
  for (const auto& [number, checksum] : entry->stored) deletes.push_back({{tp, number}, std::nullopt});
  if (!tombstones.empty()) CO_RETURN_IF_ERROR(co_await log_.Publish(std::move(tombstones)));
  entries_.erase(tp);
  CO_TRY(const int64_t permit, co_await storing_.Take(1));
  (void)co_await local_.Apply(std::move(deletes), store::Durability::kUnsynced);
  storing_.Give(permit);
  co_return absl::OkStatus();
}

TranslationStore::State TranslationStore::state(const TopicPartition& tp) const {
  const Entry* entry = Get(tp);
  return entry == nullptr ? State::kUnknown : entry->state;
}

Answer TranslationStore::ToDest(const TopicPartition& tp, SourceOffset offset) const {
  return Ask(tp, [&](const Translation& map) { return map.ToDest(offset); });
}

Answer TranslationStore::ToSource(const TopicPartition& tp, DestOffset offset) const {
  return Ask(tp, [&](const Translation& map) { return map.ToSource(offset); });
}

Answer TranslationStore::Ask(const TopicPartition& tp,
                             const std::function<Answer(const Translation&)>& question) const {
  const Entry* entry = Get(tp);
  if (entry == nullptr || entry->state == State::kUnknown)
    return {Answer::Kind::kUnknown, -1, fmt::format("{} is not mirrored by this agent now", tp)};
  Answer answer = question(entry->runs.map);
  if (answer.kind == Answer::Kind::kUnknown && entry->state == State::kRebuilding)
    answer.why = fmt::format("the map of {} is being rebuilt", tp);
  return answer;
}

const Translation* TranslationStore::Find(const TopicPartition& tp) const {
  const Entry* entry = Get(tp);
  if (entry == nullptr) return nullptr;
  const Translation& map = entry->state == State::kKnown ? entry->runs.map : entry->known.map;
  return map.empty() ? nullptr : &map;
}

size_t TranslationStore::run_count() const {
  size_t count = 0;
  for (const auto& [tp, entry] : entries_) count += entry.runs.map.runs().size();
  return count;
}

}  // namespace klink::offsets
