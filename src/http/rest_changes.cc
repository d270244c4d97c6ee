#include "http/rest_changes.h"

#include <algorithm>

#include "http/control_body.h"
#include "http/find.h"

namespace klink::http {
namespace {

Response Created() {
  Response response = JsonResponse(JsonObject());
  response.status = 201;
  return response;
}

class Changes {
 public:
  Changes(link::AgentApi& agent, const RestParts& parts) : agent_(agent), parts_(parts) {}

  Async<Response> CreateLink(Request request, Captures c) {
    if (!IsJson(request.content_type)) co_return NotJson();
    const auto cluster = FindRestCluster(agent_, c[0]);
    if (!cluster.ok()) co_return Problem(cluster.status());
    const auto name = request.target.query.find("link_name");
    const std::string wanted = name == request.target.query.end() ? "" : name->second;
    const auto source = SourceOfNewLink(wanted, request.body, ConfigOf(parts_), agent_.Snapshot());
    if (!source.ok()) co_return Problem(source.status());
    co_return Problem(InvalidArgument(
        "links are not made over REST: add {{name: {}, source: {}, destination: {}}} with its topics under links in "
        "klink's configuration, which is followed while it runs",
        wanted, *source, *cluster));
  }

  Async<Response> DeleteLink(Request request, Captures c) {
    const auto path = FindRestLink(agent_, request, c[0], c[1]);
    if (!path.ok()) co_return Problem(path.status());
    co_return Problem(
        InvalidArgument("link {} stands in klink's configuration: take it out there, then klink link delete {} removes "
                        "what it left at the destination",
                        c[1], c[1]));
  }

  Async<Response> Alter(Request request, Captures c, StatusOr<std::vector<RestSetting>> settings) {
    const auto path = FindRestLink(agent_, request, c[0], c[1]);
    if (!path.ok()) co_return Problem(path.status());
    if (!settings.ok()) co_return Problem(settings.status());
    const auto plan = PlanAlteration(*settings, FactsOfLink(path->link, parts_));
    if (!plan.ok()) co_return Problem(plan.status());
    if (*plan != RestAlteration::kNothing) {
      link::ControlRequest order;
      order.verb = *plan == RestAlteration::kPause ? link::ControlVerb::kPause : link::ControlVerb::kResume;
      order.dry_run = IsDryRun(request);
      TakeCaller(request, c[1], order);
      const auto done = co_await agent_.ControlLink(std::move(order));
      if (!done.ok()) co_return Problem(done.status());
    }
    co_return NoContent();
  }

  Async<Response> CreateMirror(Request request, Captures c) {
    if (!IsJson(request.content_type)) co_return NotJson();
    const auto path = FindRestLink(agent_, request, c[0], c[1]);
    if (!path.ok()) co_return Problem(path.status());
    const auto topic = ReadNewMirror(request.body, FactsOfLink(path->link, parts_).link);
    if (!topic.ok()) co_return Problem(topic.status());
    if (FindMirror(path->link, *topic) != nullptr)
      co_return Problem(AlreadyExists("link {} mirrors into topic {} already", c[1], *topic));
    if (IsDryRun(request)) co_return Created();
    co_return co_await AwaitActive(request, c, *topic);
  }

  Async<Response> DeleteTopic(Request request, Captures c) {
    const auto cluster = FindRestCluster(agent_, c[0]);
    if (!cluster.ok()) co_return Problem(cluster.status());
    for (const link::LinkSnapshot& link : agent_.Snapshot().links)
      if (link.destination.cluster_id == c[0] && FindMirror(link, c[1]) != nullptr)
        co_return Problem(InvalidArgument("topic {} is not deleted: agent.http.rest.topic_delete is off", c[1]));
    co_return Problem(NotFound("no link of this agent mirrors into a topic {}", c[1]));
  }

  Async<Response> CreateTopic(Request, Captures c) {
    const auto cluster = FindRestCluster(agent_, c[0]);
    if (!cluster.ok()) co_return Problem(cluster.status());
    co_return Problem(InvalidArgument("klink makes the topics that it mirrors, and no others"));
  }

 private:
  // The link includes the topic: its next round makes the mirror, if the source has such a topic.
  Async<Response> AwaitActive(const Request& request, const Captures& c, const std::string& topic) {
    Clock& clock = parts_.clock != nullptr ? *parts_.clock : own_clock_;
    const Instant until = clock.Now() + kMirrorActiveMost;
    for (;;) {
      const auto path = FindRestLink(agent_, request, c[0], c[1]);
      if (!path.ok()) co_return Problem(path.status());
      const link::MirrorSnapshot* mirror = FindMirror(path->link, topic);
      if (mirror != nullptr && mirror->state == "ACTIVE") co_return Created();
      if (clock.Now() >= until) {
        const bool unknown = mirror == nullptr;
        co_return Problem(unknown
                              ? NotFound("link {} includes {}, but has seen no such topic at its source", c[1], topic)
                              : Unavailable("mirror {} is {}: {}", topic, mirror->state,
                                            mirror->reason.value_or("it is being made")));
      }
      if (const Status slept = co_await clock.Sleep(kMirrorActivePoll); !slept.ok()) co_return Problem(slept);
    }
  }

  link::AgentApi& agent_;
  RestParts parts_;
  SystemClock own_clock_;
};

}  // namespace

void AddRestChanges(Router& router, link::AgentApi& agent, const RestParts& parts) {
  auto changes = std::make_shared<Changes>(agent, parts);
  using Call = Async<Response> (Changes::*)(Request, Captures);
  const auto add = [&](Method method, std::string_view pattern, Call call) {
    router.Add(method, pattern, [changes, call](Request request, Captures c) {
      return (changes.get()->*call)(std::move(request), std::move(c));
    });
  };
  add(Method::kPost, "/v3/clusters/{}/links", &Changes::CreateLink);
  add(Method::kDelete, "/v3/clusters/{}/links/{}", &Changes::DeleteLink);
  add(Method::kPost, "/v3/clusters/{}/links/{}/mirrors", &Changes::CreateMirror);
  add(Method::kPost, "/v3/clusters/{}/topics", &Changes::CreateTopic);
  add(Method::kDelete, "/v3/clusters/{}/topics/{}", &Changes::DeleteTopic);
  const Handler alter_all = [changes](Request request, Captures c) -> Async<Response> {
    if (!IsJson(request.content_type)) co_return NotJson();
    auto settings = ReadAlteration(request.body);
    co_return co_await changes->Alter(std::move(request), std::move(c), std::move(settings));
  };
  for (const Method method : {Method::kPut, Method::kPost})
    router.Add(method, "/v3/clusters/{}/links/{}/configs:alter", alter_all);
  for (const Method method : {Method::kPut, Method::kDelete})
    router.Add(method, "/v3/clusters/{}/links/{}/configs/{}",
               [changes, method](Request request, Captures c) -> Async<Response> {
                 if (method == Method::kPut && !IsJson(request.content_type)) co_return NotJson();
                 if (!IsLinkConfig(c[2])) co_return Problem(NotFound("a link has no setting {}", c[2]));
                 StatusOr<std::vector<RestSetting>> settings = std::vector<RestSetting>{{c[2], std::nullopt}};
                 if (method == Method::kPut) {
                   auto value = ReadValue(request.body);
                   if (value.ok())
                     (*settings)[0].value = *std::move(value);
                   else
                     settings = value.status();
                 }
                 co_return co_await changes->Alter(std::move(request), std::move(c), std::move(settings));
               });
}

}  // namespace klink::http
