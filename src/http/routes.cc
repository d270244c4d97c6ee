#include "http/routes.h"

#include <charconv>
#include <memory>

#include "base/json_fields.h"
#include "base/log_tail.h"
#include "http/adoption_routes.h"
#include "http/control_body.h"
#include "http/drill_routes.h"
#include "http/find.h"
#include "http/group_routes.h"
#include "http/log_view.h"
#include "http/move_routes.h"
#include "http/openapi.h"
#include "http/promotion_routes.h"
#include "http/question_routes.h"
#include "http/reading_routes.h"
#include "http/snapshot_metrics.h"
#include "http/state_events.h"
#include "http/views.h"

namespace klink::http {
namespace {

StatusOr<int64_t> ParseNumber(std::string_view name, std::string_view text) {
  int64_t value = -1;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < 0) {
    return InvalidArgument("\"{}\" must be a whole number, 0 or more; it is \"{}\"", name, text);
  }
  return value;
}

StatusOr<std::string> QueryText(const Request& request, const std::string& name) {
  const auto at = request.target.query.find(name);
  if (at == request.target.query.end()) return InvalidArgument("?{}= is missing", name);
  return at->second;
}

StatusOr<int32_t> ToPartition(int64_t value) {
  if (value < 0 || value > INT32_MAX) return InvalidArgument("{} is not a partition", value);
  return static_cast<int32_t>(value);
}

StatusOr<int32_t> QueryPartition(const Request& request) {
  TRY(const std::string text, QueryText(request, "partition"));
  TRY(const int64_t value, ParseNumber("partition", text));
  return ToPartition(value);
}

// How many of the newest: of events, or of lines.
StatusOr<int64_t> QueryNewest(const Request& request, const std::string& name) {
  if (!request.target.query.contains(name)) return 100;
  TRY(const int64_t most, ParseNumber(name, request.target.query.at(name)));
  if (most > kNewestPerRequestMost) return InvalidArgument("?{}= may be {}", name, kNewestPerRequestMost);
  return most;
}

StatusOr<WallTime> QueryTime(const Request& request) {
  TRY(const std::string text, QueryText(request, "at"));
  return ParseRfc3339(text);
}

StatusOr<link::TranslateRequest> FromQuery(const Request& request, std::string link) {
  link::TranslateRequest asked;
  asked.link = std::move(link);
  TRY(asked.partition.topic, QueryText(request, "topic"));
  TRY(asked.partition.partition, QueryPartition(request));
  TRY(const std::string offset, QueryText(request, "offset"));
  TRY(const int64_t value, ParseNumber("offset", offset));
  asked.offsets.push_back(value);
  if (request.target.query.contains("direction")) {
    TRY(asked.direction, ParseDirection(request.target.query.at("direction")));
  }
  return asked;
}

StatusOr<link::TranslateRequest> FromBody(const Json& body, std::string link) {
  link::TranslateRequest asked;
  asked.link = std::move(link);
  TRY(asked.partition.topic, JsonText(body, "topic"));
  TRY(const int64_t partition, JsonInt(body, "partition"));
  TRY(asked.partition.partition, ToPartition(partition));
  if (FindJson(body, "direction") != nullptr) {
    TRY(const std::string direction, JsonText(body, "direction"));
    TRY(asked.direction, ParseDirection(direction));
  }
  const Json* offsets = FindJson(body, "offsets");
  if (offsets == nullptr) return InvalidArgument("\"offsets\" is missing");
  RETURN_IF_ERROR(Annotate(FromJson(*offsets, asked.offsets), "\"offsets\""));
  if (asked.offsets.empty() || asked.offsets.size() > kOffsetsPerRequestMost) {
    return InvalidArgument("\"offsets\" must hold 1 to {} numbers, it holds {}", kOffsetsPerRequestMost,
                           asked.offsets.size());
  }
  for (const int64_t offset : asked.offsets) {
    if (offset < 0) return InvalidArgument("{} is not an offset", offset);
  }
  return asked;
}

// The answers. One object shared by the handlers; lives as long as the router.
class Routes {
 public:
  Routes(link::AgentApi& agent, Metrics& metrics, std::shared_ptr<AuditLog> audit, Detail detail)
      : agent_(agent), metrics_(metrics), snapshot_metrics_(metrics, detail), audit_(std::move(audit)) {}

