// The way back of a live drill: what klink mirror failback and klink mirror reverse would do next with each topic, and
// the commands, in their order, that bring everything back to where it was before. Pure.
#pragma once

#include <string>
#include <vector>

#include "failover/drill_report.h"
#include "failover/failback.h"

namespace klink::failover {

struct WayBackAsk {
  std::vector<FailbackMirror> mirrors;  // that were failed over
  std::optional<FailbackView> view;     // both logs; nothing: the old source does not answer
  std::string export_folder;            // where records that never crossed would be written
};
DrillFailback PlanWayBack(const config::Config& config, const config::LinkConfig& link, WayBackAsk ask);

// Topics of which the configuration has no link back.
std::vector<std::string> WithoutWayBack(const config::Config& config, const config::LinkConfig& link,
                                        const std::vector<FailbackMirror>& mirrors);

}  // namespace klink::failover
