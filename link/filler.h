// Batches of minimal records (null key and value, timestamp −1) that only take up offsets; trimmed before a mirror
// becomes ACTIVE (experiments: 100,000 records a batch are the best size).
#pragma once

#include "base/bytes.h"
#include "link/batch_patch.h"

namespace klink::link {

inline constexpr int64_t kFillerRecords = 100'000;

SharedBytes FillerBatch(int64_t records, const Stamp& stamp);

}  // namespace klink::link
