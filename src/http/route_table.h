// Who may do what: every route of the agent with the least role that may call it, and the name under which the audit
// log knows it. The one table: a route that is not in it is served to admins alone, and a test refuses that.
#pragma once

#include <array>
#include <string_view>

#include "config/tokens.h"
#include "http/message.h"

namespace klink::http {

enum class Need { kNobody, kViewer, kOperator, kAdmin };  // kNobody: open, whoever asks

struct RouteRow {
  Method method = Method::kGet;
  std::string_view pattern;
  Need need = Need::kAdmin;
  std::string_view action;  // of what changes something: "mirrors.pause"; empty: it only reads
};

inline constexpr auto kRouteTable = std::to_array<RouteRow>({
    {Method::kGet, "/livez", Need::kNobody, ""},
    {Method::kGet, "/readyz", Need::kNobody, ""},
    {Method::kGet, "/metrics", Need::kViewer, ""},
    {Method::kGet, "/v1/status", Need::kViewer, ""},
    {Method::kGet, "/v1/audit", Need::kViewer, ""},
    {Method::kGet, "/v1/diff", Need::kViewer, ""},
    {Method::kGet, "/v1/explain", Need::kViewer, ""},
    {Method::kGet, "/v1/drills", Need::kViewer, ""},
    {Method::kGet, "/v1/config", Need::kViewer, ""},
    {Method::kGet, "/v1/links", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}/acls", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}/mirrors", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}/mirrors/{}", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}/mirrors:errors", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}/mirrors/{}/runs", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}/mirrors/{}/offsets", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}/offsets:translate", Need::kViewer, ""},
    {Method::kPost, "/v1/links/{}/offsets:translate", Need::kViewer, ""},  // a question with a body
    {Method::kGet, "/v1/links/{}/groups", Need::kViewer, ""},
    {Method::kGet, "/v1/links/{}/groups/{}", Need::kViewer, ""},
    {Method::kGet, "/v1/operations/{}", Need::kViewer, ""},
    {Method::kPost, "/v1/links/{}:pause", Need::kOperator, "link.pause"},
    {Method::kPost, "/v1/links/{}:resume", Need::kOperator, "link.resume"},
    {Method::kPost, "/v1/links/{}/mirrors:pause", Need::kOperator, "mirrors.pause"},
    {Method::kPost, "/v1/links/{}/mirrors:resume", Need::kOperator, "mirrors.resume"},
    {Method::kPost, "/v1/links/{}/mirrors:realign", Need::kAdmin, "mirrors.realign"},  // deletes copies
    {Method::kPost, "/v1/links/{}/mirrors:reverse", Need::kAdmin, "mirrors.reverse"},
    {Method::kPost, "/v1/links/{}/mirrors:promote", Need::kAdmin, "mirrors.promote"},
    {Method::kPost, "/v1/links/{}/mirrors:failover", Need::kAdmin, "mirrors.failover"},
    {Method::kGet, "/v1/links/{}/mirrors:cutover", Need::kViewer, ""},
    {Method::kPost, "/v1/links/{}/mirrors:cutover", Need::kAdmin, "mirrors.cutover"},
    {Method::kPost, "/v1/links/{}:inhibit", Need::kAdmin, "link.inhibit"},  // lifted, klink may fail over
});

constexpr const RouteRow* FindRow(Method method, std::string_view pattern) {
  for (const RouteRow& row : kRouteTable)
    if (row.method == method && row.pattern == pattern) return &row;
  return nullptr;
}

constexpr bool MayCall(config::Role role, Need need) {
  return need == Need::kNobody || static_cast<int>(role) + 1 >= static_cast<int>(need);
}
static_assert(MayCall(config::Role::kViewer, Need::kViewer) && !MayCall(config::Role::kViewer, Need::kOperator));
static_assert(MayCall(config::Role::kOperator, Need::kOperator) && !MayCall(config::Role::kOperator, Need::kAdmin));
static_assert(MayCall(config::Role::kAdmin, Need::kAdmin));

constexpr std::string_view ToText(Need need) {
  constexpr std::string_view kNames[] = {"nobody", "viewer", "operator", "admin"};
  return kNames[static_cast<int>(need)];
}

}  // namespace klink::http
