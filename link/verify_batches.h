// Two batches, or two records of them, side by side. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "kafka/record_batch.h"
#include "link/verify_proof.h"

namespace klink::link {

// Is `copy` the batch `original` but for what klink and brokers may change, and these attributes? Empty, or what
// differs.
std::string CompareBatches(ByteView original, ByteView copy, VerifyOptions::Depth depth, int16_t also_may_differ = 0);

// Both logs' readers see other times than those stored in the records, or neither's do.
bool SameTimeRule(const kafka::BatchView& original, const kafka::BatchView& copy, VerifyOptions::Times times);

// May `copy` hold the records of `original` in another form? Only where a cleaner or klink had a reason to write them
// anew: holes, append times, a delete horizon.
bool MayBeRebuilt(const kafka::BatchView& original, const kafka::BatchView& copy);

// What takes one offset: a record, or a transaction's marker.
struct LogItem {
  int64_t offset = 0;
  std::optional<kafka::ControlType> marker;
  kafka::Record record;   // of a marker: not read
  int64_t read_time = 0;  // as consumers see it: the append time of a LogAppendTime topic
};

// Whole and in order. A control batch whose record the cleaner took has none. DataLoss: not what its header says.
StatusOr<std::vector<LogItem>> ItemsOf(const kafka::BatchView& batch);

// Key, value, headers and time; empty, or what differs. Offsets and markers are not looked at.
std::string CompareRecords(const LogItem& original, const LogItem& copy, VerifyOptions::Times times);
// A copy of that record in an offset before it: key, value and headers.
bool StandsForHoleBefore(const kafka::Record& next, const kafka::Record& filler);

std::string HeaderHex(ByteView batch);

}  // namespace klink::link
