// Kafka REST v3 as clients of Confluent's cluster linking use it: clusters, links, their settings, mirrors, topics,
// under /v3 and /kafka/v3. The cluster in a path is the destination. Links come from klink's configuration, which wins,
// or are made here; what the paths could make or change and klink does not is refused in their own words, never passed
// over.
#pragma once

#include <functional>

#include "base/clock.h"
#include "config/schema.h"
#include "http/rest_configs.h"
#include "http/rest_shape.h"
#include "http/router.h"
#include "link/definitions.h"
#include "link/mirror_drop.h"
#include "link/progress.h"

namespace klink::http {

struct RestParts {
  // The configuration in force; null: the defaults, and nothing is known of a link's settings.
  std::function<const config::Config&()> config = nullptr;
  Clock* clock = nullptr;                  // outlives the routes; null: the system's
  link::MadeLinks* made = nullptr;         // null: links are not made here
  link::MirrorDropper* dropper = nullptr;  // null: topics are not deleted
};

const config::Config& ConfigOf(const RestParts& parts);

// The cluster's name in the configuration. NotFound: no link of this agent writes to it, nor could; Unavailable while
// that cannot be told, as not every destination has answered yet.
StatusOr<std::string> FindRestCluster(const link::AgentApi& agent, const RestParts& parts, const std::string& cluster);

// A link, and where its answers stand.
struct RestPath {
  RestPlace place;
  link::LinkSnapshot link;
};
// The link of these two path segments. NotFound names what is not there.
StatusOr<RestPath> FindRestLink(const link::AgentApi& agent, const Request& request, const std::string& cluster,
                                const std::string& link);

// What the configuration, or whoever made it, says of a link, and whether it is paused.
RestLinkFacts FactsOfLink(const link::LinkSnapshot& link, const RestParts& parts);

void AddRestRoutes(Router& router, link::AgentApi& agent, RestParts parts);

}  // namespace klink::http
