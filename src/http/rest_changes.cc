#include "http/rest_changes.h"

#include <algorithm>

#include "config/topic_filter.h"
#include "http/control_body.h"
#include "http/find.h"
#include "link/definition_settings.h"

namespace klink::http {
namespace {

bool Contains(const std::vector<std::string>& list, const std::string& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

Response Created() {
  Response response = JsonResponse(JsonObject());
  response.status = 201;
  return response;
}

// A text for whoever looks for what a mirror still does.
Status CheckAllStopped(const link::LinkSnapshot& link) {
  for (const link::MirrorSnapshot& mirror : link.mirrors)
    if (mirror.state != "STOPPED")
      return FailedPrecondition(
          "mirror {} of link {} is {}: promote or fail over all mirrors first, or delete the link with ?force=true; "
          "topics are kept either way",
          mirror.topic, link.name, mirror.state);
  return absl::OkStatus();
}

class Changes {
 public:
  Changes(link::AgentApi& agent, const RestParts& parts) : agent_(agent), parts_(parts) {}

  Async<Response> CreateLink(Request request, Captures c) {
    if (!IsJson(request.content_type)) co_return NotJson();
    const auto cluster = FindRestCluster(agent_, parts_, c[0]);
    if (!cluster.ok()) co_return Problem(cluster.status());
    const auto name = request.target.query.find("link_name");
    const std::string wanted = name == request.target.query.end() ? "" : name->second;
    NewLinkFacts facts{ConfigOf(parts_), agent_.Snapshot(), {}, c[0]};
    if (parts_.made != nullptr) facts.ids = parts_.made->Clusters();
    const auto link = ReadNewLink(wanted, request.body, facts);
    if (!link.ok()) co_return Problem(link.status());
    if (parts_.made == nullptr) co_return Problem(InvalidArgument("this agent makes no links over REST"));
    state::LinkDefinition definition;
    definition.source = link->source;
    definition.destination = *cluster;
    definition.destination_cluster_id = c[0];
    definition.by = request.by;
    Status may = ApplySettings(definition, wanted, link->settings, facts.config);
    if (may.ok()) may = CheckNotPaused(link->settings);
    if (may.ok()) may = co_await CheckSource(request, definition);
    if (!may.ok()) co_return Problem(may);
    if (IsDryRun(request)) co_return Created();
    const Status made = co_await parts_.made->Create(wanted, std::move(definition));
    if (!made.ok()) co_return Problem(made);
    co_await UntilShown(request, c[0], wanted);
    co_return Created();
  }

  Async<Response> DeleteLink(Request request, Captures c) {
    const auto path = FindRestLink(agent_, request, c[0], c[1]);
    if (!path.ok()) co_return Problem(path.status());
    if (!FactsOfLink(path->link, parts_).made)
      co_return Problem(InvalidArgument(
          "link {} stands in klink's configuration: take it out there, then klink link delete {} removes what it left "
          "at the destination",
          c[1], c[1]));
    const auto force = QueryFlag(request, "force");
    if (!force.ok()) co_return Problem(force.status());
    if (const Status stopped = CheckAllStopped(path->link); !*force && !stopped.ok()) co_return Problem(stopped);
    if (IsDryRun(request)) co_return NoContent();
    const Status removed = co_await parts_.made->Remove(c[1], request.by);
    co_return removed.ok() ? NoContent() : Problem(removed);
  }

  Async<Response> Alter(Request request, Captures c, StatusOr<std::vector<RestSetting>> settings) {
    const auto path = FindRestLink(agent_, request, c[0], c[1]);
    if (!path.ok()) co_return Problem(path.status());
    if (!settings.ok()) co_return Problem(settings.status());
    const RestLinkFacts facts = FactsOfLink(path->link, parts_);
    const auto plan = PlanAlteration(*settings, facts);
    if (!plan.ok()) co_return Problem(plan.status());
    if (plan->settings) {
      const Status altered = co_await AlterMade(request, facts, *std::move(settings));
      if (!altered.ok()) co_return Problem(altered);
    }
    if (plan->verb) {
      link::ControlRequest order;
      order.verb = *plan->verb;
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
    const RestLinkFacts facts = FactsOfLink(path->link, parts_);
    const auto wanted = ReadNewMirror(request.body, facts);
    if (!wanted.ok()) co_return Problem(wanted.status());
    if (Status free = CheckFree(path->link, facts, *wanted); !free.ok()) co_return Problem(free);
    const bool listed = facts.made && Contains(facts.made->mirrors, wanted->source);
    const link::MirrorSnapshot* there = FindMirror(path->link, wanted->mirror);
    if (facts.made && !listed) {
      Status may = co_await CheckTopics(facts, *wanted, there);
      if (may.ok() && !IsDryRun(request)) may = co_await AddToMade(request, facts, *wanted);
      if (!may.ok()) co_return Problem(may);
    }
    if (IsDryRun(request)) co_return Created();
    co_return co_await AwaitActive(request, c, wanted->mirror);
  }

  Async<Response> DeleteTopic(Request request, Captures c) {
    const auto cluster = FindRestCluster(agent_, parts_, c[0]);
    if (!cluster.ok()) co_return Problem(cluster.status());
    for (const link::LinkSnapshot& link : agent_.Snapshot().links) {
      const link::MirrorSnapshot* mirror = FindMirror(link, c[1]);
      if (link.destination.cluster_id != c[0] || mirror == nullptr) continue;
      const Status deleted = co_await Delete(request, link, *mirror);
      co_return deleted.ok() ? NoContent() : Problem(deleted);
    }
    co_return Problem(NotFound("no link of this agent mirrors into a topic {}", c[1]));
  }

  Async<Response> CreateTopic(Request, Captures c) {
    const auto cluster = FindRestCluster(agent_, parts_, c[0]);
    if (!cluster.ok()) co_return Problem(cluster.status());
    co_return Problem(InvalidArgument("klink makes the topics that it mirrors, and no others"));
  }

 private:
  static Status CheckNotPaused(const std::vector<RestSetting>& settings) {
    for (const RestSetting& setting : settings)
      if (setting.name == kPausedConfig && setting.value.value_or("false") != "false")
        return InvalidArgument("a link is made running: set {} once it is there", kPausedConfig);
    return absl::OkStatus();
  }

  // ?validate_link=true, as it is by default: the source answers, and is another cluster.
  Async<Status> CheckSource(const Request& request, const state::LinkDefinition& definition) {
    const auto asked = request.target.query.find("validate_link");
    if (asked != request.target.query.end() && !asked->second.empty()) {
      CO_TRY(const bool validate, QueryFlag(request, "validate_link"));
      if (!validate) co_return absl::OkStatus();
    }
    const auto id = co_await parts_.made->AskClusterId(definition.source);
    if (!id.ok()) co_return Annotate(id.status(), fmt::format("the source {} cannot be asked", definition.source));
    if (*id == definition.destination_cluster_id)
      co_return InvalidArgument("{} is the cluster {} itself; a link needs two", definition.source, *id);
    co_return absl::OkStatus();
  }

  Async<Status> AlterMade(const Request& request, const RestLinkFacts& facts, std::vector<RestSetting> settings) {
    const config::Config config = ConfigOf(parts_);
    state::LinkDefinition tried = *facts.made;
    CO_RETURN_IF_ERROR(ApplySettings(tried, facts.link.name, settings, config));
    if (IsDryRun(request)) co_return absl::OkStatus();
    // It may run when the caller is gone.
    const link::MadeLinks::Change change = [name = facts.link.name, settings = std::move(settings), config,
                                            by = request.by](state::LinkDefinition& now) {
      now.by = by;
      return ApplySettings(now, name, settings, config);
    };
    co_return co_await parts_.made->Alter(facts.link.name, change);
  }

  // No mirror of that name runs. Who asked before and was told to come again comes again.
  static Status CheckFree(const link::LinkSnapshot& link, const RestLinkFacts& facts, const NewRestMirror& wanted) {
    const link::MirrorSnapshot* there = FindMirror(link, wanted.mirror);
    if (there == nullptr) return absl::OkStatus();
    TRY(const config::TopicFilter filter, config::TopicFilter::Compile(facts.link.topics));
    const bool left_the_filter = facts.made && !filter.Includes(wanted.source) && there->state != "STOPPED";
    if (left_the_filter || (facts.made && there->state == "PENDING_MIRROR")) return absl::OkStatus();
    return AlreadyExists("link {} mirrors into topic {} already: it is {}", link.name, wanted.mirror, there->state);
  }

  // The source has the topic, and nothing at the destination is in its mirror's way.
  Async<Status> CheckTopics(const RestLinkFacts& facts, const NewRestMirror& wanted,
                            const link::MirrorSnapshot* there) {
    CO_TRY(const bool at_source, co_await parts_.made->AskForTopic(facts.link.source, wanted.source));
    if (!at_source) co_return NotFound("the source of link {} has no topic {}", facts.link.name, wanted.source);
    if (there != nullptr) co_return absl::OkStatus();
    CO_TRY(const bool in_the_way, co_await parts_.made->AskForTopic(facts.link.destination, wanted.mirror));
    if (in_the_way)
      co_return AlreadyExists("the destination has a topic {}, which is no mirror of link {}", wanted.mirror,
                              facts.link.name);
    co_return absl::OkStatus();
  }

  Async<Status> AddToMade(const Request& request, const RestLinkFacts& facts, const NewRestMirror& wanted) {
    const link::MadeLinks::Change add = [source = wanted.source, by = request.by](state::LinkDefinition& now) {
      now.by = by;
      link::AddMirror(now, source);
      return absl::OkStatus();
    };
    return parts_.made->Alter(facts.link.name, add);
  }

  // Of a link that was made here the mirror is taken out first; what a configuration includes would come back.
  Async<Status> Delete(const Request& request, const link::LinkSnapshot& of, const link::MirrorSnapshot& mirror) {
    const std::string link = of.name, topic = mirror.topic, source = mirror.source_topic;
    if (ConfigOf(parts_).agent.http.rest.topic_delete == config::TopicDelete::kOff || parts_.dropper == nullptr)
      co_return InvalidArgument("topic {} is not deleted: agent.http.rest.topic_delete is off", topic);
    if (mirror.state == "PENDING_STOPPED" || mirror.state == "PENDING_SYNCHRONIZE")
      co_return FailedPrecondition("mirror {} is being promoted: wait until it is STOPPED", topic);
    if (IsDryRun(request)) co_return absl::OkStatus();
    if (FactsOfLink(of, parts_).made) {
      const link::MadeLinks::Change drop = [source, by = request.by](state::LinkDefinition& now) {
        now.by = by;
        link::DropMirror(now, source);
        return absl::OkStatus();
      };
      CO_RETURN_IF_ERROR(co_await parts_.made->Alter(link, drop));
    }
    link::DropRequest drop;
    drop.topic = topic;
    TakeCaller(request, link, drop);
    co_return co_await parts_.dropper->DropMirror(std::move(drop));
  }

  // A client that made a link asks for it next. It is made, whether it is seen by then or not.
  Async<void> UntilShown(const Request& request, const std::string& cluster, const std::string& link) {
    Clock& clock = parts_.clock != nullptr ? *parts_.clock : own_clock_;
    const Instant until = clock.Now() + kMirrorActiveMost;
    while (!FindRestLink(agent_, request, cluster, link).ok() && clock.Now() < until)
      if (!(co_await clock.Sleep(kMirrorActivePoll)).ok()) co_return;
  }

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
        if (mirror != nullptr)
          co_return Problem(
              Unavailable("mirror {} is {}: {}", topic, mirror->state, mirror->reason.value_or("it is being made")));
        if (FactsOfLink(path->link, parts_).made)
          co_return Problem(Unavailable("mirror {} is being made: ask again", topic));
        co_return Problem(NotFound("link {} includes {}, but has seen no such topic at its source", c[1], topic));
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
