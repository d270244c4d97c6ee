#include "http/reading_routes.h"

#include "http/control_body.h"
#include "http/find.h"
#include "http/json_schema.h"

namespace klink::http {
namespace {

struct VerifyBody {
  VerifyOrder order;
  static void Describe(auto& m, auto& field) {
    field("topics", m.order.topics);
    field("from", m.order.from);
    field("sample_percent", m.order.sample_percent);
    field("bytes_per_second", m.order.bytes_per_second);
    field("full", m.order.full);
  }
};

struct FailbackBody {
  FailbackOrder order;
  static void Describe(auto& m, auto& field) { field("topics", m.order.topics); }
};

// The request's answer, whatever `make` says of it.
template <class Make>
Async<Response> Answer(link::AgentApi& agent, Readings* readings, std::string link, Make make) {
  const link::AgentSnapshot snapshot = agent.Snapshot();
  if (FindLink(snapshot, link) == nullptr) co_return Problem(NotFound("there is no link {}", link));
  if (readings == nullptr) co_return Problem(Unavailable("this agent reads no logs"));
  const StatusOr<ReadingView> view = make(*readings, link);
  co_return view.ok() ? JsonResponse(ToJson(*view)) : Problem(view.status());
}

Async<Response> Verify(link::AgentApi& agent, Readings* readings, Request request, std::string link) {
  if (!IsJson(request.content_type)) co_return NotJson();
  auto order = ReadVerifyOrder(request.body);
  if (!order.ok()) co_return Problem(order.status());
  co_return co_await Answer(agent, readings, std::move(link),
                            [&](Readings& r, std::string name) { return r.Verify(std::move(name), *order); });
}

Async<Response> Failback(link::AgentApi& agent, Readings* readings, Request request, std::string link) {
  if (!IsJson(request.content_type)) co_return NotJson();
  auto order = ReadFailbackOrder(request.body);
  if (!order.ok()) co_return Problem(order.status());
  co_return co_await Answer(agent, readings, std::move(link),
                            [&](Readings& r, std::string name) { return r.Failback(std::move(name), *order); });
}

}  // namespace

StatusOr<VerifyOrder> ReadVerifyOrder(std::string_view text) {
  VerifyBody body;
  RETURN_IF_ERROR(ReadBody(text, body));
  RETURN_IF_ERROR(CheckSizes(body.order.topics, "", ""));
  const auto& percent = body.order.sample_percent;
  if (percent && !(*percent >= 0.001 && *percent <= 100))
    return InvalidArgument("\"sample_percent\" must be 0.001 to 100, it is {}", *percent);
  if (body.order.from.value_or(0) < 0) return InvalidArgument("\"from\" must not be negative");
  if (body.order.bytes_per_second.value_or(1) < 1)
    return InvalidArgument("\"bytes_per_second\" must be at least 1: 0 would never end");
  return std::move(body.order);
}

StatusOr<FailbackOrder> ReadFailbackOrder(std::string_view text) {
  FailbackBody body;
  RETURN_IF_ERROR(ReadBody(text, body));
  RETURN_IF_ERROR(CheckSizes(body.order.topics, "", ""));
  return std::move(body.order);
}

Json VerifyBodySchema() { return Schema(VerifyBody(), SchemaOf::kBody); }
Json FailbackBodySchema() { return Schema(FailbackBody(), SchemaOf::kBody); }

void AddReadingRoutes(Router& router, link::AgentApi& agent, Readings* readings) {
  const auto newest = [&agent, readings](ReadingKind kind) {
    return [&agent, readings, kind](Request, Captures c) {
      return Answer(agent, readings, c[0], [kind](Readings& r, std::string name) { return r.Newest(kind, name); });
    };
  };
  router.Add(Method::kPost, "/v1/links/{}/verify", [&agent, readings](Request request, Captures c) {
    return Verify(agent, readings, std::move(request), c[0]);
  });
  router.Add(Method::kGet, "/v1/links/{}/verify", newest(ReadingKind::kVerify));
  router.Add(Method::kPost, "/v1/links/{}/mirrors:failback", [&agent, readings](Request request, Captures c) {
    return Failback(agent, readings, std::move(request), c[0]);
  });
  router.Add(Method::kGet, "/v1/links/{}/mirrors:failback", newest(ReadingKind::kFailback));
}

}  // namespace klink::http
