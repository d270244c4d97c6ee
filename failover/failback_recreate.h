// `klink mirror failback --recreate`: the old topics at the old source are deleted, and the link of the other direction
// makes them again at the new primary's offsets, as it makes every new mirror. Nothing is deleted of which the plan is
// not complete, whose stray records are not on disk, or that was written to since the plan was shown.
#pragma once

#include <string>
#include <vector>

#include "failover/failback.h"

namespace klink::failover {

// The link that mirrors this topic from the new primary to the old source under its old name; null: there is none.
const config::LinkConfig* LinkBack(const config::Config& config, const config::LinkConfig& link,
                                   const FailbackMirror& mirror);

// Pure: what would become of each mirror of the view. `would_delete`, `absent` (there is no topic to delete) or
// `refused` with its error.
std::vector<FailbackAction> PlanRecreate(const FailbackView& view, const config::Config& config,
                                         const config::LinkConfig& link);

// Carries out what PlanRecreate answered. Unavailable: the old source does not answer.
Async<StatusOr<std::vector<FailbackAction>>> Recreate(const config::Config& config, const config::LinkConfig& link,
                                                      const FailbackView& view, std::vector<FailbackAction> plan);

}  // namespace klink::failover
