// Batches of minimal records (null key and value, timestamp −1) that only take up offsets; trimmed before a mirror
// becomes ACTIVE (experiments: 100,000 records a batch are the best size).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "link/batch_patch.h"

namespace klink::link {

inline constexpr int64_t kFillerRecords = 100'000;

// One after the other. Those of one size share their records, which are made once.
class Fillers {
 public:
  explicit Fillers(size_t batch_bytes) : limit_(batch_bytes) {}

  // `wanted` records, or as many as fit.
  SharedBytes Next(int64_t wanted, const Stamp& stamp);
  // The destination takes less than was thought. False: not even one record.
  bool Halve();

 private:
  size_t limit_;
  int64_t most_ = kFillerRecords;
  std::optional<SharedBytes> made_;
  int64_t made_records_ = 0;
};

}  // namespace klink::link
