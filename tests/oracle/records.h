// The oracle's own reading of what is inside a batch: records in every codec, and what a marker says.
//
//   record: length · attributes · timestampDelta · offsetDelta · key · value · headers; all numbers are zigzag varints
//   marker: one record, key = version (2 bytes) · type (0 abort, 1 commit)
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/oracle/batch.h"

namespace klink::oracle {

struct Record {
  int64_t offset = 0;
  int64_t time = 0;  // as consumers see it
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
};

// Throws std::runtime_error when they are not what the header says.
std::vector<Record> ReadRecords(const Batch& batch);
// The records section of an uncompressed batch that holds these: for planting histories.
std::string WriteRecords(const std::vector<Record>& records, int64_t base_offset, int64_t base_timestamp);

enum class Verdict { kAbort, kCommit };
// Nothing when the cleaner took its record.
std::optional<Verdict> ReadMarker(const Batch& control);

}  // namespace klink::oracle
