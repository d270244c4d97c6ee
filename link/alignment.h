// Where must the next source batch land, and can it? Pure: a position and a batch header in, a plan out.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/types.h"
#include "kafka/record_batch.h"
#include "state/reasons.h"

namespace klink::link {

// The next offset on both sides. Before anything was copied the source side is the source's log start, which may lie
// inside the first batch.
struct Position {
  SourceOffset source_next;
  DestOffset dest_next;
  int32_t sequence = 0;
  int16_t epoch = 0;

  int64_t shift() const { return dest_next.value - source_next.value; }
};

struct Append {};  // patch it and send it
// Data of a source producer's transaction: the same within one of ours.
struct Replay {
  int64_t source_pid = -1;
};
// The end of a transaction, committed or aborted: ends ours, and its marker takes this offset.
struct Marker {
  int64_t source_pid = -1;
  bool commit = false;
  int64_t hole = 0;  // offsets missing before it
};
// It cannot be sent as it stands: link/reencode.
struct Rebuild {
  std::optional<int64_t> source_pid;  // within its transaction
};
struct Skip {};  // it ends below the position: an answer that begins early
struct Prepend {
  SourceOffset base;
};  // the first batch begins below the log start: take it whole
struct Stop {
  state::Reason reason;
  std::string text;
};
using Plan = std::variant<Append, Replay, Marker, Rebuild, Skip, Prepend, Stop>;

// `fresh`: nothing was copied yet, so the first batch may begin before the position.
enum class Progressed { kFresh, kCopying };

// `append_times`: the times of a LogAppendTime source are kept (timestamps: exact).
Plan PlanBatch(const kafka::BatchView& batch, const Position& at, Progressed progressed, bool append_times);

// The position behind a batch that landed at `at`, within a transaction or not; only batches of the data producer take
// sequences.
Position After(const Position& at, const kafka::BatchView& batch, std::optional<int64_t> source_pid);

}  // namespace klink::link
