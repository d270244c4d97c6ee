#include "cli/cluster_check.h"

#include "cli/broker_release.h"
#include "kafka/messages/describe_cluster.h"
#include "link/cluster_access.h"

namespace klink::cli {
namespace {

// Asks every broker for its versions: during a rolling upgrade they differ, and the oldest one counts.
Async<Status> AskBrokers(kafka::Cluster& cluster, Reached& reached) {
  CO_TRY(reached.cluster_id, co_await cluster.ClusterId());
  kafka::DescribeClusterRequest request;
  CO_TRY(const kafka::DescribeClusterResponse described, co_await cluster.CallAny(request, kReachDeadline));
  (void)described;
  CO_RETURN_IF_ERROR(StatusOf(co_await cluster.Metadata(std::vector<std::string>())));
  const std::vector<int32_t> brokers = cluster.Brokers();
  reached.brokers = static_cast<int64_t>(brokers.size());
  for (const int32_t broker : brokers) {
    CO_TRY(const kafka::BrokerVersions versions, co_await cluster.Versions(broker));
    const Status destination = CheckDestination(versions);
    if (!reached.release || (reached.destination.ok() && !destination.ok())) reached.release = ReleaseOf(versions);
    if (!destination.ok()) reached.destination = destination;
  }
  co_return absl::OkStatus();
}

}  // namespace

Async<Reached> Reach(std::string name, config::ClusterConfig config) {
  Reached reached;
  reached.name = name;
  SystemClock clock;
  const Executor executor = co_await asio::this_coro::executor;
  kafka::Cluster cluster(link::OptionsOf(name, config), executor, clock);
  const Status asked = co_await AskBrokers(cluster, reached);
  if (!asked.ok()) reached.error = Text(asked);
  reached.reached = asked;
  co_await cluster.Close();
  co_return reached;
}

}  // namespace klink::cli
