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

struct PositionsAsked {
  PositionsView view;
  link::Direction direction = link::Direction::kToDestination;
};

StatusOr<PositionsAsked> ReadPositions(const Json& json, std::string link) {
  PositionsAsked asked;
  PositionsView& view = asked.view;
  view.link = std::move(link);
  if (FindJson(json, "direction") != nullptr) {
    TRY(view.direction, JsonText(json, "direction"));
  }
  TRY(asked.direction, ParseDirection(view.direction));
  RETURN_IF_ERROR(Annotate(FromJson(*FindJson(json, "positions"), view.translations), "\"positions\""));
  if (view.translations.empty() || view.translations.size() > kOffsetsPerRequestMost)
    return InvalidArgument("\"positions\" must hold 1 to {} entries, it holds {}", kOffsetsPerRequestMost,
                           view.translations.size());
  for (const PositionTranslation& position : view.translations)
    if (position.topic.empty() || position.partition < 0 || position.offset < 0)
      return InvalidArgument("every position needs topic, partition and offset, and none below 0");
  return asked;
}

}  // namespace

Async<Response> TranslatePositions(link::AgentApi& agent, Json body, std::string link) {
  StatusOr<PositionsAsked> asked = ReadPositions(body, std::move(link));
  if (!asked.ok()) co_return Problem(asked.status());
  PositionsView* view = &asked->view;
  std::map<TopicPartition, std::vector<size_t>> by_partition;
  for (size_t i = 0; i < view->translations.size(); i++)
    by_partition[{view->translations[i].topic, view->translations[i].partition}].push_back(i);
  for (const auto& [partition, places] : by_partition) {
    link::TranslateRequest request;
    request.link = view->link;
    request.partition = partition;
    request.direction = asked->direction;
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
