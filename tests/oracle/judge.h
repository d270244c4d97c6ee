// Names what went wrong between a source log S and a destination log D, from their raw batches alone.
//
//   L1 LOST     a record of S that counts as replicated has no image in D
//   L2 DUP      a batch of S stands in D twice
//   L3 REORDER  the images stand in another order than their originals
//   L4 CORRUPT  a wrong checksum, or other bytes than the original's
//   L5 DRIFT    an image stands where the claim (same offset, or the runs) does not put it
//   L6 PHANTOM  D shows a batch that is not from S, and that the claim does not list as somebody else's
//   L9 ABORTED  read_committed on D shows something else than on S
//   L15 TIME    a look-up by time answers a later record in D than in S (JudgeTimes)
//
// Images are found by content, not by the translation under judgement; where S holds the same content several times,
// the claimed position decides. Only baseOffset, leader epoch, checksum, producer id, epoch, sequence and attribute
// bits 3 and 6 may differ between an original and its image.
//
// A batch that could not be copied as it stood (holes in it or before it, append times, a delete horizon) may have been
// built again: then each of its records is looked for at its claimed offset. What D has at an offset that S has nothing
// at is a filler when it is the same as the next record of S, with the same fate, or a marker that ends nothing.
// With `transactions: committed`, D is judged by CommittedOnly(S): markers and aborted batches of S are holes.
// In a compacted topic a cleaner may have taken what only one of the logs has (keys.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/oracle/batch.h"

namespace klink::oracle {

struct Log {
  int64_t start = 0;  // the log start offset; batches before it are not judged
  int64_t end = 0;    // the high watermark
  std::vector<Batch> batches = {};
};

struct Run {
  int64_t source = 0;
  int64_t destination = 0;
  int64_t length = 0;
  bool behind_foreign = false;  // what D has between the run before and this one is somebody else's
};

// What the agent says about a partition.
struct Claim {
  int64_t replicated_to = 0;   // source offset; everything below it must be in D
  bool identical = true;       // every offset equal
  std::vector<Run> runs = {};  // when not identical: where everything stands; D before the first run is not ours
  bool compacted = false;      // a cleaner is at work in one of the topics
  bool append_times = true;    // the times that readers of a LogAppendTime source see are kept
  bool committed = false;      // of transactions only committed records are copied, as plain ones

  bool IsForeign(int64_t destination_offset) const;
  std::optional<int64_t> ToSource(int64_t destination_offset) const;
  std::optional<int64_t> ToDestination(int64_t source_offset) const;
};

struct Anomaly {
  std::string code;  // "L1 LOST" …
  int64_t source_offset = -1;
  int64_t destination_offset = -1;
  std::string what;
};

struct Findings {
  std::vector<Anomaly> anomalies;
  std::vector<int64_t> fillers;  // offsets of D that stand for a hole of S: records and markers
  int64_t rebuilt = 0;           // batches of D that were built again
  int64_t markers = 0;           // that stand where S has the same
};

// What read_committed shows of a log, outside of transactions; the rest are holes.
Log CommittedOnly(const Log& log);

Findings Examine(const Log& source, const Log& destination, const Claim& claim);
// Only what is wrong.
std::vector<Anomaly> Judge(const Log& source, const Log& destination, const Claim& claim);
// One line per anomaly, the first `limit` of them; empty when all is well.
std::string Report(const std::vector<Anomaly>& anomalies, size_t limit = 10);

// What both clusters answered about one moment; −1: nothing so late.
struct TimeLookUp {
  int64_t time = 0;
  int64_t source_offset = -1;
  int64_t destination_offset = -1;
};
// The same record, or an earlier offset with a marker or a filler of ours; never a later one.
std::vector<Anomaly> JudgeTimes(const Log& source, const Log& destination, const Claim& claim,
                                const std::vector<TimeLookUp>& answers);

}  // namespace klink::oracle
