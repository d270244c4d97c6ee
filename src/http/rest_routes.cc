#include "http/rest_routes.h"

#include <algorithm>

#include "base/json_fields.h"
#include "http/find.h"
#include "http/rest_changes.h"
#include "http/rest_configs.h"
#include "http/rest_verbs.h"
#include "http/rest_views.h"

namespace klink::http {
namespace {

StatusOr<std::string> NameOfCluster(const link::AgentSnapshot& agent, const std::string& cluster) {
  bool all_known = true;
  for (const link::LinkSnapshot& link : agent.links) {
    if (link.destination.cluster_id == cluster) return link.destination.name;
    all_known &= link.destination.cluster_id.has_value();
  }
  if (!all_known) return Unavailable("not every destination cluster has answered yet: try again");
  return NotFound("no link of this agent writes to a cluster {}", cluster);
}
Status CheckCluster(const link::AgentSnapshot& agent, const std::string& cluster) {
  return NameOfCluster(agent, cluster).status();
}

constexpr std::string_view kAllLinks = "-";

template <class Item>
Response ListResponse(std::string kind, std::string self, std::vector<Item> data) {
  RestList<Item> list;
  list.kind = std::move(kind);
  list.metadata.self = std::move(self);
  list.data = std::move(data);
  return JsonResponse(ToJson(list));
}

// One object shared by the handlers; lives as long as the router.
class RestRoutes {
 public:
  RestRoutes(link::AgentApi& agent, RestParts parts) : agent_(agent), parts_(std::move(parts)) {}

