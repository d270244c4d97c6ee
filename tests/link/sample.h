// Batches for the tables of the pure parts: small, valid, each field settable.
#pragma once

#include <string>
#include <vector>

#include "base/crc32c.h"
#include "kafka/record_batch.h"

namespace klink::link::testing {

struct Sample {
  int64_t base = 0;
  int records = 3;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t sequence = -1;
  int16_t attributes = 0;
  int64_t timestamp = 1'700'000'000'000;
  std::string text = "value";
};

inline SharedBytes Make(const Sample& sample) {
  std::vector<kafka::Record> records;
  for (int i = 0; i < sample.records; i++) {
    kafka::Record record;
    record.timestamp = sample.timestamp + i;
    record.offset_delta = i;
    record.key = "k";
    record.value = fmt::format("{}{}", sample.text, i);
    records.push_back(std::move(record));
  }
  kafka::BatchIdentity identity;
  identity.base_offset = sample.base;
  identity.leader_epoch = 7;
  identity.producer_id = sample.producer_id;
  identity.producer_epoch = sample.producer_epoch;
  identity.base_sequence = sample.sequence;
  identity.attributes = sample.attributes;
  return kafka::BuildBatch(identity, records);
}

// Writes one header field and makes the checksum right again.
template <class T>
SharedBytes With(SharedBytes batch, size_t at, T value) {
  SharedBytes copy = SharedBytes::CopyOf(batch.view());
  StoreBe<T>(copy.data() + at, value);
  StoreBe<uint32_t>(copy.data() + kafka::kCrcAt, Crc32c(copy.view().substr(kafka::kAttributesAt)));
  return copy;
}

}  // namespace klink::link::testing
