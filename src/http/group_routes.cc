#include "http/group_routes.h"

#include <map>

#include "base/json_fields.h"
#include "http/routes.h"
#include "http/views.h"

namespace klink::http {
namespace {

Async<Response> Groups(link::AgentApi& agent, std::string link) {
  GroupsView view;
  view.link = link;
  auto groups = co_await agent.Groups(std::move(link));
  if (!groups.ok()) co_return Problem(groups.status());
  view.groups = *std::move(groups);
  co_return JsonResponse(ToJson(view));
}

Async<Response> Group(link::AgentApi& agent, std::string link, std::string group) {
  GroupView view;
  view.link = link;
  auto answer = co_await agent.Group(std::move(link), std::move(group));
  if (!answer.ok()) co_return Problem(answer.status());
  view.group = *std::move(answer);
  co_return JsonResponse(ToJson(view));
}

StatusOr<PositionsView> ReadPositions(const std::string& body, std::string link) {
  TRY(const Json json, ParseJson(body));
  PositionsView view;
  view.link = std::move(link);
  if (FindJson(json, "direction") != nullptr) {
    TRY(view.direction, JsonText(json, "direction"));
  }
  if (view.direction != "destination" && view.direction != "source")
    return InvalidArgument("\"direction\" must be \"destination\" or \"source\"; it is \"{}\"", view.direction);
  RETURN_IF_ERROR(Annotate(FromJson(*FindJson(json, "positions"), view.translations), "\"positions\""));
  if (view.translations.empty() || view.translations.size() > kOffsetsPerRequestMost)
    return InvalidArgument("\"positions\" must hold 1 to {} entries, it holds {}", kOffsetsPerRequestMost,
                           view.translations.size());
  for (const PositionTranslation& asked : view.translations)
    if (asked.topic.empty() || asked.partition < 0 || asked.offset < 0)
      return InvalidArgument("every position needs topic, partition and offset, and none below 0");
  return view;
}

}  // namespace

bool AsksForPositions(const std::string& body) {
  const StatusOr<Json> json = ParseJson(body);
  return json.ok() && FindJson(*json, "positions") != nullptr;
}

Async<Response> TranslatePositions(link::AgentApi& agent, std::string body, std::string link) {
  StatusOr<PositionsView> view = ReadPositions(body, std::move(link));
  if (!view.ok()) co_return Problem(view.status());
  std::map<TopicPartition, std::vector<size_t>> by_partition;
  for (size_t i = 0; i < view->translations.size(); i++)
    by_partition[{view->translations[i].topic, view->translations[i].partition}].push_back(i);
  for (const auto& [partition, places] : by_partition) {
    link::TranslateRequest request;
    request.link = view->link;
    request.partition = partition;
    request.direction = view->direction == "source" ? link::Direction::kToSource : link::Direction::kToDestination;
    for (const size_t place : places) request.offsets.push_back(view->translations[place].offset);
    const auto answers = co_await agent.Translate(std::move(request));
    if (answers.status().code() == Code::kUnavailable) co_return Problem(answers.status());
    for (size_t i = 0; i < places.size(); i++) {
      PositionTranslation& out = view->translations[places[i]];
      out.answer = "unknown";
      if (!answers.ok()) {  // of this partition; the others are answered
        out.reason = Text(answers.status());
        continue;
      }
      out.translated = (*answers)[i].translated;
      out.answer = (*answers)[i].answer;
      out.reason = (*answers)[i].reason;
    }
  }
  co_return JsonResponse(ToJson(*view));
}

void AddGroupRoutes(Router& router, link::AgentApi& agent) {
  router.Add(Method::kGet, "/v1/links/{}/groups", [&agent](Request, Captures c) { return Groups(agent, c[0]); });
  router.Add(Method::kGet, "/v1/links/{}/groups/{}",
             [&agent](Request, Captures c) { return Group(agent, c[0], c[1]); });
}

}  // namespace klink::http