  Response Livez() const { return agent_.Live() ? TextResponse("ok\n") : Problem(503, "the engine has stopped"); }
  Response Readyz() const {
    return agent_.Ready() ? TextResponse("ready\n") : Problem(503, "not every cluster of every link has answered yet");
  }
  Response Metricsz() {
    snapshot_metrics_.Update(agent_.Snapshot());
    Response response = TextResponse(metrics_.Expose());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  }
  Response Status() const {
    const link::AgentSnapshot snapshot = agent_.Snapshot();
    StatusView view;
    view.agent = {snapshot.id, snapshot.version, snapshot.started, agent_.Ready()};
    for (const link::LinkSnapshot& link : snapshot.links) view.links.push_back(Summarise(link));
    return JsonResponse(ToJson(view));
  }
  Response Links() const {
    LinksView view;
    for (const link::LinkSnapshot& link : agent_.Snapshot().links) view.links.push_back(Summarise(link));
    return JsonResponse(ToJson(view));
  }
  Response Link(const std::string& name) const {
    return WithLink(name, [](const link::LinkSnapshot& link) { return JsonResponse(ToJson(Summarise(link))); });
  }
  Response Mirrors(const std::string& name) const {
    return WithLink(name, [](const link::LinkSnapshot& link) {
      MirrorsView view;
      view.link = link.name;
      for (const link::MirrorSnapshot& mirror : link.mirrors) view.mirrors.push_back(Summarise(mirror));
      return JsonResponse(ToJson(view));
    });
  }
  Response Errors(const std::string& name) const {
    return WithLink(name, [](const link::LinkSnapshot& link) { return JsonResponse(ToJson(ErrorsOf(link))); });
  }
  Response Mirror(const std::string& name, const std::string& topic) const {
    return WithLink(name, [&topic](const link::LinkSnapshot& link) {
      if (const link::MirrorSnapshot* mirror = FindMirror(link, topic))
        return JsonResponse(ToJson(MirrorDetailView{link.name, *mirror}));
      return Problem(NotFound("link {} has no mirror topic {}", link.name, topic));
    });
  }
  Response Acls(const std::string& name) const {
    StatusOr<link::AclsSnapshot> acls = agent_.Acls(name);
    if (!acls.ok()) return Problem(acls.status());
    return JsonResponse(ToJson(AclsView{name, *std::move(acls)}));
  }
  Async<Response> Translate(StatusOr<link::TranslateRequest> asked) {
    if (!asked.ok()) co_return Problem(asked.status());
    TranslateView view;
    view.link = asked->link;
    view.topic = asked->partition.topic;
    view.partition = asked->partition.partition;
    view.direction = asked->direction == link::Direction::kToSource ? "source" : "destination";
    link::TranslateRequest request = *std::move(asked);
    auto answers = co_await agent_.Translate(std::move(request));
    if (!answers.ok()) co_return Problem(answers.status());
    view.translations = *std::move(answers);
    co_return JsonResponse(ToJson(view));
  }
  // kAsk of the agent fills kResult of the view.
  template <class View, auto kResult, auto kAsk>
  Async<Response> Control(link::ControlVerb verb, ControlOf of, Request request, std::string link) {
    if (!IsJson(request.content_type)) co_return NotJson();
    auto asked = ReadControl(request.body, verb, of);
    if (!asked.ok()) co_return Problem(asked.status());
    TakeCaller(request, link, *asked);
    View view;
    view.link = link;
    view.verb = NameOf(verb);
    view.dry_run = asked->dry_run;
    link::ControlRequest order = *std::move(asked);
    auto result = co_await (agent_.*kAsk)(std::move(order));
    if (!result.ok()) co_return Problem(result.status());
    view.*kResult = *std::move(result);
    co_return JsonResponse(ToJson(view));
  }
  Async<Response> ControlMirrors(link::ControlVerb verb, Request request, std::string link) {
    return Control<MirrorsControlView, &MirrorsControlView::mirrors, &link::AgentApi::ControlMirrors>(
        verb, ControlOf::kMirrors, std::move(request), std::move(link));
  }
  Async<Response> Realign(Request request, std::string link) {
    return Control<RealignView, &RealignView::mirrors, &link::AgentApi::Realign>(
        link::ControlVerb::kRealign, ControlOf::kMirrors, std::move(request), std::move(link));
  }
  Async<Response> ControlLink(link::ControlVerb verb, Request request, std::string link) {
    return Control<LinkControlView, &LinkControlView::result, &link::AgentApi::ControlLink>(
        verb, ControlOf::kLink, std::move(request), std::move(link));
  }
  Async<Response> Audit(StatusOr<int64_t> most) {
    if (!most.ok()) co_return Problem(most.status());
    if (audit_ == nullptr) co_return Problem(NotFound("this agent keeps no audit log: agent.audit.file is empty"));
    AuditView view;
    view.file = audit_->file().path();
    const auto lines = co_await audit_->file().Tail(static_cast<size_t>(*most));
    if (!lines.ok()) co_return Problem(lines.status());
    view.head = audit_->file().head();
    for (const std::string& line : *lines) {
      StatusOr<Json> event = ParseJson(line);
      view.events.push_back(event.ok() ? *std::move(event) : Json(std::string_view(line)));
    }
    co_return JsonResponse(ToJson(view));
  }
  Async<Response> Runs(StatusOr<int32_t> partition, std::string link, std::string topic) {
    if (!partition.ok()) co_return Problem(partition.status());
    RunsView view;
    view.link = link;
    view.topic = topic;
    view.partition = *partition;
    TopicPartition asked;
    asked.topic = topic;
    asked.partition = *partition;
    auto runs = co_await agent_.Runs(link, asked);
    if (!runs.ok()) co_return Problem(runs.status());
    view.runs = std::move(runs->runs);
    view.filled = runs->filled;
    co_return JsonResponse(ToJson(view));
  }
  Async<Response> OffsetsAt(StatusOr<WallTime> time, std::string link, std::string topic) {
    if (!time.ok()) co_return Problem(time.status());
    OffsetsAtView view{std::move(link), std::move(topic), *time, {}};
    link::OffsetsAtRequest asked{view.link, view.topic, view.time};
    auto partitions = co_await agent_.OffsetsAt(std::move(asked));
    if (!partitions.ok()) co_return Problem(partitions.status());
    view.partitions = *std::move(partitions);
    co_return JsonResponse(ToJson(view));
  }

