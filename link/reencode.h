// A source batch that cannot be sent as it stands (holes left by compaction, append times of a LogAppendTime topic),
// taken apart and built again: the same keys, values, headers and times, each record at its offset. Pure.
//
// A hole is filled with copies of the record behind it, in the same batch: a compacted destination's own cleaning
// removes them: of equal keys the last one stays. A hole that costs too much is closed up: the
// records behind it stand at other offsets, and their piece says so.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "link/alignment.h"

namespace klink::link {

struct ReencodeRules {
  std::optional<SourceOffset> fill_from;  // holes below it are closed up; none: all are
  int64_t fill_records = 2000;            // in one hole
  int64_t fill_bytes = 1 << 20;           // in one hole
  int64_t fillers_left = 0;               // in all holes of this batch
  size_t batch_bytes = 1 << 20;           // a batch that grows beyond is split
  bool append_times = true;               // keep the times that readers of a LogAppendTime source see
};

// One batch to send. `batch` carries the source's codec and transactional bit, and neither offset nor producer.
struct Piece {
  SharedBytes batch;
  SourceOffset first;    // of its first record, or of the hole before it that fillers stand in
  SourceOffset next;     // behind its last one
  int64_t offsets = 0;   // that it takes at the destination: records and fillers
  int64_t fillers = 0;   // among them
  bool shifted = false;  // a hole before `first` was closed up: from here on another shift
};
struct Reencoded {
  std::vector<Piece> pieces;  // none when no record lies at or beyond the position
  int64_t records = 0;
  int64_t fillers = 0;
};

// What lies at or beyond the position. DataLoss: the batch is not what its header says.
StatusOr<Reencoded> Reencode(const kafka::BatchView& batch, const Position& at, const ReencodeRules& rules);

// Does our batch end with the source's record of that offset? Nothing when the source has none there, as its cleaner
// may have removed it since.
std::optional<bool> SameLastRecord(ByteView ours, ByteView source, SourceOffset last, bool append_times);

}  // namespace klink::link
