#include "failover/link_removal.h"

#include <algorithm>

#include "admin/topics.h"
#include "base/blocking.h"
#include "base/time_limit.h"
#include "link/cluster_access.h"
#include "link/group_requests.h"
#include "link/topic_listing.h"
#include "state/link_state.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

constexpr Duration kStateLimit = 30s;

std::vector<std::string> TopicNames(std::string_view link) {
  return {state::WorkTopic(link), state::RunsTopic(link), fmt::format("_klink.{}.audit", link),
          state::StateTopic(link)};
}

std::vector<std::string> RemainsOf(std::string_view link) {
  return {
      fmt::format("transactional ids that begin with {}: the brokers forget them by themselves "
                  "(transactional.id.expiration.ms, 7 days unless set)",
                  state::DataTransactionalId(link)),
      fmt::format(
          "rights that klink was given for it: klink acl plan --link {} prints them; kafka-acls.sh --remove takes "
          "them back",
          link),
      "the link in the agents' configuration: an agent that still has it begins it anew, and finds copies it does not "
      "know",
  };
}

// Nothing else holds the destination while this runs.
class Remover {
 public:
  Remover(const config::Config& config, std::string cluster, Executor executor)
      : executor_(executor),
        pool_(1),
        access_(link::AccessOf(cluster, config.clusters.at(cluster), executor, clock_)),
        destination_(link::OptionsOf(cluster, config.clusters.at(cluster)), executor, clock_) {}

  Async<StatusOr<LinkRemoval>> Plan(std::string link) {
    LinkRemoval plan;
    plan.link = link;
    plan.destination = destination_.name();
    std::vector<std::string> names = TopicNames(link);
    CO_TRY(const link::Listing listing, co_await link::ListTopics(destination_, std::move(names)));
    std::set<std::string> there;
    for (const auto& [name, shape] : listing.topics) there.insert(name);
    for (const auto& [name, why] : listing.unclear) co_return Annotate(why, name);
    plan.topics = TopicsOfLink(link, there);
    CO_TRY(const link::GroupMembers members, co_await link::DescribeMembers(destination_, state::WorkGroup(link)));
    for (const auto& member : members.members)
      plan.agents.push_back(fmt::format("{} {}", member.client_id, member.host));
    if (there.contains(state::StateTopic(link))) CO_RETURN_IF_ERROR(co_await ReadMirrors(link, plan));
    plan.remains = RemainsOf(link);
    co_return plan;
  }

  Async<StatusOr<LinkRemoval>> Remove(LinkRemoval plan) {
    CO_RETURN_IF_ERROR(MayRemove(plan));
    CO_TRY(const std::unique_ptr<admin::Topics> topics, admin::Topics::Open(executor_, access_));
    plan.dry_run = false;
    for (RemovedTopic& topic : plan.topics) {
      if (topic.outcome != "to_delete") continue;
      const Status deleted = co_await topics->DeleteTopic(topic.topic);
      topic.outcome = deleted.ok() || absl::IsNotFound(deleted) ? "deleted" : "failed";
      if (topic.outcome == "deleted") continue;
      topic.error = Text(deleted);
      break;  // the state stays until all else is gone
    }
    co_return plan;
  }

  Async<void> Close() {
    co_await destination_.Close();
    co_await link::CloseAccess(access_);
  }

 private:
  Async<Status> ReadMirrors(std::string link, LinkRemoval& plan) {
    state::LinkStateOptions options;
    options.destination = access_;
    options.link = std::move(link);
    options.agent = "link delete";
    options.kind = state::ControllerKind::kDirect;
    state::LinkState state(executor_, clock_, pool_, std::move(options));
    const Status read = co_await Within(executor_, clock_, kStateLimit, "reading the link's state", state.Open());
    if (read.ok())
      for (const auto& [topic, mirror] : state.view().mirrors())
        plan.mirrors.push_back({topic, std::string(state::Name(state::StateOf(mirror.phase)))});
    co_await state.Close();
    co_return read;
  }

  Executor executor_;
  SystemClock clock_;
  BlockingPool pool_;
  admin::Access access_;
  kafka::Cluster destination_;
};

Async<StatusOr<LinkRemoval>> Carry(Remover& remover, std::string link, RemovalMode mode) {
  CO_TRY(LinkRemoval plan, co_await remover.Plan(std::move(link)));
  if (mode == RemovalMode::kShow) co_return plan;
  co_return co_await remover.Remove(std::move(plan));
}

}  // namespace

std::vector<RemovedTopic> TopicsOfLink(std::string_view link, const std::set<std::string>& there) {
  std::vector<RemovedTopic> topics;
  for (const std::string& name : TopicNames(link))
    topics.push_back({name, there.contains(name) ? "to_delete" : "absent", std::nullopt});
  return topics;
}

Status MayRemove(const LinkRemoval& plan) {
  if (!plan.agents.empty())
    return FailedPrecondition(
        "{} of link {} still run{}: take the link out of their configuration, or stop them, and then delete it",
        plan.agents.size() == 1 ? "an agent" : fmt::format("{} agents", plan.agents.size()), plan.link,
        plan.agents.size() == 1 ? "s" : "");
  const bool any = std::any_of(plan.topics.begin(), plan.topics.end(),
                               [](const RemovedTopic& topic) { return topic.outcome != "absent"; });
  if (!any) return NotFound("{} has nothing of a link {}", plan.destination, plan.link);
  return absl::OkStatus();
}

bool IsComplete(const LinkRemoval& removal) {
  return std::all_of(removal.topics.begin(), removal.topics.end(),
                     [](const RemovedTopic& topic) { return topic.outcome == "deleted" || topic.outcome == "absent"; });
}

Async<StatusOr<LinkRemoval>> RemoveLink(const config::Config& config, std::string link, std::string cluster,
                                        RemovalMode mode) {
  Remover remover(config, std::move(cluster), co_await asio::this_coro::executor);
  StatusOr<LinkRemoval> removal = co_await Carry(remover, std::move(link), mode);
  co_await remover.Close();
  co_return removal;
}

}  // namespace klink::failover
