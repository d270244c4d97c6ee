#include "http/adoption_routes.h"

#include "base/json_fields.h"
#include "http/control_body.h"
#include "http/json_schema.h"
#include "http/routes.h"
#include "http/views.h"

namespace klink::http {
namespace {

struct Body {
  std::vector<link::AdoptTopic> topics;
  std::string by;
  std::string reason;
  bool dry_run = false;

  static void Describe(auto& m, auto& field) {
    field("topics", m.topics);
    field("by", m.by);
    field("reason", m.reason);
    field("dry_run", m.dry_run);
  }
};

Async<Response> Adopt(link::AgentApi& agent, Request request, std::string link) {
  if (!IsJson(request.content_type)) co_return NotJson();
  auto asked = ReadAdoption(request.body);
  if (!asked.ok()) co_return Problem(asked.status());
  TakeCaller(request, link, *asked);
  AdoptionView view;
  view.link = std::move(link);
  view.dry_run = asked->dry_run;
  link::AdoptRequest order = *std::move(asked);
  auto answer = co_await agent.Adopt(std::move(order));
  if (!answer.ok()) co_return Problem(answer.status());
  view.mirrors = *std::move(answer);
  co_return JsonResponse(ToJson(view));
}

}  // namespace

StatusOr<link::AdoptRequest> ReadAdoption(std::string_view text) {
  Body body;
  RETURN_IF_ERROR(ReadBody(text, body));
  if (body.topics.empty()) return InvalidArgument("\"topics\" must say which topics are to be taken over");
  std::vector<std::string> names;
  for (const link::AdoptTopic& topic : body.topics) {
    if (topic.topic.empty() || topic.source_topic.empty() || topic.partitions.empty())
      return InvalidArgument("each of \"topics\" needs \"topic\", \"source_topic\" and \"partitions\"");
    names.push_back(topic.topic);
  }
  RETURN_IF_ERROR(CheckSizes(names, body.by, body.reason));
  link::AdoptRequest request;
  request.topics = std::move(body.topics);
  request.by = std::move(body.by);
  request.reason = std::move(body.reason);
  request.dry_run = body.dry_run;
  return request;
}

Json AdoptionBodySchema() { return Schema(Body(), SchemaOf::kBody); }

void AddAdoptionRoutes(Router& router, link::AgentApi& agent) {
  router.Add(Method::kPost, "/v1/links/{}/mirrors:reverse",
             [&agent](Request request, Captures c) { return Adopt(agent, std::move(request), c[0]); });
}

}  // namespace klink::http
