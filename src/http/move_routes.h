// Planned moves over HTTP, and whether klink may fail over by itself. A move is begun by a call and goes on by itself.
#pragma once

#include <string_view>

#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

//   {"order": "move", "topics": [], "sets": ["tier1"], "block": true, "settle_ms": 10000, "timeout_ms": 600000, "by":
//   "…",
//    "reason": "…", "dry_run": false}
// InvalidArgument says what is wrong. `link` stays empty.
StatusOr<link::CutoverRequest> ReadCutover(std::string_view body);
//   {"inhibit": true, "by": "…", "reason": "…", "dry_run": false}
StatusOr<link::InhibitRequest> ReadInhibit(std::string_view body);

// The schemas of these bodies.
Json CutoverBodySchema();
Json InhibitBodySchema();

void AddMoveRoutes(Router& router, link::AgentApi& agent);

}  // namespace klink::http
