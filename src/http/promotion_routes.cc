#include "http/promotion_routes.h"

#include "base/json_fields.h"
#include "http/control_body.h"
#include "http/json_schema.h"
#include "http/routes.h"

namespace klink::http {
namespace {

constexpr int64_t kTimeoutMostMs = 24LL * 3600 * 1000;

struct Body {
  std::vector<std::string> topics;
  std::vector<std::string> sets;
  bool all = false;
  std::optional<int64_t> timeout_ms;
  std::string by;
  std::string reason;
  bool dry_run = false;
  bool waits = false;  // only a planned promotion does

  static void Describe(auto& m, auto& field) {
    field("topics", m.topics);
    field("sets", m.sets);
    field("all", m.all);
    if (m.waits) field("timeout_ms", m.timeout_ms);
    field("by", m.by);
    field("reason", m.reason);
    field("dry_run", m.dry_run);
  }
};

Async<Response> Begin(link::AgentApi& agent, state::PromotionKind kind, Request request, std::string link) {
  if (!IsJson(request.content_type)) co_return NotJson();
  auto asked = ReadPromotion(request.body, kind);
  if (!asked.ok()) co_return Problem(asked.status());
  TakeCaller(request, std::move(link), *asked);
  link::PromoteRequest order = *std::move(asked);
  auto answer = co_await agent.Promote(std::move(order));
  if (!answer.ok()) co_return Problem(answer.status());
  co_return JsonResponse(ToJson(*answer));
}

}  // namespace

StatusOr<link::PromoteRequest> ReadPromotion(std::string_view text, state::PromotionKind kind) {
  Body body;
  body.waits = kind == state::PromotionKind::kPromote;
  RETURN_IF_ERROR(ReadBody(text, body));
  if (body.all + !body.topics.empty() + !body.sets.empty() != 1)
    return InvalidArgument("say which mirrors: one of \"topics\", \"sets\" and \"all\": true");
  RETURN_IF_ERROR(CheckSizes(body.topics, body.by, body.reason));
  RETURN_IF_ERROR(CheckSizes(body.sets, "", ""));
  if (body.timeout_ms && (*body.timeout_ms < 0 || *body.timeout_ms > kTimeoutMostMs))
    return InvalidArgument("\"timeout_ms\" must be 0 to {}, it is {}", kTimeoutMostMs, *body.timeout_ms);
  link::PromoteRequest request;
  request.kind = kind;
  request.topics = std::move(body.topics);
  request.sets = std::move(body.sets);
  request.all = body.all;
  if (body.timeout_ms) request.timeout = std::chrono::milliseconds(*body.timeout_ms);
  request.by = std::move(body.by);
  request.reason = std::move(body.reason);
  request.dry_run = body.dry_run;
  return request;
}

Json PromoteBodySchema() {
  Body body;
  body.waits = true;
  return Schema(body, SchemaOf::kBody);
}
Json FailoverBodySchema() { return Schema(Body(), SchemaOf::kBody); }

void AddPromotionRoutes(Router& router, link::AgentApi& agent) {
  router.Add(Method::kPost, "/v1/links/{}/mirrors:promote", [&agent](Request request, Captures c) {
    return Begin(agent, state::PromotionKind::kPromote, std::move(request), c[0]);
  });
  router.Add(Method::kPost, "/v1/links/{}/mirrors:failover", [&agent](Request request, Captures c) {
    return Begin(agent, state::PromotionKind::kFailover, std::move(request), c[0]);
  });
  router.Add(Method::kGet, "/v1/operations/{}", [&agent](Request, Captures c) -> Async<Response> {
    const auto found = agent.Operation(c[0]);
    co_return found.ok() ? JsonResponse(ToJson(*found)) : Problem(found.status());
  });
}

}  // namespace klink::http
