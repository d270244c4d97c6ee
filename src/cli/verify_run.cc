#include "cli/verify_run.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <random>

#include <boost/asio/signal_set.hpp>

#include "base/task_group.h"
#include "cli/await.h"
#include "config/topic_filter.h"
#include "kafka/cluster.h"
#include "link/cluster_access.h"
#include "link/cluster_admin.h"
#include "link/link_reading.h"
#include "link/topic_listing.h"
#include "link/verify.h"
#include "state/link_topics.h"

namespace klink::cli {
namespace {

constexpr Duration kRoundEvery = 2s;     // of a verification that goes on, when nothing is new
constexpr Duration kTroubleRetry = 10s;  // when a cluster does not answer

using Shapes = std::map<std::string, link::TopicShape>;

// One partition to be compared, or the reason why it cannot be.
struct Pair {
  TopicPartition source;
  TopicPartition destination;
  std::optional<std::string> obstacle;
  link::VerifyOptions::Cleaning cleaning = link::VerifyOptions::Cleaning::kNone;
  link::LogEnds ends{};
  WallTime at{};  // when they were read
};

std::vector<Pair> PairsOf(const Shapes& source, const Shapes& destination, const config::TopicFilter& filter,
                          const VerifyAsk& ask, const std::string& destination_name) {
  std::vector<Pair> pairs;
  for (const auto& [name, shape] : source) {
    if (!filter.Includes(name)) continue;
    const std::string mirror = filter.DestinationName(name);
    if (!ask.topics.empty() && std::find(ask.topics.begin(), ask.topics.end(), mirror) == ask.topics.end()) continue;
    const auto copy = destination.find(mirror);
    const int32_t copied = copy == destination.end() ? 0 : copy->second.partitions;
    for (int32_t p = 0; p < shape.partitions; p++) {
      Pair pair;
      pair.source = {name, p};
      pair.destination = {mirror, p};
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

using Configs = std::map<std::string, std::map<std::string, std::string>>;

bool Compacts(const Configs& configs, const std::string& topic) {
  const auto of_topic = configs.find(topic);
  if (of_topic == configs.end()) return false;
  const auto policy = of_topic->second.find("cleanup.policy");
  return policy != of_topic->second.end() && policy->second.find("compact") != std::string::npos;
}

Async<StatusOr<Configs>> ConfigsOf(kafka::Cluster& cluster, const std::vector<Pair>& pairs,
                                   TopicPartition Pair::* side) {
  std::vector<std::string> topics;
  for (const Pair& pair : pairs) {
    const std::string& topic = (pair.*side).topic;
    if (topics.empty() || topics.back() != topic) topics.push_back(topic);
  }
  co_return co_await link::DescribeTopicConfigs(cluster, std::move(topics));
}

class Verifier {
 public:
  Verifier(const config::Config& config, const config::LinkConfig& link, VerifyAsk ask, Executor executor)
      : config_(config),
        link_(link),
        ask_(std::move(ask)),
        source_(link::OptionsOf(link.source, config.clusters.at(link.source)), executor, clock_),
        destination_(link::OptionsOf(link.destination, config.clusters.at(link.destination)), executor, clock_),
        pace_(clock_, ask_.bytes_per_second) {
    view_.link = link.name;
    view_.full = ask_.full;
    view_.sampled_percent = ask_.sample_percent;
  }

  Async<Status> Once();
  // Round after round until it is stopped (Cancelled), or the first one cannot be done.
  Async<Status> Watch(const WatchEvents& events);
  Async<void> Close() {
    co_await source_.Close();
    co_await destination_.Close();
  }
  VerifyView TakeView() {
    view_.verdict = WorstVerdict(view_.partitions);
    return std::move(view_);
  }

 private:
  Async<StatusOr<std::vector<Pair>>> Look();
  Async<Status> ReadEnds(std::vector<Pair>& pairs);
  Async<Status> ReadMaps();
  Async<StatusOr<link::PartitionProof>> Prove(Pair& pair, std::optional<int64_t> from);
  Async<StatusOr<link::PartitionProof>> ProveOnce(const Pair& pair, std::optional<int64_t> from);
  Async<Status> Round(const WatchEvents& events);

  const config::Config& config_;
  const config::LinkConfig& link_;
  VerifyAsk ask_;
  SystemClock clock_;
  kafka::Cluster source_;
  kafka::Cluster destination_;
  link::Pace pace_;
  Shapes shapes_;  // of the destination
  link::AnnouncedMaps maps_;
  VerifyView view_;
  // Of a verification that goes on, by mirror partition.
  struct Reached {
    size_t index = 0;                       // in view_
    std::optional<int64_t> compared_up_to;  // source offset
    int64_t copy_end = -1;
  };
  std::map<TopicPartition, Reached> reached_;
};

// Which partitions there are, and which are cleaned by compaction.
Async<StatusOr<std::vector<Pair>>> Verifier::Look() {
  CO_TRY(const config::TopicFilter filter, config::TopicFilter::Compile(link_.topics));
  CO_TRY(const link::Listing source, co_await link::ListTopics(source_, std::nullopt));
  CO_TRY(link::Listing destination, co_await link::ListTopics(destination_, std::nullopt));
  shapes_ = std::move(destination.topics);
  std::vector<Pair> pairs = PairsOf(source.topics, shapes_, filter, ask_, link_.destination);
  for (const std::string& topic : ask_.topics) {
    const auto is_it = [&topic](const Pair& pair) { return pair.destination.topic == topic; };
    if (std::none_of(pairs.begin(), pairs.end(), is_it)) {
      co_return NotFound("link {} mirrors no topic to {}: the source has none of that name, or topics excludes it",
                         link_.name, topic);
    }
  }
  CO_TRY(const Configs originals, co_await ConfigsOf(source_, pairs, &Pair::source));
  CO_TRY(const Configs copies, co_await ConfigsOf(destination_, pairs, &Pair::destination));
  for (Pair& pair : pairs) {
    if (Compacts(originals, pair.source.topic) || Compacts(copies, pair.destination.topic))
      pair.cleaning = link::VerifyOptions::Cleaning::kCompacts;
  }
  co_return pairs;
}

Async<Status> Verifier::ReadEnds(std::vector<Pair>& pairs) {
  for (Pair& pair : pairs) {
    if (pair.obstacle) continue;
    pair.at = clock_.Wall();
    auto ends = co_await link::EndsOf(source_, destination_, pair.source, pair.destination);
    if (IsCancelled(ends.status())) co_return ends.status();
    if (ends.ok())
      pair.ends = *ends;
    else
      pair.obstacle = Text(ends.status());
  }
  co_return absl::OkStatus();
}

Async<Status> Verifier::ReadMaps() {
  maps_.clear();
  if (!shapes_.contains(state::RunsTopic(link_.name))) co_return absl::OkStatus();
  const admin::Access access = link::AccessOf(link_.destination, config_.clusters.at(link_.destination),
                                              co_await asio::this_coro::executor, clock_);
  StatusOr<link::AnnouncedMaps> maps = co_await link::ReadAnnouncedMaps(access, link_.name);
  co_await link::CloseAccess(access);
  CO_TRY(maps_, std::move(maps));
  co_return absl::OkStatus();
}

Async<StatusOr<link::PartitionProof>> Verifier::ProveOnce(const Pair& pair, std::optional<int64_t> from) {
  const std::optional<offsets::Translation> map =
      link::MapOf(maps_, pair.destination, link::IdText(shapes_.at(pair.destination.topic).id));
  link::VerifyOptions options = link::ComparisonOf(link_);
  options.from = from;
  options.cleaning = pair.cleaning;
  options.sample_percent = ask_.sample_percent;
  options.sample_seed = std::random_device()();
  if (ask_.full) options.depth = link::VerifyOptions::Depth::kBytes;
  co_return co_await link::VerifyPartition(source_, destination_, pair.source, pair.destination, pair.ends,
                                           map ? &*map : nullptr, options, pace_);
}

// A cleaner may remove a record while it is looked for, because of one that came after the ends were read. So a
// difference in a compacted topic is believed when a second reading, up to later ends, finds one too.
Async<StatusOr<link::PartitionProof>> Verifier::Prove(Pair& pair, std::optional<int64_t> from) {
  CO_TRY(link::PartitionProof proof, co_await ProveOnce(pair, from));
  if (proof.differences_total == 0 || pair.cleaning == link::VerifyOptions::Cleaning::kNone) co_return proof;
  pair.at = clock_.Wall();
  CO_TRY(pair.ends, co_await link::EndsOf(source_, destination_, pair.source, pair.destination));
  CO_RETURN_IF_ERROR(co_await ReadMaps());
  co_return co_await ProveOnce(pair, from);
}

Async<Status> Verifier::Once() {
  CO_TRY(std::vector<Pair> pairs, co_await Look());
  CO_RETURN_IF_ERROR(co_await ReadEnds(pairs));
  CO_RETURN_IF_ERROR(co_await ReadMaps());
  const Coverage coverage = ask_.sample_percent ? Coverage::kSample : Coverage::kWhole;
  for (Pair& pair : pairs) {
    VerifiedPartitionView& out = view_.partitions.emplace_back(ViewOf(pair));
    if (pair.obstacle) continue;
    const auto proof = co_await Prove(pair, ask_.from);
    if (proof.ok())
      TakeProof(out, *proof, pair.at, coverage);
    else
      out.reason = Text(proof.status());
  }
  co_return absl::OkStatus();
}

// What was appended to the copies since the last round.
Async<Status> Verifier::Round(const WatchEvents& events) {
  CO_TRY(std::vector<Pair> pairs, co_await Look());
  CO_RETURN_IF_ERROR(co_await ReadEnds(pairs));
  bool maps_read = false;
  for (Pair& pair : pairs) {
    const auto [entry, fresh] = reached_.try_emplace(pair.destination);
    Reached& reached = entry->second;
    if (fresh) {
      reached.index = view_.partitions.size();
      view_.partitions.push_back(ViewOf(pair));
      if (pair.obstacle) events.progress(view_.partitions.back(), 0);
    }
    if (pair.obstacle || reached.copy_end == pair.ends.copy_end) continue;
    if (!std::exchange(maps_read, true)) CO_RETURN_IF_ERROR(co_await ReadMaps());
    const auto from = reached.compared_up_to ? reached.compared_up_to : ask_.from;
    const auto proof = co_await Prove(pair, from);
    if (IsCancelled(proof.status())) co_return proof.status();
    if (!proof.ok()) {
      events.trouble(proof.status());
      continue;
    }
    reached.copy_end = pair.ends.copy_end;
    reached.compared_up_to = std::max(proof->compared_up_to, proof->from);
    VerifiedPartitionView& out = view_.partitions[reached.index];
    const size_t seen = out.differences.size();
    if (AddProof(out, *proof, pair.at)) events.progress(out, seen);
  }
  co_return absl::OkStatus();
}

Async<Status> Verifier::Watch(const WatchEvents& events) {
  for (bool first = true;; first = false) {
    const Status round = co_await Round(events);
    if (IsCancelled(round)) co_return absl::OkStatus();
    if (!round.ok() && first) co_return round;
    if (!round.ok()) events.trouble(round);
    if (!(co_await clock_.Sleep(round.ok() ? kRoundEvery : kTroubleRetry)).ok()) co_return absl::OkStatus();
  }
}

Async<void> WatchAndTell(Verifier& verifier, const WatchEvents& events, asio::signal_set& signals, Status& ended) {
  ended = co_await verifier.Watch(events);
  signals.cancel();
}

Async<StatusOr<VerifyView>> WatchUntilSignal(const config::Config& config, const config::LinkConfig& link,
                                             VerifyAsk ask, const WatchEvents& events) {
  const Executor executor = co_await asio::this_coro::executor;
  Verifier verifier(config, link, std::move(ask), executor);
  asio::signal_set signals(executor, SIGINT, SIGTERM);
  TaskGroup group(executor);
  Status ended;
  group.Spawn(WatchAndTell(verifier, events, signals, ended));
  (void)co_await signals.async_wait(kAsTuple);
  group.Stop();
  co_await verifier.Close();
  co_await group.Join();
  CO_RETURN_IF_ERROR(ended);
  co_return verifier.TakeView();
}

}  // namespace

Async<StatusOr<VerifyView>> VerifyNow(const config::Config& config, const config::LinkConfig& link, VerifyAsk ask) {
  const Executor executor = co_await asio::this_coro::executor;
  Verifier verifier(config, link, std::move(ask), executor);
  const Status compared = co_await verifier.Once();
  co_await verifier.Close();
  CO_RETURN_IF_ERROR(compared);
  co_return verifier.TakeView();
}

StatusOr<VerifyView> VerifyLink(const config::Config& config, const config::LinkConfig& link, const VerifyAsk& ask) {
  return Await(VerifyNow(config, link, ask));
}

StatusOr<VerifyView> WatchLink(const config::Config& config, const config::LinkConfig& link, const VerifyAsk& ask,
                               const WatchEvents& events) {
  return Await(WatchUntilSignal(config, link, ask, events));
}

}  // namespace klink::cli
