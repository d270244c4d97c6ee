// The vocabulary of the offset map: runs of one shift, what began them, and the answer to a question about an offset.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/types.h"

namespace klink::offsets {

// A position in both logs at once: the next record of the source to be read, and where it lands at the destination.
struct Position {
  SourceOffset source;
  DestOffset dest;
  int64_t shift() const { return dest.value - source.value; }
  friend bool operator==(const Position&, const Position&) = default;
};

// `length` source offsets from `source` on stand at `dest` and following. Offsets inside a run that hold no record at
// the source (compaction holes, markers) belong to the run when the destination spends the same offset on them.
struct Run {
  SourceOffset source;
  DestOffset dest;
  int64_t length = 0;

  int64_t shift() const { return dest.value - source.value; }
  SourceOffset source_next() const { return source + length; }
  DestOffset dest_next() const { return dest + length; }
  friend bool operator==(const Run&, const Run&) = default;
};

// Announces that the source offset `since` will land at `dest`. `dest` is the end of the destination log at that
// moment (fillers included), so that a clamped answer can never lie beyond a record still to come.
struct ShiftChange {
  SourceOffset since;
  DestOffset dest;
  std::string reason;  // a reason code, e.g. RETENTION_GAP
  WallTime since_time{};
  int32_t source_leader_epoch = -1;
  // The source lost everything from `since` on and wrote it anew: what was copied beyond has no source any more.
  enum class Kind : uint8_t { kForward, kSourceTruncated } kind = Kind::kForward;
};

// One run and what began it.
struct Segment {
  Run run;
  std::string reason;
  WallTime since_time{};
  int32_t source_leader_epoch = -1;
  friend bool operator==(const Segment&, const Segment&) = default;
};

// exact: the same record, or the end of both logs. clamped: the offset has no counterpart (a gap, or below the start);
// the value is the next copied record. unknown: beyond what was copied, or the map is not (yet) complete; no value.
struct Answer {
  enum class Kind : uint8_t { kExact, kClamped, kUnknown } kind = Kind::kUnknown;
  int64_t value = -1;
  std::string why;  // empty when exact
};

constexpr std::string_view Name(Answer::Kind kind) {
  switch (kind) {
    case Answer::Kind::kExact:
      return "exact";
    case Answer::Kind::kClamped:
      return "clamped";
    case Answer::Kind::kUnknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace klink::offsets
