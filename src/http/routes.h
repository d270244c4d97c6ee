// The agent's paths: /livez /readyz /metrics and /v1. Every answer is a view of one snapshot; nothing here waits except
// for a translation or the runs of a partition.
#pragma once

#include "base/metrics.h"
#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

// `agent` and `metrics` outlive the router's server.
Router MakeRoutes(link::AgentApi& agent, Metrics& metrics);

inline constexpr size_t kOffsetsPerRequestMost = 10'000;

}  // namespace klink::http
