// A request and a response as the routes see them, without sockets.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/json.h"
#include "base/status.h"

namespace klink::http {

enum class Method { kGet, kPost, kPut, kDelete, kOther };
std::string_view ToText(Method method);

// "/v1/links/a%20b/mirrors?x=1" taken apart and decoded.
struct Target {
  std::vector<std::string> segments;
  std::map<std::string, std::string> query;  // of a repeated key, the last one
};
// InvalidArgument for a broken escape, a NUL, or a target that is not a path.
StatusOr<Target> ParseTarget(std::string_view target);
// One segment or value, so that ParseTarget reads it back.
std::string Escape(std::string_view text);

struct Request {
  Method method = Method::kGet;
  Target target;
  std::string content_type;
  std::string body;
  std::string host;                       // the header
  std::string peer;                       // "10.0.0.7:51234"
  std::string authorization;              // the header
  std::vector<std::string> certificates;  // the names in the client certificate, if one was shown and holds
  std::string reason;                     // the header X-Klink-Reason
  std::string idempotency_key;            // the header Idempotency-Key
  std::string by;                         // who was let in; empty: nobody asked
  std::string_view scheme = "http";       // http | https
};

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kProblemType = "application/problem+json";

// An answer without an end: each call waits for its next piece. An error ends it.
using Pieces = std::function<Async<StatusOr<std::string>>()>;

struct Response {
  int status = 200;
  std::string content_type = std::string(kJsonType);
  std::string body;
  std::string route = "none";  // the pattern that matched, for metrics: bounded, unlike paths
  std::string challenge;       // the header WWW-Authenticate, with 401
  bool replayed = false;       // the header Idempotent-Replayed: what the first call of this key was answered
  Pieces pieces = nullptr;     // what follows `body`; null: nothing does
};

Response JsonResponse(const Json& json);
Response TextResponse(std::string text);
// application/problem+json (RFC 9457): title, status, detail, and `code`, the name of the status code.
Response Problem(int status, std::string_view detail);
Response Problem(const Status& status);
// Nothing to say but that it is done: 204.
Response NoContent();
// The Status a problem was made from; for other bodies one that fits the HTTP status.
Status FromProblem(int status, std::string_view body);

std::string_view StatusTitle(int status);

}  // namespace klink::http
