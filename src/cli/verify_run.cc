#include "cli/verify_run.h"

#include <algorithm>
#include <map>

#include "admin/log_tailer.h"
#include "base/blocking.h"
#include "cli/await.h"
#include "config/topic_filter.h"
#include "kafka/cluster.h"
#include "link/cluster_access.h"
#include "link/verify.h"
#include "offsets/rebuild.h"
#include "state/link_topics.h"

namespace klink::cli {
namespace {

constexpr Duration kRunsReadDeadline = 30s;

// What one cluster says of its topics now.
struct Shape {
  size_t partitions = 0;
  std::string id;
};
using Shapes = std::map<std::string, Shape>;

Async<StatusOr<Shapes>> Topics(kafka::Cluster& cluster) {
  CO_TRY(const kafka::MetadataResponse metadata, co_await cluster.Metadata(std::nullopt));
  Shapes shapes;
  for (const kafka::MetadataTopic& topic : metadata.topics) {
    if (topic.error_code != kafka::Error::kNone || !topic.name) continue;
    shapes[*topic.name] = {topic.partitions.size(), kafka::ToString(topic.topic_id)};
  }
  co_return shapes;
}

using Maps = std::map<TopicPartition, offsets::PartitionRuns>;

// The announced shifts. What the link's topic does not name stands at the same offsets in both logs.
Async<StatusOr<Maps>> AnnouncedMaps(admin::Access access, std::string topic) {
  SystemClock clock;
  BlockingPool pool(1);
  offsets::RunLogReader reader;
  admin::LogTailer::OnRecord add = [&reader](const admin::LogRecord& r) { reader.Add({r.key, r.value}); };
  const Executor executor = co_await asio::this_coro::executor;
  CO_RETURN_IF_ERROR(
      co_await admin::ReadWholeLog(executor, clock, pool, std::move(access), std::move(topic), add, kRunsReadDeadline));
  std::vector<Status> refused;
  Maps maps = std::move(reader).Finish(refused);
  for (const Status& damaged : refused) co_return DataLoss("{}", Text(damaged));
  co_return maps;
}

// Stored maps end where they were last announced; the run in force reaches to the end of the log.
offsets::Translation ReachingToTheEnd(offsets::Translation map) {
  constexpr int64_t kEndless = 1LL << 60;
  if (map.empty()) return map;
  offsets::Segment last = map.runs().back();
  map.Cut({last.run.source, last.run.dest});
  last.run.length = kEndless;
  (void)map.Append(std::move(last));  // fits: it stood there
  return map;
}

// One partition to be compared, or the reason why it cannot be.
struct Pair {
  TopicPartition source;
  TopicPartition destination;
  std::optional<std::string> obstacle;
};

std::vector<Pair> PairsOf(const Shapes& source, const Shapes& destination, const config::TopicFilter& filter,
                          const VerifyAsk& ask, const std::string& destination_name) {
  std::vector<Pair> pairs;
  for (const auto& [name, shape] : source) {
    if (!filter.Includes(name)) continue;
    const std::string mirror = filter.DestinationName(name);
    if (!ask.topics.empty() && std::find(ask.topics.begin(), ask.topics.end(), mirror) == ask.topics.end()) continue;
    const auto copy = destination.find(mirror);
    const size_t copied = copy == destination.end() ? 0 : copy->second.partitions;
    for (size_t p = 0; p < shape.partitions; p++) {
      Pair pair;
      pair.source = {name, static_cast<int32_t>(p)};
      pair.destination = {mirror, static_cast<int32_t>(p)};
      if (p >= copied) pair.obstacle = fmt::format("cluster {} has no {} yet", destination_name, pair.destination);
      pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

VerifiedPartitionView ViewOf(const Pair& pair) {
  VerifiedPartitionView view;
  view.topic = pair.destination.topic;
  view.source_topic = pair.source.topic;
  view.partition = pair.destination.partition;
  view.reason = pair.obstacle;
  return view;
}

void Take(VerifiedPartitionView& view, const link::PartitionProof& proof) {
  view.verdict = proof.differences_total == 0 ? "equal" : "different";
  view.from = proof.from;
  view.proven_equal_up_to = proof.proven_equal_up_to;
  view.source_end = proof.source_end;
  view.destination_end = proof.destination_end;
  view.batches = proof.batches;
  view.bytes = proof.bytes;
  view.differences_total = proof.differences_total;
  for (const link::Difference& d : proof.differences) {
    view.differences.push_back({d.source_offset, d.destination_offset, d.kind, d.detail});
  }
}

// Both clusters of a link, connected.
struct Clusters {
  Clusters(const config::Config& config, const config::LinkConfig& link, Executor executor, Clock& clock)
      : source(link::OptionsOf(link.source, config.clusters.at(link.source)), executor, clock),
        destination(link::OptionsOf(link.destination, config.clusters.at(link.destination)), executor, clock) {}
  kafka::Cluster source;
  kafka::Cluster destination;
};

Async<Status> Compare(Clusters& clusters, const config::Config& config, const config::LinkConfig& link, VerifyAsk ask,
                      VerifyView& view) {
  CO_TRY(const config::TopicFilter filter, config::TopicFilter::Compile(link.topics));
  CO_TRY(const Shapes source, co_await Topics(clusters.source));
  CO_TRY(const Shapes destination, co_await Topics(clusters.destination));
  Maps maps;
  const std::string runs_topic = state::RunsTopic(link.name);
  if (destination.contains(runs_topic)) {
    const admin::Access access = link::AccessOf(link.destination, config.clusters.at(link.destination));
    CO_TRY(maps, co_await AnnouncedMaps(access, runs_topic));
  }
  const std::vector<Pair> pairs = PairsOf(source, destination, filter, ask, link.destination);
  for (const std::string& topic : ask.topics) {
    const auto is_it = [&topic](const Pair& pair) { return pair.destination.topic == topic; };
    if (std::none_of(pairs.begin(), pairs.end(), is_it)) {
      co_return NotFound("link {} mirrors no topic to {}: the source has none of that name, or topics excludes it",
                         link.name, topic);
    }
  }
  link::VerifyOptions options;
  options.from = ask.from;
  if (ask.full) options.depth = link::VerifyOptions::Depth::kBytes;
  for (const Pair& pair : pairs) {
    VerifiedPartitionView& out = view.partitions.emplace_back(ViewOf(pair));
    if (pair.obstacle) continue;
    std::optional<offsets::Translation> map;
    const auto announced = maps.find(pair.destination);
    const bool same_topic =
        announced != maps.end() &&
        (announced->second.ids.dest.empty() || announced->second.ids.dest == destination.at(pair.destination.topic).id);
    if (same_topic && !announced->second.map.empty()) map = ReachingToTheEnd(announced->second.map);
    auto proof = co_await link::VerifyPartition(clusters.source, clusters.destination, pair.source, pair.destination,
                                                map ? &*map : nullptr, options);
    if (proof.ok()) {
      Take(out, *proof);
    } else {
      out.reason = Text(proof.status());
    }
  }
  co_return absl::OkStatus();
}

Async<StatusOr<VerifyView>> Verify(const config::Config& config, const config::LinkConfig& link, VerifyAsk ask) {
  SystemClock clock;
  const Executor executor = co_await asio::this_coro::executor;
  Clusters clusters(config, link, executor, clock);
  VerifyView view;
  view.link = link.name;
  view.full = ask.full;
  const Status compared = co_await Compare(clusters, config, link, std::move(ask), view);
  co_await clusters.source.Close();
  co_await clusters.destination.Close();
  CO_RETURN_IF_ERROR(compared);
  view.verdict = WorstVerdict(view.partitions);
  co_return view;
}

}  // namespace

StatusOr<VerifyView> VerifyLink(const config::Config& config, const config::LinkConfig& link, const VerifyAsk& ask) {
  return Await(Verify(config, link, ask));
}

}  // namespace klink::cli
