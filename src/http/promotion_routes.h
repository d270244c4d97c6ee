// Promotions over HTTP: they are begun by a call and go on by themselves; how far they are is asked by their id.
#pragma once

#include <string_view>

#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

//   {"topics": ["orders", "app-*"], "sets": [], "all": false, "timeout_ms": 60000, "by": "…", "reason": "…", "dry_run":
//   false}
// InvalidArgument says what is wrong. `link` stays empty.
StatusOr<link::PromoteRequest> ReadPromotion(std::string_view body, state::PromotionKind kind);

// The schemas of these bodies.
Json PromoteBodySchema();
Json FailoverBodySchema();

void AddPromotionRoutes(Router& router, link::AgentApi& agent);

}  // namespace klink::http
