#include "tests/oracle/judge.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "tests/oracle/fates.h"
#include "tests/oracle/keys.h"

namespace klink::oracle {
namespace {

constexpr int kFreeAttributeBits = kLogAppendTimeBit | kTransactionalBit | kDeleteHorizonBit;

// All that must be equal in an original and its image, but for the transactional bit, which is looked at apart.
auto Content(const Batch& b) {
  return std::make_tuple(b.attributes & ~kFreeAttributeBits, b.last_offset_delta, b.base_timestamp, b.max_timestamp,
                         b.count, b.records);
}

std::string Difference(const Batch& original, const Batch& image) {
  if (original.records != image.records) return "the records section differs";
  if (original.count != image.count) return "the record count differs";
  if (original.base_timestamp != image.base_timestamp) return "the base timestamp differs";
  if (original.max_timestamp != image.max_timestamp) return "the max timestamp differs";
  if (original.codec() != image.codec()) return "the codec differs";
  return "the header differs";
}

bool Same(const Record& a, const Record& b) { return a.key == b.key && a.value == b.value && a.headers == b.headers; }

class Trial {
 public:
  Trial(const Log& source, const Log& destination, const Claim& claim)
      : source_(source),
        destination_(destination),
        claim_(claim),
        source_fates_(FatesOf(source.batches)),
        destination_fates_(FatesOf(destination.batches)),
        images_(source.batches.size(), 0) {
    for (size_t i = 0; i < source.batches.size(); ++i) {
      const Batch& batch = source.batches[i];
      if (batch.count == 0) continue;
      by_offset_[batch.base_offset] = i;
      if (!batch.control()) by_content_[Content(batch)].push_back(i);
    }
    if (claim.compacted) NoteKeys();
  }

  Findings Run() {
    for (size_t i = 0; i < destination_.batches.size(); ++i) {
      const Batch& image = destination_.batches[i];
      if (image.count == 0 || !Ours(image)) continue;
      if (!image.crc_right) Add("L4 CORRUPT", -1, image.base_offset, "the checksum is wrong");
      if (image.control())
        ExamineMarker(i);
      else if (!IsAllFiller(i))
        ExamineBatch(i);
    }
    for (size_t i = 0; i < source_.batches.size(); ++i) FindLost(i);
    if (claim_.identical && claim_.replicated_to > destination_.end) {
      Add("L1 LOST", destination_.end, -1,
          fmt::format("replicated_to {} lies beyond the destination's end {}", claim_.replicated_to, destination_.end));
    }
    return std::move(findings_);
  }

 private:
  struct Place {  // of a record in S
    size_t batch = 0;
    const Record* record = nullptr;
  };

  // Batches trimmed away and what stood in D before the first run are not judged.
  bool Ours(const Batch& image) const {
    if (image.last_offset() < destination_.start) return false;
    return claim_.identical || claim_.runs.empty() || image.base_offset >= claim_.runs.front().destination;
  }

  // --- Reading S by offset

  const std::vector<Record>* RecordsOf(size_t batch) {
    const auto [at, fresh] = records_.try_emplace(batch);
    if (fresh) at->second = TryRead(source_.batches[batch]);
    return at->second ? &*at->second : nullptr;
  }

  std::optional<size_t> BatchHolding(int64_t offset) const {
    auto after = by_offset_.upper_bound(offset);
    if (after == by_offset_.begin()) return std::nullopt;
    const size_t batch = std::prev(after)->second;
    return source_.batches[batch].last_offset() < offset ? std::nullopt : std::optional(batch);
  }

  // The record at the offset, or the first one behind it when nothing is there.
  std::optional<Place> RecordFrom(int64_t offset) {
    auto at = by_offset_.upper_bound(offset);
    if (at != by_offset_.begin()) --at;
    for (; at != by_offset_.end(); ++at) {
      const Batch& batch = source_.batches[at->second];
      if (batch.last_offset() < offset) continue;
      if (batch.control()) return std::nullopt;
      const std::vector<Record>* records = RecordsOf(at->second);
      if (records == nullptr) return std::nullopt;
      const auto record = std::lower_bound(records->begin(), records->end(), offset,
                                           [](const Record& r, int64_t o) { return r.offset < o; });
      if (record != records->end()) return Place{at->second, &*record};
    }
    return std::nullopt;
  }

