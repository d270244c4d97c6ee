// The model of a source partition: whole v2 batches whose records carry their own offset, so that every copy of them
// can be recognised wherever it stands.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tests/sim/world.h"

namespace klink::sim {

class SourceLog {
 public:
  struct Batch {
    int64_t base = 0;
    int64_t next = 0;
    SharedBytes bytes;
  };

  SourceLog(World& world, int64_t first_offset) : world_(world), start_(first_offset), end_(first_offset) {}

  // One batch of `records` records at the end, written at that time.
  void Produce(int records, int64_t timestamp_ms);
  // Retention: the log starts at `to` now, which may lie inside a batch.
  void AdvanceStart(int64_t to);

  int64_t start() const { return start_; }
  int64_t end() const { return end_; }
  // Null when the log holds no batch there.
  const Batch* Find(int64_t offset) const;
  // Every batch there ever was, by base offset.
  const std::map<int64_t, Batch>& history() const { return history_; }
  // Whose records are these (everything behind the header)? Null when nobody's here.
  const Batch* Recognise(ByteView body) const;

 private:
  World& world_;
  int64_t start_;
  int64_t end_;
  std::map<int64_t, Batch> history_;
  std::map<std::string, int64_t, std::less<>> by_records_;
};

}  // namespace klink::sim
