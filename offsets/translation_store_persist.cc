// The writing half of TranslationStore: what goes to the database and to the runs topic, and in which order.
#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "offsets/translation_store.h"

namespace klink::offsets {
namespace {

constexpr int kStoreAttempts = 2;  // the second one on a database opened again

// The chunks from run `from` on that differ from what `there` says is written, encoded.
std::map<int64_t, std::string> Changed(const PartitionRuns& runs, int64_t from,
                                       const std::map<int64_t, uint32_t>& there) {
  std::map<int64_t, std::string> changed;
  for (const auto& [number, chunk] : ToChunks(runs, from)) {
    std::string bytes = EncodeChunk(chunk);
    auto found = there.find(number);
    if (found == there.end() || found->second != Crc32c(AsBytes(bytes))) changed[number] = std::move(bytes);
  }
  return changed;
}

// Chunks that are written and should not be.
std::vector<int64_t> Stale(const PartitionRuns& runs, const std::map<int64_t, uint32_t>& there) {
  const int64_t first = runs.map.first_index() / kRunsPerChunk;
  const int64_t last = (runs.map.first_index() + std::ssize(runs.map.runs()) - 1) / kRunsPerChunk;
  std::vector<int64_t> stale;
  for (const auto& [number, checksum] : there)
    if (runs.map.empty() || number < first || number > last) stale.push_back(number);
  return stale;
}

// A number for bytes, or none for a deletion, as it will stand once written.
using Written = std::map<int64_t, std::optional<uint32_t>>;

void Note(const Written& written, std::map<int64_t, uint32_t>& there) {
  for (const auto& [number, checksum] : written) {
    if (checksum.has_value()) {
      there[number] = *checksum;
    } else {
      there.erase(number);
    }
  }
}

}  // namespace

Async<Status> TranslationStore::Quiet(TopicPartition tp) {
  for (;;) {
    Entry* entry = Get(tp);
    if (entry == nullptr || !entry->publishing) co_return absl::OkStatus();
    CO_RETURN_IF_ERROR(co_await published_.Wait());
  }
}

Async<Status> TranslationStore::Publish(std::vector<Publication> maps) {
  std::vector<RunRecord> records;
  std::vector<Written> written(maps.size());
  for (size_t i = 0; i < maps.size(); i++) {
    Entry& entry = entries_[maps[i].tp];
    KLINK_CHECK(!entry.publishing);
    entry.publishing = true;
    entry.unpublished = false;
    for (auto& [number, bytes] : Changed(maps[i].runs, 0, entry.published)) {
      written[i][number] = Crc32c(AsBytes(bytes));
      records.push_back({KeyText({maps[i].tp, number}), std::move(bytes)});
    }
    for (const int64_t number : Stale(maps[i].runs, entry.published)) {
      written[i][number] = std::nullopt;
      records.push_back({KeyText({maps[i].tp, number}), std::nullopt});
    }
  }
  Status published;
  if (!records.empty()) published = co_await log_.Publish(std::move(records));
  for (size_t i = 0; i < maps.size(); i++) {
    Entry* entry = Get(maps[i].tp);
    if (entry == nullptr) continue;
    entry->publishing = false;
    if (published.ok()) {
      Note(written[i], entry->published);
    } else {
      // Some may have been written although the answer says no: whatever is there, it is written again.
      for (const auto& [number, checksum] : written[i]) entry->published[number] = 0;
      entry->unpublished = true;
    }
  }
  published_.NotifyAll();
  if (!published.ok()) co_return Annotate(published, "publishing offset runs");
  co_return published;
}

Async<Status> TranslationStore::PublishUnpublished() {
  std::vector<TopicPartition> which;
  for (const auto& [tp, entry] : entries_)
    if (entry.state == State::kKnown && entry.unpublished) which.push_back(tp);
  for (size_t begin = 0; begin < which.size(); begin += options_.batch_partitions) {
    std::vector<Publication> maps;
    for (size_t i = begin; i < std::min(which.size(), begin + options_.batch_partitions); i++) {
      const Entry* entry = Get(which[i]);
      if (entry != nullptr && entry->state == State::kKnown && entry->unpublished && !entry->publishing)
        maps.push_back({which[i], entry->runs});
    }
    CO_RETURN_IF_ERROR(co_await Publish(std::move(maps)));
  }
  co_return absl::OkStatus();
}

Async<Status> TranslationStore::StoreOnce(const std::vector<TopicPartition>& which, store::Durability durability) {
  CO_TRY(const int64_t permit, co_await storing_.Take(1));
  std::vector<LocalRuns::Write> writes;
  std::map<TopicPartition, Written> written;
  for (const TopicPartition& tp : which) {
    Entry* entry = Get(tp);
    if (entry == nullptr || entry->state != State::kKnown || !entry->dirty) continue;
    // What only grew differs in the last chunk written, and in those after it.
    const bool all = entry->reshaped || entry->stored.empty();
    const int64_t from = all ? 0 : entry->stored.rbegin()->first * kRunsPerChunk;
    Written& mine = written[tp];
    for (auto& [number, bytes] : Changed(entry->runs, from, entry->stored)) {
      mine[number] = Crc32c(AsBytes(bytes));
      writes.push_back({{tp, number}, std::move(bytes)});
    }
    for (const int64_t number : Stale(entry->runs, entry->stored)) {
      mine[number] = std::nullopt;
      writes.push_back({{tp, number}, std::nullopt});
    }
    entry->dirty = entry->reshaped = false;
  }
  Status stored = co_await local_.Apply(std::move(writes), durability);
  storing_.Give(permit);
  if (local_.TakeFresh()) {
    for (auto& [tp, entry] : entries_) {
      entry.stored.clear();
      entry.dirty = entry.reshaped = entry.state == State::kKnown;
    }
  }
  for (auto& [tp, mine] : written) {
    Entry* entry = Get(tp);
    if (entry == nullptr) continue;
    if (stored.ok()) {
      Note(mine, entry->stored);
    } else {
      entry->dirty = entry->reshaped = true;
      for (const auto& [number, checksum] : mine) entry->stored.erase(number);
    }
  }
  co_return stored;
}

Async<Status> TranslationStore::Store(std::vector<TopicPartition> which, store::Durability durability) {
  Status stored;
  for (int attempt = 0; attempt < kStoreAttempts; attempt++) {
    stored = co_await StoreOnce(which, durability);
    if (stored.ok() || IsCancelled(stored)) break;
  }
  co_return stored;
}

Async<Status> TranslationStore::StoreDirty(store::Durability durability) {
  std::vector<TopicPartition> which;
  for (const auto& [tp, entry] : entries_)
    if (entry.state == State::kKnown && entry.dirty) which.push_back(tp);
  // An empty write too: it notices when the database was removed.
  for (size_t begin = 0; begin == 0 || begin < which.size(); begin += options_.batch_partitions) {
    const size_t end = std::min(which.size(), begin + options_.batch_partitions);
    const std::vector<TopicPartition> some(which.begin() + static_cast<int64_t>(begin),
                                           which.begin() + static_cast<int64_t>(end));
    CO_RETURN_IF_ERROR(co_await Store(some, durability));
  }
  co_return absl::OkStatus();
}

Async<Status> TranslationStore::Persist() {
  const Status stored = co_await StoreDirty(store::Durability::kUnsynced);
  CO_RETURN_IF_ERROR(co_await PublishUnpublished());
  co_return stored;
}

Async<void> TranslationStore::Run() {
  while ((co_await clock_.Sleep(options_.persist_every)).ok()) (void)co_await Persist();
  // Stopped: what the last runs grew by is worth one synced write, so that a restart finds it.
  (void)co_await StoreDirty(store::Durability::kSynced);
}

}  // namespace klink::offsets
