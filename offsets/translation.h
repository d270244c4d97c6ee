// The exact map between one source partition and its copy, as ordered runs of equal shift. Pure.
//
// Invariants: runs are strictly increasing in both logs and never overlap; neighbours that touch in both logs are one
// run, so an identity mirror is one run for ever; only the last run grows, and only it may be empty (a shift that was
// announced and under which nothing was appended yet). An answer never skips a record the asker has not read:
// ToDest(g) ≤ the first destination offset whose source offset is ≥ g, and the same the other way round (L7).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "offsets/run.h"

namespace klink::offsets {

// What lies below the first run: nothing that was copied and still exists, or a part of the map that was lost.
enum class Head : uint8_t { kStart, kUnknown };

class Translation {
 public:
  Translation() = default;

  // From here on, one shift. On an empty map this is the start of the copy. DataLoss when it overlaps what stands.
  Status Begin(const ShiftChange& change);
  // Records copied, beyond everything recorded before. DataLoss when they overlap or go back in either log.
  Status Record(Run run);
  // Adds a run as it was stored, with what began it.
  Status Append(Segment segment);
  // Forgets what lies at or beyond the position in either log; a run across it ends there.
  void Cut(Position from);
  // Forgets runs that lie wholly below the start of the destination log; below the first that is left, nothing is.
  void TrimBelow(DestOffset start);

  Answer ToDest(SourceOffset offset) const;
  Answer ToSource(DestOffset offset) const;

  // The run before which the destination offset lies, where it holds nothing of the source and something of it stands
  // before; null elsewhere. Its reason says what lies there.
  const Segment* Behind(DestOffset offset) const;

  bool empty() const { return runs_.empty(); }
  const std::vector<Segment>& runs() const { return runs_; }
  // The position after the last record copied; of an empty map none.
  std::optional<Position> end() const;
  std::optional<int64_t> shift() const;  // the one in force
  // The current shift is 0. An empty map is identical so far.
  bool is_identical() const { return empty() || runs_.back().run.shift() == 0; }
  // Every offset copied from here to the end is equal in both logs; none when translated or empty.
  std::optional<SourceOffset> identical_from() const;

  Head head() const { return head_; }
  void set_head(Head head) { head_ = head; }
  // How many runs were trimmed away in this map's life: run i is the (first_index + i)th ever.
  int64_t first_index() const { return first_index_; }
  void set_first_index(int64_t index) { first_index_ = index; }

  friend bool operator==(const Translation&, const Translation&) = default;

 private:
  // Index of the first run that starts beyond the offset.
  size_t After(SourceOffset offset) const;
  size_t After(DestOffset offset) const;

  std::vector<Segment> runs_;
  Head head_ = Head::kStart;
  int64_t first_index_ = 0;
};

}  // namespace klink::offsets
