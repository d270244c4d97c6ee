// May a mirror be made again, and what does that cost? Pure: what is known of it in, a plan out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "link/progress.h"

namespace klink::link {

// What the configuration makes of a new mirror.
struct RealignRules {
  bool preserve = true;  // offsets: preserve
  bool start_latest = false;
  int64_t prefill_limit = 0;
};

// What is not in the snapshot.
struct RealignFacts {
  // Records of the copy that the source has removed, over all partitions; nothing when it cannot be told.
  std::optional<int64_t> only_in_copy;
  std::vector<std::string> readers;  // groups with members that read the mirror now
  std::vector<std::string> untold;   // groups whose members the broker does not tell
};

// outcome "realigning", "unchanged" where every offset is the source's already, or "refused" with the error.
RealignedMirror PlanRealign(const MirrorSnapshot& mirror, const RealignFacts& facts, const RealignRules& rules);

}  // namespace klink::link
