#include "link/absence_plan.h"

namespace klink::link {

AbsenceStep PlanAbsence(const AbsenceFacts& facts) {
  const bool counted = facts.absent_since_ms > 0;
  if (!facts.absent || facts.policy == config::DeletePolicy::kKeep)
    return counted ? AbsenceStep::kForget : AbsenceStep::kNothing;
  if (facts.source_empty) return AbsenceStep::kNothing;
  if (!counted) return AbsenceStep::kNote;
  return facts.now_ms - facts.absent_since_ms >= ToMillis(facts.hold) ? AbsenceStep::kDelete : AbsenceStep::kNothing;
}

}  // namespace klink::link
