// Two small logs of real batches for the tests of verification.
#pragma once

#include <string>
#include <vector>

#include "kafka/record_batch.h"
#include "link/verify_comparison.h"
#include "tests/link/sample.h"

namespace klink::link::testing {

struct Entry {
  int64_t offset = 0;
  std::string key{};
  std::string value{};  // empty: a tombstone
  int64_t time = 1000;
};

struct Kind {
  int16_t attributes = 0;
  int64_t producer_id = -1;
  kafka::Codec codec = kafka::Codec::kNone;
};
inline Kind InTransaction(int64_t producer_id) { return {kafka::kTransactionalBit, producer_id}; }

// Records at their offsets; the batch reaches from `base` to `last`, as a cleaner leaves it.
inline SharedBytes Records(const std::vector<Entry>& entries, Kind kind = {}, std::optional<int64_t> base = {},
                           std::optional<int64_t> last = {}) {
  kafka::BatchIdentity identity;
  identity.base_offset = base.value_or(entries.front().offset);
  identity.attributes = kind.attributes;
  identity.producer_id = kind.producer_id;
  identity.producer_epoch = identity.base_sequence = kind.producer_id < 0 ? -1 : 0;
  std::vector<kafka::Record> records;
  for (const Entry& entry : entries) {
    kafka::Record& record = records.emplace_back();
    record.offset_delta = static_cast<int32_t>(entry.offset - identity.base_offset);
    record.timestamp = entry.time;
    if (!entry.key.empty()) record.key = entry.key;
    if (!entry.value.empty()) record.value = entry.value;
  }
  SharedBytes batch = *kafka::BuildBatch(identity, records, kind.codec);
  if (last) batch = With(batch, kafka::kLastOffsetDeltaAt, static_cast<int32_t>(*last - identity.base_offset));
  return batch;
}

inline SharedBytes Marker(int64_t offset, int64_t producer_id, kafka::ControlType type, int32_t coordinator_epoch = 0) {
  kafka::Record record;
  record.timestamp = 5000 + coordinator_epoch;
  record.key = std::string{0, 0, 0, static_cast<char>(type)};
  record.value = std::string{0, 0, 0, 0, 0, static_cast<char>(coordinator_epoch)};
  kafka::BatchIdentity identity;
  identity.base_offset = offset;
  identity.producer_id = producer_id;
  identity.producer_epoch = 0;
  identity.attributes = kafka::kTransactionalBit | kafka::kControlBit;
  return kafka::BuildBatch(identity, std::vector{record});
}

using Batches = std::vector<SharedBytes>;

inline int64_t EndOf(const Batches& log) { return log.empty() ? 0 : kafka::BatchView(log.back().view()).next_offset(); }

struct Comparing {
  VerifyOptions options{};
  const offsets::Translation* map = nullptr;
  int64_t from = 0;
  std::optional<int64_t> to{};
  std::optional<int64_t> source_end{};  // else where the last batch ends
};

inline PartitionProof Compare(const Batches& source, const Batches& copy, const Comparing& how = {}) {
  const LogEnds ends{.source_end = how.source_end.value_or(EndOf(source)), .copy_end = EndOf(copy)};
  LogComparison comparison(how.map, ends, how.from, how.to.value_or(ends.source_end), how.options);
  auto original = source.begin(), image = copy.begin();
  for (;;) {
    switch (comparison.Run()) {
      case LogComparison::Needs::kNothing:
        return comparison.Finish();
      case LogComparison::Needs::kSource:
        comparison.Source(original == source.end() ? std::nullopt : std::optional(*original++));
        break;
      case LogComparison::Needs::kCopy:
        comparison.Copy(image == copy.end() ? std::nullopt : std::optional(*image++));
        break;
    }
  }
}

// "CORRUPT 3→3: another value", one line each.
inline std::string Say(const PartitionProof& proof) {
  std::string text;
  const auto number = [](const std::optional<int64_t>& n) { return n ? std::to_string(*n) : std::string("-"); };
  for (const Difference& d : proof.differences)
    text += fmt::format("{} {}→{}: {}\n", d.kind, number(d.source_offset), number(d.destination_offset), d.detail);
  return text;
}

}  // namespace klink::link::testing
