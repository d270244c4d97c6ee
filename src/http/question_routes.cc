#include "http/question_routes.h"

#include "base/json_fields.h"
#include "http/views.h"

namespace klink::http {
namespace {

constexpr size_t kNameBytesMost = 1000;  // of a topic Kafka takes 249, of a group any number

std::string Query(const Request& request, const std::string& name) {
  const auto at = request.target.query.find(name);
  return at == request.target.query.end() ? std::string() : at->second;
}

StatusOr<link::ExplainRequest> ReadExplain(const Request& request) {
  const std::string topic = Query(request, "topic"), group = Query(request, "group");
  if (topic.empty() == group.empty()) return InvalidArgument("ask for one of ?topic= and ?group=");
  link::ExplainRequest asked;
  asked.link = Query(request, "link");
  asked.kind = topic.empty() ? link::ExplainKind::kGroup : link::ExplainKind::kTopic;
  asked.name = topic.empty() ? group : topic;
  if (asked.name.size() > kNameBytesMost) return InvalidArgument("a name has at most {} bytes", kNameBytesMost);
  return asked;
}

Async<Response> Explain(link::AgentApi& agent, StatusOr<link::ExplainRequest> asked) {
  if (!asked.ok()) co_return Problem(asked.status());
  ExplainView view;
  view.kind = asked->kind == link::ExplainKind::kTopic ? "topic" : "group";
  view.name = asked->name;
  link::ExplainRequest request = *std::move(asked);
  auto links = co_await agent.Explain(std::move(request));
  if (!links.ok()) co_return Problem(links.status());
  view.links = *std::move(links);
  co_return JsonResponse(ToJson(view));
}

Async<Response> Diff(link::AgentApi& agent, std::string link) {
  DiffView view;
  auto links = co_await agent.Diff(std::move(link));
  if (!links.ok()) co_return Problem(links.status());
  view.links = *std::move(links);
  co_return JsonResponse(ToJson(view));
}

}  // namespace

void AddQuestionRoutes(Router& router, link::AgentApi& agent) {
  router.Add(Method::kGet, "/v1/explain",
             [&agent](Request request, Captures) { return Explain(agent, ReadExplain(request)); });
  router.Add(Method::kGet, "/v1/diff",
             [&agent](Request request, Captures) { return Diff(agent, Query(request, "link")); });
}

}  // namespace klink::http
