#include "http/move_routes.h"

#include "http/control_body.h"
#include "http/json_schema.h"
#include "http/routes.h"
#include "http/views.h"

namespace klink::http {
namespace {

constexpr int64_t kWaitMostMs = 24LL * 3600 * 1000;

struct CutoverBody {
  std::string order = "move";  // move | undo
  std::vector<std::string> topics;
  std::vector<std::string> sets;
  bool block = false;
  int64_t settle_ms = ToMillis(link::CutoverRequest().settle);
  int64_t timeout_ms = ToMillis(link::CutoverRequest().timeout);
  std::string by;
  std::string reason;
  bool dry_run = false;

  static void Describe(auto& m, auto& field) {
    field("order", m.order);
    field("topics", m.topics);
    field("sets", m.sets);
    field("block", m.block);
    field("settle_ms", m.settle_ms);
    field("timeout_ms", m.timeout_ms);
    field("by", m.by);
    field("reason", m.reason);
    field("dry_run", m.dry_run);
  }
};

struct InhibitBody {
  std::optional<bool> inhibit;
  std::string by;
  std::string reason;
  bool dry_run = false;

  static void Describe(auto& m, auto& field) {
    field("inhibit", m.inhibit);
    field("by", m.by);
    field("reason", m.reason);
    field("dry_run", m.dry_run);
  }
};

Status CheckWait(std::string_view name, int64_t ms) {
  if (ms >= 0 && ms <= kWaitMostMs) return absl::OkStatus();
  return InvalidArgument("\"{}\" must be 0 to {}, it is {}", name, kWaitMostMs, ms);
}

Async<Response> Cutover(link::AgentApi& agent, Request request, std::string link) {
  if (!IsJson(request.content_type)) co_return NotJson();
  auto asked = ReadCutover(request.body);
  if (!asked.ok()) co_return Problem(asked.status());
  TakeCaller(request, std::move(link), *asked);
  link::CutoverRequest order = *std::move(asked);
  const auto answer = co_await agent.Cutover(std::move(order));
  co_return answer.ok() ? JsonResponse(ToJson(*answer)) : Problem(answer.status());
}

Async<Response> Inhibit(link::AgentApi& agent, Request request, std::string link) {
  if (!IsJson(request.content_type)) co_return NotJson();
  auto asked = ReadInhibit(request.body);
  if (!asked.ok()) co_return Problem(asked.status());
  TakeCaller(request, link, *asked);
  InhibitView view;
  view.link = std::move(link);
  view.dry_run = asked->dry_run;
  link::InhibitRequest order = *std::move(asked);
  const auto answer = co_await agent.Inhibit(std::move(order));
  if (!answer.ok()) co_return Problem(answer.status());
  view.result = *answer;
  co_return JsonResponse(ToJson(view));
}

}  // namespace

StatusOr<link::CutoverRequest> ReadCutover(std::string_view text) {
  CutoverBody body;
  RETURN_IF_ERROR(ReadBody(text, body));
  RETURN_IF_ERROR(CheckSizes(body.topics, body.by, body.reason));
  RETURN_IF_ERROR(CheckSizes(body.sets, "", ""));
  RETURN_IF_ERROR(CheckWait("settle_ms", body.settle_ms));
  RETURN_IF_ERROR(CheckWait("timeout_ms", body.timeout_ms));
  if (body.order != "move" && body.order != "undo")
    return InvalidArgument("\"order\" must be \"move\" or \"undo\"; it is \"{}\"", body.order);
  link::CutoverRequest request;
  request.order = body.order == "undo" ? link::CutoverOrder::kUndo : link::CutoverOrder::kMove;
  const int said = !body.topics.empty() + !body.sets.empty();
  if (request.order == link::CutoverOrder::kMove && said != 1)
    return InvalidArgument("say which mirrors: either \"topics\" or \"sets\"");
  if (request.order == link::CutoverOrder::kUndo && said != 0)
    return InvalidArgument("a move is undone as a whole: leave \"topics\" and \"sets\" out");
  request.topics = std::move(body.topics);
  request.sets = std::move(body.sets);
  request.block = body.block;
  request.settle = std::chrono::milliseconds(body.settle_ms);
  request.timeout = std::chrono::milliseconds(body.timeout_ms);
  request.by = std::move(body.by);
  request.reason = std::move(body.reason);
  request.dry_run = body.dry_run;
  return request;
}

StatusOr<link::InhibitRequest> ReadInhibit(std::string_view text) {
  InhibitBody body;
  RETURN_IF_ERROR(ReadBody(text, body));
  RETURN_IF_ERROR(CheckSizes({}, body.by, body.reason));
  if (!body.inhibit) return InvalidArgument("say \"inhibit\": true or false");
  link::InhibitRequest request;
  request.inhibit = *body.inhibit;
  request.by = std::move(body.by);
  request.reason = std::move(body.reason);
  request.dry_run = body.dry_run;
  return request;
}

Json CutoverBodySchema() { return Schema(CutoverBody(), SchemaOf::kBody); }
Json InhibitBodySchema() { return Schema(InhibitBody(), SchemaOf::kBody); }

void AddMoveRoutes(Router& router, link::AgentApi& agent) {
  router.Add(Method::kPost, "/v1/links/{}/mirrors:cutover",
             [&agent](Request request, Captures c) { return Cutover(agent, std::move(request), c[0]); });
  router.Add(Method::kGet, "/v1/links/{}/mirrors:cutover", [&agent](Request, Captures c) -> Async<Response> {
    const auto found = agent.CutoverNow(c[0]);
    co_return found.ok() ? JsonResponse(ToJson(*found)) : Problem(found.status());
  });
  router.Add(Method::kPost, "/v1/links/{}:inhibit",
             [&agent](Request request, Captures c) { return Inhibit(agent, std::move(request), c[0]); });
}

}  // namespace klink::http
