// Routes about consumer groups, and translations of many positions at once.
#pragma once

#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

// The agent outlives the router.
void AddGroupRoutes(Router& router, link::AgentApi& agent);

// The answer to a body with "positions": offsets of many partitions at once.
Async<Response> TranslatePositions(link::AgentApi& agent, std::string body, std::string link);
// Is it such a body?
bool AsksForPositions(const std::string& body);

}  // namespace klink::http
