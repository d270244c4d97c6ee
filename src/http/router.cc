#include "http/router.h"

#include <optional>

#include "base/check.h"
#include "http/rest_shape.h"

namespace klink::http {
namespace {

std::optional<Captures> Capture(std::span<const std::string> pattern, std::span<const std::string> path) {
  if (pattern.size() != path.size()) return std::nullopt;
  Captures captures;
  for (size_t i = 0; i < pattern.size(); i++) {
    if (pattern[i].starts_with("{}")) {
      const std::string_view suffix = std::string_view(pattern[i]).substr(2);
      if (!path[i].ends_with(suffix) || path[i].size() == suffix.size()) return std::nullopt;
      captures.push_back(path[i].substr(0, path[i].size() - suffix.size()));
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return captures;
}

}  // namespace

void Router::Add(Method method, std::string_view pattern, Handler handler) {
  StatusOr<Target> target = ParseTarget(pattern);
  KLINK_CHECK(target.ok());
  routes_.push_back({method, std::string(pattern), std::move(target->segments), std::move(handler)});
}

Router::Match Router::Find(const Request& request) const {
  Match found;
  for (const Route& route : routes_) {
    std::optional<Captures> captures = Capture(route.segments, RouteSegments(request.target));
    if (!captures) continue;
    found.path_exists = true;
    if (route.method != request.method) continue;
    found.pattern = route.pattern;
    found.handler = &route.handler;
    found.captures = *std::move(captures);
    break;
  }
  return found;
}

Async<Response> Router::operator()(Request request) const {
  Match found = Find(request);
  const Target target = request.target;
  if (found.handler == nullptr) {
    co_return InShapeOf(target, found.path_exists ? Problem(405, "this path is not served with this method")
                                                  : Problem(404, "there is nothing at this path"));
  }
  Response response = co_await (*found.handler)(std::move(request), std::move(found.captures));
  response.route = std::string(found.pattern);
  co_return InShapeOf(target, std::move(response));
}

}  // namespace klink::http
