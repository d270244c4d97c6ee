#include "link/verify_keys.h"

#include <algorithm>

namespace klink::link {
namespace {

constexpr size_t kKeysMost = 10'000'000;  // some 400 MB; beyond, a missing tombstone of a key not noted is reported

}  // namespace

void KeyLedger::AddOpen(Side side, int64_t producer_id, KeyedRecord record) {
  open_[{side, producer_id}].push_back(std::move(record));
}

void KeyLedger::End(Side side, int64_t producer_id, kafka::ControlType how) {
  auto ended = open_.extract({side, producer_id});
  if (ended.empty()) return;
  for (KeyedRecord& record : ended.mapped()) {
    if (how == kafka::ControlType::kCommit)
      Add(std::move(record));
    else if (record.stands != Stands::kInBoth)
      one_sided_++;
  }
}

void KeyLedger::Add(KeyedRecord record) {
  if (record.stands != Stands::kInBoth) one_sided_++;
  if (!record.key) return;
  const std::string& key = *record.key;
  const auto explain = [&](ByKey& waiting) {
    const auto found = waiting.find(key);
    if (found != waiting.end() && found->second.offset <= record.offset) waiting.erase(found);
  };
  explain(missing_);
  explain(extra_);
  const bool of_copy = record.stands != Stands::kInSource;
  const bool explained =
      CopyHasLater(key, record.offset) || (record.tombstone && (of_copy || !CopyMayShow(key, record.offset)));
  if (of_copy) NoteCopy(record);
  if (record.stands == Stands::kInBoth || explained) return;
  ByKey& waiting = of_copy ? extra_ : missing_;
  const auto [at, fresh] = waiting.try_emplace(key);
  if (fresh || at->second.offset < record.offset) at->second = {record.offset, std::move(record.unexplained)};
}

bool KeyLedger::CopyHasLater(const std::string& key, int64_t than) const {
  const auto found = copy_.find(std::hash<std::string>()(key));
  return found != copy_.end() && found->second.offset > than;
}

bool KeyLedger::CopyMayShow(const std::string& key, int64_t before) const {
  const auto found = copy_.find(std::hash<std::string>()(key));
  if (found == copy_.end()) return copy_.size() >= kKeysMost;
  return found->second.shown && found->second.offset < before;
}

void KeyLedger::NoteCopy(const KeyedRecord& record) {
  const size_t hash = std::hash<std::string>()(*record.key);
  if (copy_.size() >= kKeysMost && !copy_.contains(hash)) return;
  const auto [at, fresh] = copy_.try_emplace(hash);
  if (fresh || at->second.offset < record.offset) at->second = {record.offset, !record.tombstone};
}

std::vector<Difference> KeyLedger::Finish() {
  for (auto& [producer, records] : std::exchange(open_, {}))
    for (KeyedRecord& record : records) Add(std::move(record));
  std::vector<Difference> left;
  for (ByKey* waiting : {&missing_, &extra_})
    for (auto& [key, entry] : std::exchange(*waiting, {})) left.push_back(std::move(entry.difference));
  std::sort(left.begin(), left.end(),
            [](const Difference& a, const Difference& b) { return a.source_offset < b.source_offset; });
  return left;
}

}  // namespace klink::link
