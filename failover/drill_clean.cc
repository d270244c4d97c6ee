#include "failover/drill_clean.h"

#include <algorithm>

#include "admin/topics.h"
#include "base/backoff.h"
#include "base/log.h"
#include "failover/drill_judge.h"
#include "kafka/messages/delete_groups.h"
#include "link/cluster_access.h"
#include "link/group_requests.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

constexpr Duration kRemoveLimit = 60s;
constexpr Duration kAgainFirst = 100ms;
constexpr Duration kAgainMost = 2s;
constexpr Duration kDeleteDeadline = 10s;

Async<Status> DeleteGroup(kafka::Cluster& cluster, std::string group) {
  CO_TRY(const int32_t broker, co_await cluster.Coordinator(kafka::CoordinatorType::kGroup, group));
  kafka::DeleteGroupsRequest request;
  request.groups_names.push_back(group);
  CO_TRY(const auto response,
         co_await cluster.Call(broker, kafka::Lane::kControl, std::move(request), kDeleteDeadline));
  for (const auto& result : response.results)
    if (result.error_code != kafka::Error::kGroupIdNotFound)
      CO_RETURN_IF_ERROR(kafka::ToStatus(result.error_code, fmt::format("deleting group {}", group)));
  co_return absl::OkStatus();
}

// Once everything that is known of it, the topic that holds the drill's state last.
Async<Status> RemoveOnce(kafka::Cluster& cluster, admin::Topics& topics, std::string id, DrillLeftovers left,
                         DrillRollback& rollback) {
  Status worst;
  for (const std::string& group : left.groups) {
    const Status gone = co_await DeleteGroup(cluster, group);
    worst.Update(gone);
    if (IsCancelled(gone)) co_return gone;
    rollback.groups_removed += gone.ok() ? 1 : 0;
  }
  const std::string last = state::StateTopic("drill." + id);
  std::partition(left.topics.begin(), left.topics.end(), [&](const std::string& t) { return t != last; });
  for (const std::string& topic : left.topics) {
    const Status gone = co_await topics.DeleteTopic(topic);
    if (IsCancelled(gone)) co_return gone;
    if (gone.code() == Code::kNotFound) continue;
    worst.Update(gone);
    rollback.topics_removed += gone.ok() ? 1 : 0;
  }
  co_return worst;
}

}  // namespace

Async<StatusOr<AllLeftovers>> FindLeftovers(kafka::Cluster& cluster) {
  AllLeftovers all;
  CO_TRY(const auto metadata, co_await cluster.Metadata(std::nullopt));
  for (const auto& topic : metadata.topics) {
    if (!topic.name || topic.error_code == kafka::Error::kUnknownTopicOrPartition) continue;
    if (const auto id = DrillIdOf(*topic.name)) all[*id].topics.push_back(*topic.name);
  }
  CO_TRY(const link::FoundGroups groups, co_await link::ListAllGroups(cluster));
  for (const auto& [name, group] : groups)
    if (const auto id = DrillIdOf(name)) all[*id].groups.push_back(name);
  co_return all;
}

Async<DrillRollback> RemoveDrill(kafka::Cluster& cluster, Clock& clock, Executor executor, admin::Access access,
                                 std::string id) {
  DrillRollback rollback;
  Status trouble;
  Backoff backoff(kAgainFirst, kAgainMost, std::hash<std::string>{}(id));
  const auto topics = admin::Topics::Open(executor, access);
  trouble.Update(topics.status());
  for (const Instant until = clock.Now() + kRemoveLimit; topics.ok();) {
    const auto found = co_await FindLeftovers(cluster);
    trouble = found.status();
    if (found.ok() && !found->contains(id)) {
      rollback.left.clear();
      co_return rollback;
    }
    if (found.ok()) {
      const DrillLeftovers& left = found->at(id);
      rollback.left = left.topics;
      rollback.left.insert(rollback.left.end(), left.groups.begin(), left.groups.end());
      trouble = co_await RemoveOnce(cluster, **topics, id, left, rollback);
    }
    if (clock.Now() >= until || !(co_await clock.Sleep(backoff.Next())).ok()) break;
  }
  rollback.complete = false;
  if (rollback.left.empty()) rollback.left.push_back(DrillPrefix(id) + "*");
  if (!trouble.ok()) rollback.left.push_back(fmt::format("({})", Text(trouble)));
  co_return rollback;
}

Async<StatusOr<std::map<std::string, DrillRollback>>> CleanDrills(const config::Config& config, std::string name,
                                                                  CleanMode mode) {
  const Executor executor = co_await asio::this_coro::executor;
  SystemClock clock;
  kafka::Cluster cluster(link::OptionsOf(name, config.clusters.at(name)), executor, clock);
  const admin::Access access = link::AccessOf(name, config.clusters.at(name), executor, clock);
  std::map<std::string, DrillRollback> all;
  const auto found = co_await FindLeftovers(cluster);
  if (found.ok())
    for (const auto& [id, left] : *found) {
      DrillRollback& one = all[id];
      if (mode == CleanMode::kRemove) {
        one = co_await RemoveDrill(cluster, clock, executor, access, id);
        continue;
      }
      one.complete = false;
      one.left = left.topics;
      one.left.insert(one.left.end(), left.groups.begin(), left.groups.end());
    }
  co_await cluster.Close();
  co_await link::CloseAccess(access);
  CO_RETURN_IF_ERROR(found.status());
  co_return all;
}

}  // namespace klink::failover