  // S has later records, and nothing here.
  bool IsHole(int64_t offset) {
    if (by_offset_.empty() || offset > source_.batches[by_offset_.rbegin()->second].last_offset()) return false;
    const std::optional<size_t> batch = BatchHolding(offset);
    if (!batch) return true;
    if (!source_.batches[*batch].holed()) return false;
    const std::optional<Place> next = RecordsOf(*batch) != nullptr ? RecordFrom(offset) : std::nullopt;
    return RecordsOf(*batch) != nullptr && (!next || next->record->offset > offset);
  }

  void NoteKeys() {
    for (size_t i = 0; i < source_.batches.size(); ++i) {
      if (source_.batches[i].control()) continue;
      if (const std::vector<Record>* records = RecordsOf(i))
        for (const Record& record : *records) keys_.InSource(KeyedAt(record, record.offset, source_fates_.of[i]));
    }
    for (size_t i = 0; i < destination_.batches.size(); ++i) {
      if (destination_.batches[i].control() || !Ours(destination_.batches[i])) continue;
      for (const Record& record : TryRead(destination_.batches[i]).value_or(std::vector<Record>())) {
        const std::optional<int64_t> claimed = claim_.ToSource(record.offset);
        if (claimed) keys_.InDestination(KeyedAt(record, *claimed, destination_fates_.of[i]));
      }
    }
  }
  static Keyed KeyedAt(const Record& record, int64_t source_offset, Fate fate) {
    return {source_offset, record.key, !record.value, fate != Fate::kAborted};
  }

  // --- Fates

  // A transaction whose end counts as replicated has the same end; one still under way may be open in D.
  bool Agree(size_t original, size_t image) const {
    const Fate theirs = source_fates_.of[original], ours = destination_fates_.of[image];
    if (theirs == ours) return true;
    const std::optional<size_t> marker = source_fates_.ended_by[original];
    return ours == Fate::kOpen && marker && source_.batches[*marker].base_offset >= claim_.replicated_to;
  }

  void CompareFates(size_t original, size_t image) {
    const Batch &theirs = source_.batches[original], &ours = destination_.batches[image];
    if (theirs.transactional() != ours.transactional())
      return Add("L4 CORRUPT", theirs.base_offset, ours.base_offset, "the transactional bit differs");
    if (Agree(original, image)) return;
    Add("L9 ABORTED", theirs.base_offset, ours.base_offset,
        fmt::format("it is {}, and {} in the source", Name(destination_fates_.of[image]),
                    Name(source_fates_.of[original])));
  }

  void ExamineMarker(size_t index) {
    const Batch& image = destination_.batches[index];
    const std::optional<Verdict> verdict = TryMarker(image);
    if (!verdict) return Add("L4 CORRUPT", -1, image.base_offset, "a control batch that is no marker");
    const std::optional<int64_t> claimed = claim_.ToSource(image.base_offset);
    const auto at = claimed ? by_offset_.find(*claimed) : by_offset_.end();
    if (at != by_offset_.end() && source_.batches[at->second].control()) {
      ++images_[at->second];
      if (TryMarker(source_.batches[at->second]) == verdict) {
        ++findings_.markers;
        return;
      }
      return Add("L9 ABORTED", *claimed, image.base_offset, "the marker has another verdict");
    }
    if (!claim_.compacted && !destination_fates_.ends[index].empty())
      return Add("L9 ABORTED", claimed.value_or(-1), image.base_offset,
                 "a marker that the source has not ends records");
    findings_.fillers.push_back(image.base_offset);
  }

  // --- Images

  // Of a record of D that stands where S has nothing.
  bool IsFiller(const Record& record, size_t image) {
    const std::optional<int64_t> claimed = claim_.ToSource(record.offset);
    if (!claimed || !IsHole(*claimed)) return false;
    const std::optional<Place> next = RecordFrom(*claimed);
    return next && Same(*next->record, record) && Agree(next->batch, image);
  }

  // A filler may have been sent in a batch of its own, which then may have the content of its original.
  bool IsAllFiller(size_t image) {
    const std::optional<int64_t> claimed = claim_.ToSource(destination_.batches[image].base_offset);
    if (!claimed || !IsHole(*claimed)) return false;
    const std::optional<std::vector<Record>> records = TryRead(destination_.batches[image]);
    if (!records) return false;
    if (!std::all_of(records->begin(), records->end(), [&](const Record& r) { return IsFiller(r, image); }))
      return false;
    for (const Record& record : *records) findings_.fillers.push_back(record.offset);
    return true;
  }

