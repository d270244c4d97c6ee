// Which handler answers which path: patterns of whole segments. "{}" takes any one segment and hands it over,
// "{}:pause" one that ends so, without that end. "/kafka/v3" is "/v3".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "http/message.h"

namespace klink::http {

// What the "{}" of the pattern took, in order.
using Captures = std::vector<std::string>;
using Handler = std::function<Async<Response>(Request request, Captures captures)>;

class Router {
 public:
  // `pattern` like "/v1/links/{}/mirrors". Of several that match, the first added answers.
  void Add(Method method, std::string_view pattern, Handler handler);
  // 404 when no pattern matches the path, 405 when one does with another method.
  Async<Response> operator()(Request request) const;

  struct Match {
    std::string_view pattern;  // empty: nobody answers
    const Handler* handler = nullptr;
    Captures captures;
    bool path_exists = false;
  };
  Match Find(const Request& request) const;

  struct Route {
    Method method;
    std::string pattern;
    std::vector<std::string> segments;
    Handler handler;
  };
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace klink::http
