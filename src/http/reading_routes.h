// /v1/links/{link}/verify and /v1/links/{link}/mirrors:failback: POST begins a reading (http/readings.h), GET tells of
// the newest one. What a failback then changes, `klink mirror failback` asks an operator for.
#pragma once

#include "base/json.h"
#include "http/readings.h"
#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

//   {"topics": ["orders"], "from": 0, "sample_percent": 1.5, "bytes_per_second": 1000000, "full": true}
StatusOr<VerifyOrder> ReadVerifyOrder(std::string_view body);
//   {"topics": ["orders"]}
StatusOr<FailbackOrder> ReadFailbackOrder(std::string_view body);
Json VerifyBodySchema();
Json FailbackBodySchema();

// `readings` null: this agent reads no logs, and says so.
void AddReadingRoutes(Router& router, link::AgentApi& agent, Readings* readings);

}  // namespace klink::http