  void ExamineBatch(size_t index) {
    const Batch& image = destination_.batches[index];
    const std::optional<int64_t> last = claim_.ToSource(image.last_offset());
    if (last && *last < source_.start) return;  // the source removed its original
    const std::optional<int64_t> claimed = claim_.ToSource(image.base_offset);
    const auto same = by_content_.find(Content(image));
    if (same == by_content_.end()) return ExamineStranger(index, claimed);

    const std::vector<size_t>& originals = same->second;
    const auto placed = std::find_if(originals.begin(), originals.end(),
                                     [&](size_t i) { return source_.batches[i].base_offset == claimed; });
    const auto unused = std::find_if(originals.begin(), originals.end(), [&](size_t i) { return images_[i] == 0; });
    const size_t chosen = placed != originals.end() ? *placed : unused != originals.end() ? *unused : originals.back();
    const Batch& original = source_.batches[chosen];
    const auto imaged = imaged_.lower_bound(original.base_offset);
    const bool in_parts = imaged != imaged_.end() && *imaged <= original.last_offset();
    if (++images_[chosen] > 1 || in_parts) {
      return Add("L2 DUP", original.base_offset, image.base_offset, "this batch already stands in the destination");
    }
    if (placed == originals.end() && (claim_.identical || !claim_.runs.empty())) {
      Add("L5 DRIFT", original.base_offset, image.base_offset, "the image stands where the claim does not put it");
    }
    if (ReadersSeeOtherTimes(original, image))
      Add("L4 CORRUPT", original.base_offset, image.base_offset, "readers see other times");
    CompareFates(chosen, index);
    KeepOrder(original.base_offset, image.base_offset);
  }

  bool ReadersSeeOtherTimes(const Batch& original, const Batch& image) const {
    if (original.log_append_time() == image.log_append_time()) return false;
    if (original.log_append_time() && !claim_.append_times) return false;
    const auto theirs = TryRead(original), ours = TryRead(image);
    return !theirs || !ours ||
           !std::equal(theirs->begin(), theirs->end(), ours->begin(), ours->end(),
                       [](const Record& a, const Record& b) { return a.time == b.time; });
  }

  void KeepOrder(int64_t original, int64_t image) {
    if (original <= last_original_) Add("L3 REORDER", original, image, "its predecessor stands behind it");
    last_original_ = std::max(last_original_, original);
  }

  // Was there a reason to build the batch again?
  bool MayBeRebuilt(size_t index, const Batch& image) const {
    const Batch& original = source_.batches[index];
    const auto touched = [](const Batch& b) {
      return b.holed() || b.log_append_time() || (b.attributes & kDeleteHorizonBit) != 0;
    };
    const auto at = by_offset_.find(original.base_offset);
    const bool after_hole =
        at != by_offset_.begin() && source_.batches[std::prev(at)->second].last_offset() + 1 < original.base_offset;
    return touched(original) || touched(image) || after_hole;
  }

  // Content that S does not hold: built again, an altered image of what stands there, or somebody else's records.
  void ExamineStranger(size_t index, std::optional<int64_t> claimed) {
    const Batch& image = destination_.batches[index];
    const auto at = claimed ? by_offset_.find(*claimed) : by_offset_.end();
    const bool in_place = at != by_offset_.end() && !source_.batches[at->second].control();
    if (!in_place || MayBeRebuilt(at->second, image)) {
      if (ExamineRecords(index)) return;
    }
    if (!in_place && claim_.IsForeign(image.base_offset) && claim_.IsForeign(image.last_offset())) return;
    if (!in_place)
      return Add("L6 PHANTOM", -1, image.base_offset, fmt::format("{} records not from the source", image.count));
    const Batch& original = source_.batches[at->second];
    ++images_[at->second];
    last_original_ = std::max(last_original_, original.base_offset);
    Add("L4 CORRUPT", original.base_offset, image.base_offset, Difference(original, image));
  }

  // Record by record. False: nothing in it is from S, and nothing was said.
  bool ExamineRecords(size_t index) {
    const Batch& image = destination_.batches[index];
    const std::optional<std::vector<Record>> records = TryRead(image);
    if (!records) return false;
    bool known = false;
    std::vector<const Record*> strange;
    for (const Record& record : *records) {
      if (record.offset < destination_.start) continue;
      const std::optional<int64_t> claimed = claim_.ToSource(record.offset);
      const std::optional<Place> there = claimed ? RecordFrom(*claimed) : std::nullopt;
      if (there && there->record->offset == *claimed) {
        CompareRecords(*there, record, index);
        known = true;
      } else if (IsFiller(record, index)) {
        findings_.fillers.push_back(record.offset);
        known = true;
      } else if (claim_.compacted && claimed && *claimed < source_.end &&
                 keys_.MayBeExtra(KeyedAt(record, *claimed, destination_fates_.of[index]))) {
        known = true;
      } else {
        strange.push_back(&record);
      }
    }
    if (!known) return false;
    ++findings_.rebuilt;
    for (const Record* record : strange) Add("L6 PHANTOM", -1, record->offset, "a record not from the source");
    return true;
  }

