// What follows when a source topic is not found any more. Pure. Only `topics.delete: mirror` ever deletes a copy, and
// only once the topic was away for a whole day: that is how long an operator has to notice a deletion by mistake.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "config/schema_link.h"

namespace klink::link {

inline constexpr Duration kDeleteHold = 24h;

struct AbsenceFacts {
  config::DeletePolicy policy = config::DeletePolicy::kKeep;
  bool absent = false;          // the source was asked and does not name the topic
  bool source_empty = false;    // nor any other: rather a cluster that lost its memory than an order to delete
  int64_t absent_since_ms = 0;  // as recorded; 0: it was there
  int64_t now_ms = 0;
  Duration hold = kDeleteHold;
};

enum class AbsenceStep {
  kNothing,
  kNote,    // the time begins to count
  kForget,  // it is back, or nothing follows from its absence any more
  kDelete,
};

AbsenceStep PlanAbsence(const AbsenceFacts& facts);

}  // namespace klink::link
