// Every route of the agent, in one table: the least role that may call it, the name under which the audit log knows it,
// and what it takes and answers. A route that is not in it is served to admins alone, and a test refuses that; the
// description of the API (http/openapi) is printed from it.
#pragma once

#include <span>
#include <string_view>

#include "config/tokens.h"
#include "http/message.h"

namespace klink::http {

enum class Need { kNobody, kViewer, kOperator, kAdmin };  // kNobody: open, whoever asks

// The JSON schema of a body.
using SchemaMaker = Json (*)();

struct RouteRow {
  Method method = Method::kGet;
  std::string_view pattern;
  Need need = Need::kAdmin;
  std::string_view action;  // of what changes something: "mirrors.pause"; empty: it only reads
  std::string_view summary;
  // Its parameters, by names: "topic! partition!# validate_only?" (! must be there, # whole number, ? true or false).
  std::string_view query;
  SchemaMaker answer = nullptr;  // null: no JSON
  SchemaMaker body = nullptr;    // null: none is read
  int success = 200;
  std::string_view text_type = "text/plain";  // where there is no JSON
};

std::span<const RouteRow> RouteTable();

inline const RouteRow* FindRow(Method method, std::string_view pattern) {
  for (const RouteRow& row : RouteTable())
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