  void CompareRecords(const Place& original, const Record& image, size_t index) {
    const Record& record = *original.record;
    if (!imaged_.insert(record.offset).second || images_[original.batch] > 0)
      return Add("L2 DUP", record.offset, image.offset, "this record already stands in the destination");
    const bool stored_time = !claim_.append_times && source_.batches[original.batch].log_append_time();
    if (!Same(record, image))
      Add("L4 CORRUPT", record.offset, image.offset, "the record differs");
    else if (record.time != image.time && !stored_time)
      Add("L4 CORRUPT", record.offset, image.offset, fmt::format("its time is {}, not {}", image.time, record.time));
    else
      CompareFates(original.batch, index);
    KeepOrder(record.offset, image.offset);
  }

  // --- What is not there

  bool Due(int64_t offset) const {
    if (offset >= claim_.replicated_to || offset < source_.start) return false;
    if (!claim_.identical && !claim_.runs.empty() && offset < claim_.runs.front().source) return false;
    const std::optional<int64_t> there = claim_.ToDestination(offset);
    return !there || *there >= destination_.start;
  }

  void FindLost(size_t index) {
    const Batch& original = source_.batches[index];
    if (original.count == 0 || images_[index] > 0) return;
    if (original.control()) return FindLostMarker(index);
    const std::vector<Record>* records = RecordsOf(index);
    int64_t lost = 0, first = original.base_offset;
    if (records == nullptr) {
      lost = Due(original.base_offset) || Due(original.last_offset()) ? original.count : 0;
    } else {
      for (const Record& record : *records) {
        if (!Due(record.offset) || imaged_.contains(record.offset)) continue;
        if (claim_.compacted && keys_.MayBeMissing(KeyedAt(record, record.offset, source_fates_.of[index]))) continue;
        if (lost++ == 0) first = record.offset;
      }
    }
    if (lost > 0)
      Add("L1 LOST", first, -1,
          fmt::format("{} records below replicated_to {} are not in the destination", lost, claim_.replicated_to));
  }

  // A marker goes when nothing of its transaction is left.
  void FindLostMarker(size_t index) {
    const Batch& marker = source_.batches[index];
    if (!Due(marker.base_offset) || !TryMarker(marker)) return;
    const auto imaged = [this](size_t batch) {
      const std::vector<Record>* records = RecordsOf(batch);
      return images_[batch] > 0 ||
             (records != nullptr && std::any_of(records->begin(), records->end(),
                                                [this](const Record& r) { return imaged_.contains(r.offset); }));
    };
    const std::vector<size_t>& ended = source_fates_.ends[index];
    if (claim_.compacted && std::none_of(ended.begin(), ended.end(), imaged)) return;
    Add("L9 ABORTED", marker.base_offset, -1, "this marker is not in the destination");
  }

  void Add(std::string code, int64_t source_offset, int64_t destination_offset, std::string what) {
    findings_.anomalies.push_back({std::move(code), source_offset, destination_offset, std::move(what)});
  }

  const Log& source_;
  const Log& destination_;
  const Claim& claim_;
  const Fates source_fates_, destination_fates_;
  std::map<decltype(Content(Batch{})), std::vector<size_t>> by_content_;
  std::map<int64_t, size_t> by_offset_;
  std::map<size_t, std::optional<std::vector<Record>>> records_;  // of S, as far as asked for
  std::vector<int> images_;                                       // per batch of S
  std::set<int64_t> imaged_;                                      // records of S within rebuilt batches
  Keys keys_;
  int64_t last_original_ = -1;
  Findings findings_;
};

}  // namespace

Findings Examine(const Log& source, const Log& destination, const Claim& claim) {
  if (!claim.committed) return Trial(source, destination, claim).Run();
  const Log shown = CommittedOnly(source);
  return Trial(shown, destination, claim).Run();
}

std::vector<Anomaly> Judge(const Log& source, const Log& destination, const Claim& claim) {
  return Examine(source, destination, claim).anomalies;
}

}  // namespace klink::oracle
