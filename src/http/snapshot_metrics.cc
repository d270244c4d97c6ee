#include "http/snapshot_metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "http/views.h"

namespace klink::http {
namespace {

constexpr std::array<std::string_view, 4> kLinkStates = {"ACTIVE", "PAUSED", "UNAVAILABLE", "FAILED"};

// Sets series and keeps them.
class Setter {
 public:
  explicit Setter(Metrics& metrics) : metrics_(metrics) {}
  template <size_t N, class... L>
  void Set(Metric<Gauge, N> metric, double value, const L&... labels) {
    Gauge gauge = metrics_.Get(metric, labels...);
    gauge.Set(value);
    held_.push_back(std::move(gauge));
  }
  std::vector<Gauge> Take() { return std::move(held_); }

 private:
  Metrics& metrics_;
  std::vector<Gauge> held_;
};

void SetPartition(Setter& set, const std::string& link, const std::string& topic, const link::PartitionSnapshot& p) {
  const std::string partition = std::to_string(p.partition);
  if (p.lag) set.Set(metric::kPartitionLagRecords, static_cast<double>(*p.lag), link, topic, partition);
  if (p.lag_seconds) set.Set(metric::kPartitionLagSeconds, *p.lag_seconds, link, topic, partition);
  if (p.replicated_to)
    set.Set(metric::kPartitionReplicatedOffset, static_cast<double>(*p.replicated_to), link, topic, partition);
}

// Drills stand by age: of each name the last one counts.
void SetDrills(Setter& set, const link::LinkSnapshot& link) {
  std::map<std::string, const state::DrillRecord*> newest;
  for (const state::DrillRecord& drill : link.drills) newest[drill.drill] = &drill;
  for (const auto& [name, drill] : newest) {
    set.Set(metric::kLastDrillTimestamp, static_cast<double>(drill->finished_ms) / 1000.0, name);
    set.Set(metric::kLastDrillPassed, drill->exit_code == 0 ? 1 : 0, name);
    if (drill->rto_seconds) set.Set(metric::kLastDrillRto, *drill->rto_seconds, name);
    if (drill->rpo_records) set.Set(metric::kLastDrillRpo, static_cast<double>(*drill->rpo_records), name);
  }
}

void SetLink(Setter& set, const link::LinkSnapshot& link, Detail detail) {
  const LinkView view = Summarise(link);
  for (const std::string_view state : kLinkStates) {
    set.Set(metric::kLinkState, state == link.state ? 1 : 0, link.name, state);
  }
  for (const auto& [state, count] : view.mirrors) {
    set.Set(metric::kMirrorTopics, static_cast<double>(count), link.name, state);
  }
  for (const link::TaskSnapshot& task : link.tasks) set.Set(metric::kTaskState, 1, link.name, task.name, task.state);
  set.Set(metric::kPartitions, static_cast<double>(view.partitions.identical), link.name, "identical");
  set.Set(metric::kPartitions, static_cast<double>(view.partitions.translated), link.name, "translated");
  for (const link::MirrorSnapshot& mirror : link.mirrors) {
    const MirrorView summary = Summarise(mirror);
    if (summary.lag) set.Set(metric::kLagRecords, static_cast<double>(*summary.lag), link.name, mirror.topic);
    std::map<std::string, int> reasons;
    for (const link::PartitionSnapshot& partition : mirror.partitions)
      if (partition.reason_code) ++reasons[*partition.reason_code];
    if (mirror.reason_code && reasons.empty()) reasons[*mirror.reason_code] = 1;
    for (const auto& [reason, count] : reasons)
      set.Set(metric::kPartitionReasons, count, link.name, mirror.topic, reason);
    if (summary.lag_seconds) {
      set.Set(metric::kLagSeconds, *summary.lag_seconds, link.name, mirror.topic);
      const bool more = std::any_of(mirror.partitions.begin(), mirror.partitions.end(),
                                    [](const link::PartitionSnapshot& p) { return p.lag_seconds_may_be_more; });
      if (more) set.Set(metric::kLagSecondsLowerBound, 1, link.name, mirror.topic);
    }
    if (detail == Detail::kPartitions)
      for (const link::PartitionSnapshot& partition : mirror.partitions)
        SetPartition(set, link.name, mirror.topic, partition);
  }
  SetDrills(set, link);
  for (const SetView& of : view.sets)
    if (of.lag_seconds) set.Set(metric::kRpoSeconds, *of.lag_seconds, link.name, of.name);
  if (view.failover.lost_seconds) set.Set(metric::kRpoSeconds, *view.failover.lost_seconds, link.name, "all");
}

}  // namespace

void SnapshotMetrics::Update(const link::AgentSnapshot& snapshot) {
  Setter set(metrics_);
  set.Set(metric::kBuildInfo, 1, snapshot.version);
  std::map<std::string, bool> reachable;  // a cluster may serve several links
  for (const link::LinkSnapshot& link : snapshot.links) {
    SetLink(set, link, detail_);
    for (const link::ClusterSnapshot* cluster : {&link.source, &link.destination}) {
      if (cluster->reachable) reachable[cluster->name] = *cluster->reachable;
    }
  }
  for (const auto& [name, answers] : reachable) set.Set(metric::kClusterReachable, answers ? 1 : 0, name);
  held_ = set.Take();
}

}  // namespace klink::http
