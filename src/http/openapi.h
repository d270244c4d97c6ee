// The description of the API, OpenAPI 3.1, printed from the table of routes: nothing is told of a route that does not
// stand there. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/route_table.h"

namespace klink::http {

Json OpenApi(std::span<const RouteRow> routes);

// "/v1/links/{link}/mirrors/{topic}": what a "{}" takes is named by the segment before it.
std::string NamedPath(std::string_view pattern);

}  // namespace klink::http
