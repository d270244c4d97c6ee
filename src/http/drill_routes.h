// What the links remember of their drills, over HTTP. A drill is run by the command line, beside the agents.
#pragma once

#include "base/json.h"
#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

Json DrillsSchema();  // of its answer
// GET /v1/drills, with ?link= of that link alone: the oldest first.
void AddDrillRoutes(Router& router, link::AgentApi& agent);

}  // namespace klink::http
