// Names what went wrong between a source log S and a destination log D, from their raw batches alone.
//
//   L1 LOST     a record of S that counts as replicated has no image in D
//   L2 DUP      a batch of S stands in D twice
//   L3 REORDER  the images stand in another order than their originals
//   L4 CORRUPT  a wrong checksum, or other bytes than the original's
//   L5 DRIFT    an image stands where the claim (same offset, or the runs) does not put it
//   L6 PHANTOM  D shows a batch that is not from S
//
// Images are found by content, not by the translation under judgement; where S holds the same content several times,
// the claimed position decides. Only baseOffset, leader epoch, checksum, producer id, epoch, sequence and attribute
// bits 3, 4 and 6 may differ between an original and its image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/oracle/batch.h"

namespace klink::oracle {

struct Log {
  int64_t start = 0;  // the log start offset; batches before it are not judged
  int64_t end = 0;    // the high watermark
  std::vector<Batch> batches;
};

struct Run {
  int64_t source = 0;
  int64_t destination = 0;
  int64_t length = 0;
};

// What the agent says about a partition.
struct Claim {
  int64_t replicated_to = 0;   // source offset; everything below it must be in D
  bool identical = true;       // every offset equal
  std::vector<Run> runs = {};  // when not identical: where everything stands; D before the first run is not ours
};

struct Anomaly {
  std::string code;  // "L1 LOST" …
  int64_t source_offset = -1;
  int64_t destination_offset = -1;
  std::string what;
};

std::vector<Anomaly> Judge(const Log& source, const Log& destination, const Claim& claim);
// One line per anomaly, the first `limit` of them; empty when all is well.
std::string Report(const std::vector<Anomaly>& anomalies, size_t limit = 10);

}  // namespace klink::oracle
