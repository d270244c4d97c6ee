// Where a compacted log's copy begins. Its cleaned part may keep one record in a thousand; filling that would cost far
// more than it is worth. So the log is right-aligned: from T on holes cost less than `fill_ratio` fillers a record and
// offsets are equal; the n records below T stand side by side before it, and the copy begins at T − n. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.h"

namespace klink::link {

// A source batch, as its header tells.
struct Extent {
  int64_t base = 0;
  int64_t next = 0;
  int64_t records = 0;   // that are left of it; a marker is one
  int64_t left_out = 0;  // offsets that are filled in any case, and cost nothing here
};

struct HeadPlan {
  SourceOffset aligned_from;  // T
  int64_t records_below = 0;  // n
};

// At least one extent, in order. `fill_records` is the most fillers in one hole.
HeadPlan PlanHead(const std::vector<Extent>& log, double fill_ratio, int64_t fill_records);

}  // namespace klink::link
