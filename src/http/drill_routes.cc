#include "http/drill_routes.h"

#include <algorithm>

#include "base/json_fields.h"
#include "http/json_schema.h"
#include "http/message.h"

namespace klink::http {
namespace {

// In the words of the report.
struct DrillView {
  std::string link;
  state::DrillRecord drill;
  WallTime started;
  WallTime finished;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("id", m.drill.id);
    field("drill", m.drill.drill);
    field("type", m.drill.kind);
    field("outcome", m.drill.outcome);
    field("exit_code", m.drill.exit_code);
    field("summary", m.drill.summary);
    field("rto_seconds", m.drill.rto_seconds);
    field("rpo_seconds", m.drill.rpo_seconds);
    field("rpo_records", m.drill.rpo_records);
    field("rpo_is_bound", m.drill.rpo_is_bound);
    field("objectives", m.drill.objectives);
    field("invariants", m.drill.invariants);
    field("operator", m.drill.by);
    field("approver", m.drill.approver);
    field("reason", m.drill.text);
    field("report", m.drill.report);
    field("report_sha256", m.drill.report_sha256);
    field("started", m.started);
    field("finished", m.finished);
  }
};

struct DrillsView {
  std::vector<DrillView> drills;
  static void Describe(auto& m, auto& field) { field("drills", m.drills); }
};

Response Drills(const link::AgentSnapshot& agent, const Request& request) {
  const auto asked = request.target.query.find("link");
  const bool all = asked == request.target.query.end();
  DrillsView view;
  bool found = all;
  for (const link::LinkSnapshot& link : agent.links) {
    if (!all && link.name != asked->second) continue;
    found = true;
    for (const state::DrillRecord& drill : link.drills)
      view.drills.push_back({link.name, drill, WallOf(drill.started_ms), WallOf(drill.finished_ms)});
  }
  if (!found) return Problem(NotFound("there is no link {}", asked->second));
  std::sort(view.drills.begin(), view.drills.end(),
            [](const DrillView& a, const DrillView& b) { return a.drill.id < b.drill.id; });
  return JsonResponse(ToJson(view));
}

}  // namespace

Json DrillsSchema() { return Schema(DrillsView(), SchemaOf::kAnswer); }

void AddDrillRoutes(Router& router, link::AgentApi& agent) {
  router.Add(Method::kGet, "/v1/drills",
             [&agent](Request request, Captures) -> Async<Response> { co_return Drills(agent.Snapshot(), request); });
}

}  // namespace klink::http
