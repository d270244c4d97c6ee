// What drills left behind at a cluster, found by name, and its removal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "admin/access.h"
#include "config/schema.h"
#include "failover/drill_report.h"
#include "kafka/cluster.h"

namespace klink::failover {

struct DrillLeftovers {
  std::vector<std::string> topics;
  std::vector<std::string> groups;
};
// By the id of the drill.
using AllLeftovers = std::map<std::string, DrillLeftovers>;
Async<StatusOr<AllLeftovers>> FindLeftovers(kafka::Cluster& cluster);

// Everything of that drill, until the cluster does not list it any more. What stays is in the answer.
Async<DrillRollback> RemoveDrill(kafka::Cluster& cluster, Clock& clock, Executor executor, admin::Access access,
                                 std::string id);

// What drills left at that cluster, by their ids; with `remove` it is removed.
enum class CleanMode : uint8_t { kShow, kRemove };
Async<StatusOr<std::map<std::string, DrillRollback>>> CleanDrills(const config::Config& config, std::string cluster,
                                                                  CleanMode mode);

}  // namespace klink::failover
