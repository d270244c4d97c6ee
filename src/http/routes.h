// The agent's paths: /livez /readyz /metrics /openapi.json, /v1 and, in http/rest_routes, /v3. Every answer to a
// question is a view of one snapshot; only a translation, the runs of a partition and what changes something wait. What
// changes something takes JSON that says it is JSON: a web page cannot send that to an agent it has no business with,
// and an unknown key is refused.
#pragma once

#include "base/limits.h"
#include "base/metrics.h"
#include "http/audit_log.h"
#include "http/readings.h"
#include "http/rest_routes.h"
#include "http/router.h"
#include "http/snapshot_metrics.h"
#include "link/progress.h"

namespace klink::http {

// The configuration in force, asked for at each call.
using ShowConfig = std::function<Json()>;

// `agent`, `metrics` and `readings` outlive the router's server. Without `audit` nothing is written down, and /v1/audit
// says so; without `readings` no logs are read.
Router MakeRoutes(link::AgentApi& agent, Metrics& metrics, std::shared_ptr<AuditLog> audit = nullptr,
                  ShowConfig config = nullptr, Detail detail = Detail::kTopics, RestParts rest = {},
                  Readings* readings = nullptr);

// Of a translation: "destination" or "source", where its answer stands.
StatusOr<link::Direction> ParseDirection(std::string_view text);

inline constexpr size_t kOffsetsPerRequestMost = limits::kHttpOffsets;
inline constexpr size_t kTopicsPerRequestMost = limits::kHttpTopics;
inline constexpr int64_t kNewestPerRequestMost = 1000;

}  // namespace klink::http
