// The floor of a failover: every partition of these topics is shut to a number of producers by bare requests, without a
// journal, questions or recovery. A measuring stick for `./x bench failover`, not a model.
//
//   bench_fence DESTINATION PREFIX PRODUCERS     (host:port; every topic whose name begins so)
//
// Prints the seconds the requests took, once leaders and producer ids were known.
#include <charconv>
#include <cstdio>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "failover/kafka_destination.h"
#include "link/cluster_admin.h"
#include "link/kafka_partition.h"

namespace klink::bench {
namespace {

Async<StatusOr<std::set<TopicPartition>>> Partitions(kafka::Cluster& cluster, std::string prefix) {
  CO_TRY(const auto metadata, co_await cluster.Metadata(std::nullopt));
  std::set<TopicPartition> partitions;
  for (const auto& topic : metadata.topics)
    if (topic.name && topic.name->starts_with(prefix))
      for (const auto& partition : topic.partitions) partitions.insert({*topic.name, partition.partition_index});
  co_return partitions;
}

Async<StatusOr<double>> Fence(kafka::Cluster& cluster, Clock& clock, std::string prefix, int producers) {
  failover::KafkaDestination destination(cluster, co_await asio::this_coro::executor, clock);
  CO_TRY(const std::set<TopicPartition> partitions, co_await Partitions(cluster, std::move(prefix)));
  failover::FencePlan plan;
  for (int i = 0; i < producers; i++) {
    CO_TRY(const auto as, co_await link::InitProducer(cluster, clock, fmt::format("floor.fence.{}", i), 60s));
    plan[{as.producer_id, static_cast<int16_t>(as.producer_epoch + 1), 0}] = {partitions.begin(), partitions.end()};
  }
  const auto known = co_await destination.Inspect(partitions);
  for (const auto& [tp, facts] : known) CO_RETURN_IF_ERROR(facts.status());
  const Instant began = clock.Now();
  CO_RETURN_IF_ERROR(co_await destination.WriteMarkers(std::move(plan)));
  co_return std::chrono::duration<double>(clock.Now() - began).count();
}

Async<void> Main(std::string to, std::string prefix, int producers, int& exit_code) {
  SystemClock clock;
  kafka::ClusterOptions options;
  options.name = "destination";
  options.bootstrap = *kafka::ParseBootstrap(to);
  kafka::Cluster cluster(options, co_await asio::this_coro::executor, clock);
  const StatusOr<double> seconds = co_await Fence(cluster, clock, std::move(prefix), producers);
  if (seconds.ok())
    fmt::print("{:.3f}\n", *seconds);
  else
    fmt::print(stderr, "fence: {}\n", Text(seconds.status()));
  exit_code = seconds.ok() ? 0 : 1;
  co_await cluster.Close();
}

}  // namespace
}  // namespace klink::bench

int main(int count, char** arguments) {
  int producers = 0;
  if (count != 4) return 64;
  const std::string_view text = arguments[3];
  if (std::from_chars(text.data(), text.data() + text.size(), producers).ec != std::errc() || producers < 1) return 64;
  boost::asio::io_context io(1);
  int exit_code = 1;
  klink::Detach(io.get_executor(), klink::bench::Main(arguments[1], arguments[2], producers, exit_code));
  io.run();
  return exit_code;
}
