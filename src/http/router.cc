#include "http/router.h"

#include <optional>

#include "base/check.h"

namespace klink::http {
namespace {

std::optional<Captures> Match(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
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

Async<Response> Router::Handle(Request request) const {
  bool path_exists = false;
  for (const Route& route : routes_) {
    std::optional<Captures> captures = Match(route.segments, request.target.segments);
    if (!captures) continue;
    path_exists = true;
    if (route.method != request.method) continue;
    Response response = co_await route.handler(std::move(request), *std::move(captures));
    response.route = route.pattern;
    co_return response;
  }
  co_return path_exists ? Problem(405, "this path is not served with this method")
                        : Problem(404, "there is nothing at this path");
}

}  // namespace klink::http
