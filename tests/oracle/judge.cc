#include "tests/oracle/judge.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include <fmt/format.h>

namespace klink::oracle {
namespace {

constexpr int kFreeAttributeBits = kLogAppendTimeBit | kTransactionalBit | kDeleteHorizonBit;

// All that must be equal in an original and its image.
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

class Trial {
 public:
  Trial(const Log& source, const Log& destination, const Claim& claim)
      : source_(source), destination_(destination), claim_(claim), images_(source.batches.size(), 0) {
    for (size_t i = 0; i < source.batches.size(); ++i) {
      by_content_[Content(source.batches[i])].push_back(i);
      by_offset_[source.batches[i].base_offset] = i;
    }
  }

  std::vector<Anomaly> Run() {
    for (const Batch& image : destination_.batches) {
      if (Ours(image)) Examine(image);
    }
    FindLost();
    return std::move(anomalies_);
  }

 private:
  // Batches trimmed away, markers (invisible, no originals yet) and what stood in D before the first run are not
  // judged.
  bool Ours(const Batch& image) const {
    if (image.last_offset() < destination_.start || image.control()) return false;
    return claim_.identical || claim_.runs.empty() || image.base_offset >= claim_.runs.front().destination;
  }

  // Where the claim says that a destination offset comes from; nothing when it says nothing.
  std::optional<int64_t> ClaimedSource(int64_t destination_offset) const {
    if (claim_.identical) return destination_offset;
    for (const oracle::Run& run : claim_.runs) {
      const int64_t into = destination_offset - run.destination;
      if (into >= 0 && into < run.length) return run.source + into;
    }
    return std::nullopt;
  }

  void Examine(const Batch& image) {
    if (!image.crc_right) Add("L4 CORRUPT", -1, image.base_offset, "the checksum is wrong");
    const std::optional<int64_t> claimed = ClaimedSource(image.base_offset);
    const auto same = by_content_.find(Content(image));
    if (same == by_content_.end()) return ExamineStranger(image, claimed);

    const std::vector<size_t>& originals = same->second;
    const auto placed = std::find_if(originals.begin(), originals.end(),
                                     [&](size_t i) { return source_.batches[i].base_offset == claimed; });
    const auto unused = std::find_if(originals.begin(), originals.end(), [&](size_t i) { return images_[i] == 0; });
    const size_t chosen = placed != originals.end() ? *placed : unused != originals.end() ? *unused : originals.back();
    const Batch& original = source_.batches[chosen];
    if (++images_[chosen] > 1) {
      return Add("L2 DUP", original.base_offset, image.base_offset, "this batch already stands in the destination");
    }
    if (placed == originals.end() && (claim_.identical || !claim_.runs.empty())) {
      Add("L5 DRIFT", original.base_offset, image.base_offset, "the image stands where the claim does not put it");
    }
    if (original.base_offset <= last_original_) {
      Add("L3 REORDER", original.base_offset, image.base_offset, "its predecessor stands behind it");
    }
    last_original_ = std::max(last_original_, original.base_offset);
  }

  // Content that S does not hold: an altered image of what stands at the claimed offset, or somebody else's records.
  void ExamineStranger(const Batch& image, std::optional<int64_t> claimed) {
    const auto at = claimed ? by_offset_.find(*claimed) : by_offset_.end();
    if (at == by_offset_.end()) {
      return Add("L6 PHANTOM", -1, image.base_offset, fmt::format("{} records not from the source", image.count));
    }
    const Batch& original = source_.batches[at->second];
    ++images_[at->second];
    last_original_ = std::max(last_original_, original.base_offset);
    Add("L4 CORRUPT", original.base_offset, image.base_offset, Difference(original, image));
  }

  void FindLost() {
    for (size_t i = 0; i < source_.batches.size(); ++i) {
      const Batch& original = source_.batches[i];
      const bool due = original.base_offset < claim_.replicated_to && original.last_offset() >= source_.start;
      const bool trimmed = claim_.identical && original.last_offset() < destination_.start;
      if (due && !trimmed && images_[i] == 0 && original.count > 0 && !original.control()) {
        Add("L1 LOST", original.base_offset, -1,
            fmt::format("{} records below replicated_to {} are not in the destination", original.count,
                        claim_.replicated_to));
      }
    }
    if (claim_.identical && claim_.replicated_to > destination_.end) {
      Add("L1 LOST", destination_.end, -1,
          fmt::format("replicated_to {} lies beyond the destination's end {}", claim_.replicated_to, destination_.end));
    }
  }

  void Add(std::string code, int64_t source_offset, int64_t destination_offset, std::string what) {
    anomalies_.push_back({std::move(code), source_offset, destination_offset, std::move(what)});
  }

  const Log& source_;
  const Log& destination_;
  const Claim& claim_;
  std::map<decltype(Content(Batch{})), std::vector<size_t>> by_content_;
  std::map<int64_t, size_t> by_offset_;
  std::vector<int> images_;  // per batch of S
  int64_t last_original_ = -1;
  std::vector<Anomaly> anomalies_;
};

}  // namespace

std::vector<Anomaly> Judge(const Log& source, const Log& destination, const Claim& claim) {
  return Trial(source, destination, claim).Run();
}

std::string Report(const std::vector<Anomaly>& anomalies, size_t limit) {
  std::string text;
  for (size_t i = 0; i < std::min(limit, anomalies.size()); ++i) {
    const Anomaly& a = anomalies[i];
    text += fmt::format("{}: source {}, destination {}: {}\n", a.code, a.source_offset, a.destination_offset, a.what);
  }
  if (anomalies.size() > limit) text += fmt::format("and {} more\n", anomalies.size() - limit);
  return text;
}

}  // namespace klink::oracle
