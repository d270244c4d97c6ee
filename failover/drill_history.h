// What a link remembers of its drills, in its state topic at the destination: agents tell it as metrics, and it is
// there when the machine that drilled is not. Only drills that wrote anyhow are remembered: a dry one writes nothing.
#pragma once

#include <string>
#include <vector>

#include "config/schema.h"
#include "failover/drill_report.h"
#include "kafka/record_batch.h"
#include "state/view.h"

namespace klink::failover {

bool IsRemembered(const DrillReport& report);
// `name` is that of the report's files. Texts are cut to what the state holds.
state::DrillRecord RecordOf(const DrillReport& report, const std::string& name);
// As much of the report as the link remembers.
DrillReport ReportOf(const state::DrillRecord& record, const std::string& link);
// The newest with it, what is too old erased. InvalidArgument: agents could not read it.
StatusOr<std::vector<kafka::Record>> HistoryWrite(const state::StateView& view, const state::DrillRecord& record,
                                                  WallTime now);

// Beside whoever leads the link, who is not disturbed: nothing is decided by it.
Async<Status> RememberDrill(const config::Config& config, DrillReport report, std::string name);
// The oldest first. NotFound: the destination keeps no state of that link.
Async<StatusOr<std::vector<DrillReport>>> RememberedDrills(const config::Config& config, std::string link);

}  // namespace klink::failover