  StatusOr<Response> Clusters(const Request& request) const {
    std::vector<RestCluster> data;
    for (const link::LinkSnapshot& link : agent_.Snapshot().links) {
      if (!link.destination.cluster_id) return Unavailable("cluster {} has not answered yet", link.destination.name);
      const auto same = [&](const RestCluster& c) { return c.cluster_id == *link.destination.cluster_id; };
      if (std::none_of(data.begin(), data.end(), same))
        data.push_back(ShowCluster(PlaceOf(request, *link.destination.cluster_id)));
    }
    // Others that a link could be made to.
    if (parts_.made != nullptr) {
      for (const auto& [name, id] : parts_.made->Clusters()) {
        const auto same = [&id](const RestCluster& c) { return c.cluster_id == id; };
        if (std::none_of(data.begin(), data.end(), same)) data.push_back(ShowCluster(PlaceOf(request, id)));
      }
    }
    return ListResponse("KafkaClusterList", PlaceOf(request, "").Url({}), std::move(data));
  }
  StatusOr<Response> Cluster(const Request& request, const std::string& cluster) const {
    RETURN_IF_ERROR(FindRestCluster(agent_, parts_, cluster).status());
    return JsonResponse(ToJson(ShowCluster(PlaceOf(request, cluster))));
  }
  StatusOr<Response> Links(const Request& request, const std::string& cluster) const {
    const link::AgentSnapshot agent = agent_.Snapshot();
    RETURN_IF_ERROR(FindRestCluster(agent_, parts_, cluster).status());
    const RestPlace place = PlaceOf(request, cluster);
    std::vector<RestLink> data;
    for (const link::LinkSnapshot& link : agent.links)
      if (link.destination.cluster_id == cluster) data.push_back(ShowLink(link, place));
    return ListResponse("KafkaLinkDataList", place.Url({"links"}), std::move(data));
  }
  StatusOr<Response> Link(const Request& request, const Captures& c) const {
    TRY(const bool tasks, QueryFlag(request, "include_tasks"));
    TRY(const RestPath path, FindRestLink(agent_, request, c[0], c[1]));
    RestLink link = ShowLink(path.link, path.place);
    if (tasks) link.tasks = ShowTasks(path.link);
    return JsonResponse(ToJson(link));
  }
  StatusOr<Response> Configs(const Request& request, const Captures& c) const {
    TRY(const RestPath path, FindRestLink(agent_, request, c[0], c[1]));
    return ListResponse("KafkaLinkConfigDataList", path.place.Url({"links", path.link.name, "configs"}),
                        ShowLinkConfigs(FactsOfLink(path.link, parts_), path.place));
  }
  StatusOr<Response> Config(const Request& request, const Captures& c) const {
    TRY(const RestPath path, FindRestLink(agent_, request, c[0], c[1]));
    const auto config = ShowLinkConfig(FactsOfLink(path.link, parts_), c[2], path.place);
    if (!config) return NotFound("a link has no setting {}", c[2]);
    return JsonResponse(ToJson(*config));
  }
  StatusOr<Response> Mirrors(const Request& request, const Captures& c) const {
    const auto wanted = request.target.query.find("mirror_status");
    const bool filters = wanted != request.target.query.end() && !wanted->second.empty();
    if (filters && !IsMirrorStatus(wanted->second))
      return InvalidArgument("?mirror_status={} is no status of a mirror", wanted->second);
    const link::AgentSnapshot agent = agent_.Snapshot();
    RETURN_IF_ERROR(FindRestCluster(agent_, parts_, c[0]).status());
    if (c[1] != kAllLinks) RETURN_IF_ERROR(FindRestLink(agent_, request, c[0], c[1]).status());
    const RestPlace place = PlaceOf(request, c[0]);
    std::vector<RestMirror> data;
    for (const link::LinkSnapshot& link : agent.links) {
      if (link.destination.cluster_id != c[0] || (c[1] != kAllLinks && link.name != c[1])) continue;
      for (const link::MirrorSnapshot& mirror : link.mirrors) {
        RestMirror shown = ShowMirror(mirror, link.name, place, Names());
        if (!filters || shown.mirror_status == wanted->second) data.push_back(std::move(shown));
      }
    }
    return ListResponse("KafkaMirrorDataList", place.Url({"links", c[1], "mirrors"}), std::move(data));
  }
  StatusOr<Response> Mirror(const Request& request, const Captures& c) const {
    TRY(const bool errors, QueryFlag(request, "include_state_transition_errors"));
    TRY(const RestPath path, FindRestLink(agent_, request, c[0], c[1]));
    const link::MirrorSnapshot* mirror = FindMirror(path.link, c[2]);
    if (mirror == nullptr) return NotFound("link {} has no mirror topic {}", c[1], c[2]);
    RestMirror shown = ShowMirror(*mirror, path.link.name, path.place, Names());
    if (errors) shown.mirror_state_transition_errors = ShowErrors(*mirror);
    return JsonResponse(ToJson(shown));
  }
  StatusOr<Response> Topics(const Request& request, const std::string& cluster) const {
    TRY(std::vector<RestTopic> data, TopicsOf(request, cluster));
    return ListResponse("KafkaTopicList", PlaceOf(request, cluster).Url({"topics"}), std::move(data));
  }
  StatusOr<Response> Topic(const Request& request, const Captures& c) const {
    TRY(const std::vector<RestTopic> topics, TopicsOf(request, c[0]));
    for (const RestTopic& topic : topics)
      if (topic.topic_name == c[1]) return JsonResponse(ToJson(topic));
    return NotFound("no link of this agent mirrors into a topic {}", c[1]);
  }

 private:
  // Those that a link mirrors, or did: klink shows no others.
  StatusOr<std::vector<RestTopic>> TopicsOf(const Request& request, const std::string& cluster) const {
    const link::AgentSnapshot agent = agent_.Snapshot();
    RETURN_IF_ERROR(FindRestCluster(agent_, parts_, cluster).status());
    const RestPlace place = PlaceOf(request, cluster);
    std::vector<RestTopic> topics;
    for (const link::LinkSnapshot& link : agent.links)
      if (link.destination.cluster_id == cluster)
        for (const link::MirrorSnapshot& mirror : link.mirrors) topics.push_back(ShowTopic(mirror, place));
    return topics;
  }
  config::StatusNames Names() const { return ConfigOf(parts_).agent.http.rest.status_names; }

