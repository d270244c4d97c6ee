// A rehearsal of the failover of a link: dry, which looks and writes nothing, or isolated, which fails over throwaway
// copies of the mirrors beside them: the mirrors, their groups and whoever copies them are never touched. Or live,
// which is the failover itself, looked at from both sides, with the way back in its report.
//
// What an isolated drill makes is found by its name and removed at its end, also when it is interrupted; what a killed
// one left is removed by the next one in the same folder, or by Clean.
#pragma once

#include <functional>
#include <string>

#include "config/schema.h"
#include "failover/drill_door.h"
#include "failover/drill_files.h"
#include "failover/drill_report.h"

namespace klink::failover {

struct DrillAsk {
  std::string operator_name;
  std::string approver;
  std::string reason;
  std::string config_sha256;
  std::optional<std::string> audit_head;
  std::function<void(const std::string& step)> tell;  // as each step begins
  LiveAsk live;
};

// `drill` names a link of `config`. The report is whole, whatever happened; it is not written yet.
Async<DrillReport> RunDrill(const config::Config& config, const config::DrillConfig& drill, DrillAsk ask,
                            DrillFolder& folder);

}  // namespace klink::failover
