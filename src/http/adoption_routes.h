// POST /v1/links/{link}/mirrors:reverse: topics at the link's destination become its mirrors as they are, from the
// offsets up to which the caller compared both logs (`klink mirror reverse` does).
#pragma once

#include "base/json.h"
#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

//   {"topics": [{"topic": "orders", "source_topic": "orders", "topic_id": "…", "source_topic_id": "…",
//     "partitions": [{"from": 100, "at": 100}]}], "by": "…", "reason": "…", "dry_run": false}
StatusOr<link::AdoptRequest> ReadAdoption(std::string_view body);
Json AdoptionBodySchema();

void AddAdoptionRoutes(Router& router, link::AgentApi& agent);

}  // namespace klink::http