  link::AgentApi& agent_;
  RestParts parts_;
};

using Answer = StatusOr<Response> (*)(const RestRoutes&, const Request&, const Captures&);

Handler Now(std::shared_ptr<RestRoutes> routes, Answer answer) {
  return [routes, answer](Request request, Captures captures) -> Async<Response> {
    StatusOr<Response> response = answer(*routes, request, captures);
    co_return response.ok() ? *std::move(response) : Problem(response.status());
  };
}

}  // namespace

const config::Config& ConfigOf(const RestParts& parts) {
  static const config::Config kNone;
  return parts.config ? parts.config() : kNone;
}

StatusOr<std::string> FindRestCluster(const link::AgentApi& agent, const RestParts& parts, const std::string& cluster) {
  StatusOr<std::string> name = NameOfCluster(agent.Snapshot(), cluster);
  if (name.ok() || parts.made == nullptr) return name;
  for (const auto& [known, id] : parts.made->Clusters())
    if (id == cluster) return known;
  return name;
}

RestLinkFacts FactsOfLink(const link::LinkSnapshot& link, const RestParts& parts) {
  const config::Config& config = ConfigOf(parts);
  RestLinkFacts facts;
  facts.link.name = link.name;
  facts.paused = link.state == "PAUSED";
  for (const config::LinkConfig& of : config.links)
    if (of.name == link.name) facts.link = of;
  if (const auto source = config.clusters.find(facts.link.source); source != config.clusters.end())
    facts.source = source->second;
  if (parts.made != nullptr)
    if (const state::LinkDefinition* made = parts.made->Find(link.name)) facts.made = *made;
  return facts;
}

StatusOr<RestPath> FindRestLink(const link::AgentApi& agent, const Request& request, const std::string& cluster,
                                const std::string& link) {
  link::AgentSnapshot snapshot = agent.Snapshot();
  RETURN_IF_ERROR(CheckCluster(snapshot, cluster));
  for (link::LinkSnapshot& known : snapshot.links)
    if (known.name == link && known.destination.cluster_id == cluster)
      return RestPath{PlaceOf(request, cluster), std::move(known)};
  return NotFound("cluster {} has no link {}", cluster, link);
}

void AddRestRoutes(Router& router, link::AgentApi& agent, RestParts parts) {
  auto routes = std::make_shared<RestRoutes>(agent, parts);
  using R = const RestRoutes&;
  using Q = const Request&;
  using C = const Captures&;
  const auto get = [&](std::string_view pattern, Answer answer) {
    router.Add(Method::kGet, pattern, Now(routes, answer));
  };
  get("/v3/clusters", [](R r, Q q, C) { return r.Clusters(q); });
  get("/v3/clusters/{}", [](R r, Q q, C c) { return r.Cluster(q, c[0]); });
  get("/v3/clusters/{}/links", [](R r, Q q, C c) { return r.Links(q, c[0]); });
  get("/v3/clusters/{}/links/{}", [](R r, Q q, C c) { return r.Link(q, c); });
  get("/v3/clusters/{}/links/{}/configs", [](R r, Q q, C c) { return r.Configs(q, c); });
  get("/v3/clusters/{}/links/{}/configs/{}", [](R r, Q q, C c) { return r.Config(q, c); });
  get("/v3/clusters/{}/links/{}/mirrors", [](R r, Q q, C c) { return r.Mirrors(q, c); });
  get("/v3/clusters/{}/links/{}/mirrors/{}", [](R r, Q q, C c) { return r.Mirror(q, c); });
  get("/v3/clusters/{}/topics", [](R r, Q q, C c) { return r.Topics(q, c[0]); });
  get("/v3/clusters/{}/topics/{}", [](R r, Q q, C c) { return r.Topic(q, c); });
  AddRestVerbs(router, agent, parts);
  AddRestChanges(router, agent, parts);
}

}  // namespace klink::http
