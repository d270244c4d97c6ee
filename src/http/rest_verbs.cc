#include "http/rest_verbs.h"

#include <algorithm>
#include <set>

#include "config/name_rule.h"
#include "http/control_body.h"
#include "http/find.h"
#include "http/json_schema.h"
#include "http/routes.h"

namespace klink::http {
namespace {

struct Body {
  std::optional<std::vector<std::string>> mirror_topic_names;
  std::optional<std::string> mirror_topic_name_pattern;
  std::optional<bool> validate_only;

  static void Describe(auto& m, auto& field) {
    field("mirror_topic_names", m.mirror_topic_names);
    field("mirror_topic_name_pattern", m.mirror_topic_name_pattern);
    field("validate_only", m.validate_only);
  }
};

constexpr std::string_view kOtherVerbs[] = {"reverse-and-start-mirror", "reverse-and-pause-mirror",
                                            "truncate-and-restore"};

std::string_view NameOf(RestVerb verb) {
  switch (verb) {
    case RestVerb::kPause:
      return "pause";
    case RestVerb::kResume:
      return "resume";
    case RestVerb::kPromote:
      return "promote";
    case RestVerb::kFailover:
      return "failover";
  }
  return "unknown";
}

Response Answer(const RestTargets& targets, const RestRefusals& refused, const RestPath& path) {
  RestList<RestOutcome> list;
  list.kind = "KafkaPromoteMirror";  // of every verb: the API tells no other
  list.metadata.self = path.place.Url({"links", path.link.name, "mirrors"});
  for (const std::string& topic : targets.topics) {
    RestOutcome& out = list.data.emplace_back();
    out.metadata.self = path.place.Url({"links", path.link.name, "mirrors", topic});
    out.mirror_topic_name = topic;
    if (const auto why = refused.find(topic); why != refused.end()) {
      out.error_code = why->second.code;
      out.error_message = why->second.message;
    }
    if (const link::MirrorSnapshot* mirror = FindMirror(path.link, topic)) out.mirror_lags = ShowLags(*mirror);
  }
  return JsonResponse(ToJson(list));
}

class Verbs {
 public:
  Verbs(link::AgentApi& agent, const RestParts& parts) : agent_(agent), parts_(parts) {}

  Async<Response> Run(RestVerb verb, Request request, Captures c) {
    if (!IsJson(request.content_type)) co_return NotJson();
    auto path = FindRestLink(agent_, request, c[0], c[1]);
    if (!path.ok()) co_return Problem(path.status());
    auto targets = ReadTargets(request.body, path->link);
    if (!targets.ok()) co_return Problem(targets.status());
    RestRefusals refused = targets->refused;
    if (std::vector<std::string> topics = targets->Mirrors(); !topics.empty()) {
      const bool promotion = verb == RestVerb::kPromote || verb == RestVerb::kFailover;
      auto asked = promotion ? co_await Promote(verb, request, c[1], std::move(topics))
                             : co_await Control(verb, request, c[1], std::move(topics));
      if (!asked.ok()) co_return Problem(asked.status());
      refused.merge(*asked);
    }
    // As it is now: a pause is over when it is answered.
    if (auto after = FindRestLink(agent_, request, c[0], c[1]); after.ok()) path = std::move(after);
    co_return Answer(*targets, refused, *path);
  }

  // What others can do and klink does in another way.
  Async<Response> Refuse(std::string_view verb, Request request, Captures c) {
    if (!IsJson(request.content_type)) co_return NotJson();
    const auto path = FindRestLink(agent_, request, c[0], c[1]);
    if (!path.ok()) co_return Problem(path.status());
    auto targets = ReadTargets(request.body, path->link);
    if (!targets.ok()) co_return Problem(targets.status());
    for (const std::string& topic : targets->Mirrors())
      targets->refused[topic] = {501, fmt::format("{} is not supported: see klink mirror {}", verb,
                                                  verb.starts_with("reverse") ? "reverse" : "failback")};
    co_return Answer(*targets, targets->refused, *path);
  }

 private:
  Async<StatusOr<RestRefusals>> Control(RestVerb verb, const Request& request, std::string link,
                                        std::vector<std::string> topics) {
    link::ControlRequest order;
    order.verb = verb == RestVerb::kPause ? link::ControlVerb::kPause : link::ControlVerb::kResume;
    order.topics = std::move(topics);
    order.dry_run = IsDryRun(request);
    TakeCaller(request, std::move(link), order);
    CO_TRY(const auto mirrors, co_await agent_.ControlMirrors(std::move(order)));
    co_return RefusalsOf(mirrors);
  }