 private:
  template <class F>
  Response WithLink(const std::string& name, F answer) const {
    const link::AgentSnapshot snapshot = agent_.Snapshot();
    const link::LinkSnapshot* link = FindLink(snapshot, name);
    if (link == nullptr) return Problem(NotFound("there is no link {}", name));
    return answer(*link);
  }

  link::AgentApi& agent_;
  Metrics& metrics_;
  SnapshotMetrics snapshot_metrics_;
  std::shared_ptr<AuditLog> audit_;
};

// A handler that answers without waiting.
template <class F>
Handler Now(std::shared_ptr<Routes> routes, F answer) {
  return [routes, answer](Request, Captures captures) -> Async<Response> { co_return answer(*routes, captures); };
}

}  // namespace

StatusOr<link::Direction> ParseDirection(std::string_view text) {
  if (text == "destination") return link::Direction::kToDestination;
  if (text == "source") return link::Direction::kToSource;
  return InvalidArgument("\"direction\" must be \"destination\" or \"source\"; it is \"{}\"", text);
}

Router MakeRoutes(link::AgentApi& agent, Metrics& metrics, std::shared_ptr<AuditLog> audit, ShowConfig config,
                  Detail detail, RestParts rest, Readings* readings) {
  auto routes = std::make_shared<Routes>(agent, metrics, std::move(audit), detail);
  using C = const Captures&;
  Router router;
  router.Add(Method::kGet, "/livez", Now(routes, [](Routes& r, C) { return r.Livez(); }));
  router.Add(Method::kGet, "/readyz", Now(routes, [](Routes& r, C) { return r.Readyz(); }));
  router.Add(Method::kGet, "/metrics", Now(routes, [](Routes& r, C) { return r.Metricsz(); }));
  router.Add(Method::kGet, "/openapi.json",
             [](Request, Captures) -> Async<Response> { co_return JsonResponse(OpenApi(RouteTable())); });
  router.Add(Method::kGet, "/v1/status", Now(routes, [](Routes& r, C) { return r.Status(); }));
  router.Add(Method::kGet, "/v1/config", [config = std::move(config)](Request, Captures) -> Async<Response> {
    co_return config ? JsonResponse(config()) : Problem(404, "this agent was started without a configuration");
  });
  router.Add(Method::kGet, "/v1/audit",
             [routes](Request request, Captures) { return routes->Audit(QueryNewest(request, "events")); });
  router.Add(Method::kGet, "/v1/log", [](Request request, Captures) -> Async<Response> {
    const StatusOr<int64_t> most = QueryNewest(request, "lines");
    if (!most.ok()) co_return Problem(most.status());
    co_return JsonResponse(ToJson(LogView{StderrTail().Newest(static_cast<size_t>(*most))}));
  });
  router.Add(Method::kGet, "/v1/links", Now(routes, [](Routes& r, C) { return r.Links(); }));
  for (const link::ControlVerb verb : {link::ControlVerb::kPause, link::ControlVerb::kResume}) {
    router.Add(Method::kPost, fmt::format("/v1/links/{{}}:{}", NameOf(verb)),
               [routes, verb](Request request, Captures c) { return routes->ControlLink(verb, request, c[0]); });
    router.Add(Method::kPost, fmt::format("/v1/links/{{}}/mirrors:{}", NameOf(verb)),
               [routes, verb](Request request, Captures c) { return routes->ControlMirrors(verb, request, c[0]); });
  }
  router.Add(Method::kPost, "/v1/links/{}/mirrors:realign",
             [routes](Request request, Captures c) { return routes->Realign(std::move(request), c[0]); });
  router.Add(Method::kGet, "/v1/links/{}/mirrors:errors", Now(routes, [](Routes& r, C c) { return r.Errors(c[0]); }));
  router.Add(Method::kGet, "/v1/links/{}/acls", Now(routes, [](Routes& r, C c) { return r.Acls(c[0]); }));
  router.Add(Method::kGet, "/v1/links/{}", Now(routes, [](Routes& r, C c) { return r.Link(c[0]); }));
  router.Add(Method::kGet, "/v1/links/{}/mirrors", Now(routes, [](Routes& r, C c) { return r.Mirrors(c[0]); }));
  router.Add(Method::kGet, "/v1/links/{}/mirrors/{}", Now(routes, [](Routes& r, C c) { return r.Mirror(c[0], c[1]); }));
  router.Add(Method::kGet, "/v1/links/{}/mirrors/{}/runs",
             [routes](Request request, Captures c) { return routes->Runs(QueryPartition(request), c[0], c[1]); });
  router.Add(Method::kGet, "/v1/links/{}/mirrors/{}/offsets",
             [routes](Request request, Captures c) { return routes->OffsetsAt(QueryTime(request), c[0], c[1]); });
  router.Add(Method::kGet, "/v1/links/{}/offsets:translate",
             [routes](Request request, Captures c) { return routes->Translate(FromQuery(request, c[0])); });
  router.Add(Method::kPost, "/v1/links/{}/offsets:translate", [routes, &agent](Request request, Captures c) {
    StatusOr<Json> body = ParseJson(request.body);
    if (!body.ok()) return routes->Translate(body.status());
    if (FindJson(*body, "positions") != nullptr) return TranslatePositions(agent, *std::move(body), c[0]);
    return routes->Translate(FromBody(*body, c[0]));
  });
  AddPromotionRoutes(router, agent);
  AddMoveRoutes(router, agent);
  AddAdoptionRoutes(router, agent);
  AddGroupRoutes(router, agent);
  AddQuestionRoutes(router, agent);
  AddDrillRoutes(router, agent);
  AddReadingRoutes(router, agent, readings);
  AddStateEvents(router, agent, rest.clock);
  AddRestRoutes(router, agent, std::move(rest));
  return router;
}

}  // namespace klink::http
