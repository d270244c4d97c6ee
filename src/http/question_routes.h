// Routes that compare and explain: they look things up at both clusters, and change nothing.
#pragma once

#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

// The agent outlives the router.
void AddQuestionRoutes(Router& router, link::AgentApi& agent);

}  // namespace klink::http