  Async<StatusOr<RestRefusals>> Promote(RestVerb verb, const Request& request, std::string link,
                                        std::vector<std::string> topics) {
    link::PromoteRequest order;
    order.kind = verb == RestVerb::kPromote ? state::PromotionKind::kPromote : state::PromotionKind::kFailover;
    order.topics = std::move(topics);
    order.dry_run = IsDryRun(request);
    TakeCaller(request, std::move(link), order);
    Clock& clock = parts_.clock != nullptr ? *parts_.clock : own_clock_;
    const Instant until = clock.Now() + kPromotionTurnMost;
    for (;;) {
      link::PromoteRequest once = order;
      const auto begun = co_await agent_.Promote(std::move(once));
      if (begun.ok()) co_return RefusalsOf(*begun);
      if (begun.status().code() != Code::kFailedPrecondition) co_return begun.status();  // which says that one runs
      if (clock.Now() >= until) co_return Unavailable("try again: {}", Text(begun.status()));
      CO_RETURN_IF_ERROR(co_await clock.Sleep(kPromotionTurnPoll));
    }
  }

  link::AgentApi& agent_;
  RestParts parts_;
  SystemClock own_clock_;
};

}  // namespace

std::vector<std::string> RestTargets::Mirrors() const {
  std::vector<std::string> mirrors;
  for (const std::string& topic : topics)
    if (!refused.contains(topic)) mirrors.push_back(topic);
  return mirrors;
}

StatusOr<RestTargets> ReadTargets(std::string_view text, const link::LinkSnapshot& link) {
  Body body;
  RETURN_IF_ERROR(ReadBody(text, body));
  const bool named = body.mirror_topic_names && !body.mirror_topic_names->empty();
  const bool matched = body.mirror_topic_name_pattern && !body.mirror_topic_name_pattern->empty();
  if (named == matched)
    return InvalidArgument("say which mirrors: either \"mirror_topic_names\" or \"mirror_topic_name_pattern\"");
  RestTargets targets;
  if (matched) {
    TRY(const auto rule, config::NameRule::Make({.regex = *body.mirror_topic_name_pattern}));
    for (const link::MirrorSnapshot& mirror : link.mirrors)
      if (rule->Matches(mirror.topic)) targets.topics.push_back(mirror.topic);
  } else {
    std::set<std::string> seen;
    for (std::string& topic : *body.mirror_topic_names) {
      if (!seen.insert(topic).second) continue;
      if (FindMirror(link, topic) == nullptr)
        targets.refused[topic] = {404, fmt::format("link {} has no mirror topic {}", link.name, topic)};
      targets.topics.push_back(std::move(topic));
    }
  }
  RETURN_IF_ERROR(CheckSizes(targets.topics, "", ""));
  return targets;
}

Json TargetsBodySchema() { return Schema(Body(), SchemaOf::kBody); }

RestRefusals RefusalsOf(const std::vector<link::ControlledMirror>& mirrors) {
  RestRefusals refused;
  for (const link::ControlledMirror& mirror : mirrors)
    if (mirror.error) refused[mirror.topic].message = *mirror.error;
  return refused;
}

RestRefusals RefusalsOf(const link::PromotionSnapshot& promotion) {
  RestRefusals refused;
  for (const link::PromotedMirror& mirror : promotion.mirrors) {
    if (mirror.outcome == "already_stopped")
      refused[mirror.topic].message =
          fmt::format("Topic '{}' has already stopped its mirror from '{}'", mirror.topic, promotion.link);
    else if (mirror.error || mirror.outcome == "refused")
      refused[mirror.topic].message = mirror.error.value_or("refused");
  }
  return refused;
}

void AddRestVerbs(Router& router, link::AgentApi& agent, const RestParts& parts) {
  auto verbs = std::make_shared<Verbs>(agent, parts);
  for (const RestVerb verb : {RestVerb::kPause, RestVerb::kResume, RestVerb::kPromote, RestVerb::kFailover})
    router.Add(Method::kPost, fmt::format("/v3/clusters/{{}}/links/{{}}/mirrors:{}", NameOf(verb)),
               [verbs, verb](Request request, Captures c) { return verbs->Run(verb, std::move(request), c); });
  for (const std::string_view other : kOtherVerbs)
    router.Add(Method::kPost, fmt::format("/v3/clusters/{{}}/links/{{}}/mirrors:{}", other),
               [verbs, other](Request request, Captures c) { return verbs->Refuse(other, std::move(request), c); });
}

}  // namespace klink::http
