// Routes about consumer groups, and translations of many positions at once.
#pragma once

#include "base/json.h"
#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

// The agent outlives the router.
void AddGroupRoutes(Router& router, link::AgentApi& agent);

// The answer to a body with "positions": offsets of many partitions at once.
Async<Response> TranslatePositions(link::AgentApi& agent, Json body, std::string link);

}  // namespace klink::http
