// What sets the Kafka REST paths, /v3 and /kafka/v3, apart from klink's own: their errors, their dry runs, and where
// an answer says that its items stand. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace klink::http {

bool IsKafkaRest(const Target& target);
// What routes are matched with: /kafka/v3 is /v3.
std::span<const std::string> RouteSegments(const Target& target);

// {"error_code": 404, "message": "…"} in place of a problem; any other answer, and those of other paths, as they are.
Response InShapeOf(const Target& target, Response response);

// Does the call only ask what would be? klink's own paths say so in the body, Kafka REST's in ?validate_only= and
// configs:alter in its body too. Whoever serves a call asks this, as the audit log does.
bool IsDryRun(const Request& request);

// ?name=true or ?name=false; false without it. InvalidArgument: anything else.
StatusOr<bool> QueryFlag(const Request& request, const std::string& name);

// The cluster whose paths are asked for, as the caller wrote it.
struct RestPlace {
  std::string root;     // "http://127.0.0.1:8470/kafka/v3"
  std::string cluster;  // its id

  // "…/clusters/ID/links/paris-to-lyon": segments of the path below the cluster, escaped here.
  std::string Url(std::initializer_list<std::string_view> segments) const;
};
RestPlace PlaceOf(const Request& request, std::string cluster);

}  // namespace klink::http
