// Where does a partition stand? Decided from the destination log alone (it is the checkpoint), checked against the
// source. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "link/alignment.h"
#include "link/ports.h"

namespace klink::link {

struct Facts {
  DestLog log;
  SourceBounds bounds;
  std::optional<int64_t> shift;  // what the map says is in force
  std::optional<DestOffset> shift_since;
  std::optional<Prefill> prefill;
  std::optional<Adoption> adoption;
  bool was_mirrored = false;
  bool sequences_are_offsets = true;
  bool preserve = true;  // offsets: preserve
  int64_t prefill_limit = 0;
};

// The leader refuses anything but the successor of our last batch while it remembers it (protocol.md P20, P23).
enum class CompareAndAppend { kOn, kOff };

// Nothing of ours is there yet and the log is empty from 0: begin at the source's log start.
struct Begin {};
// Fillers are being written: go on at `from`.
struct ContinuePrefill {
  Prefill prefill;
  DestOffset from;
};
// They reach beyond where they should end.
struct Overshoot {
  std::string why;
};
// The log has other records, or cannot be aligned: append behind them under a new shift.
struct BeginBehind {
  DestOffset end;
  std::string why;
};
// It is taken over as it is.
struct BeginAdopted {
  Adoption adoption;
};
// Ours to continue. `tail`: our last batch, to be compared with the source's batch at `tail_source` when that is still
// there.
struct Resume {
  Position at;
  CompareAndAppend cas = CompareAndAppend::kOff;
  std::optional<SharedBytes> tail = std::nullopt;
  SourceOffset tail_source = {};
  // Markers of ours that the source does not have: what follows each is shifted by one more.
  std::vector<DestOffset> extra = {};
};
using Finding = std::variant<Begin, ContinuePrefill, Overshoot, BeginBehind, BeginAdopted, Resume, Stop>;

Finding Examine(const Facts& facts, const Identity& identity);

// Is it the same batch but for what klink and brokers may change (protocol.md P15)? Compares count, base timestamp,
// codec and every byte of the records; of a transaction's marker only the verdict.
bool SameRecords(ByteView ours, ByteView source);

}  // namespace klink::link
