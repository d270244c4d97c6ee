// The metrics that describe a state rather than count events: set from the agent's snapshot when somebody scrapes.
// A link, topic or state that is gone from the snapshot is gone from the exposition.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "link/progress.h"

namespace klink::http {

enum class Detail : bool { kTopics, kPartitions };  // series of single partitions too

class SnapshotMetrics {
 public:
  explicit SnapshotMetrics(Metrics& metrics, Detail detail = Detail::kTopics) : metrics_(metrics), detail_(detail) {}
  void Update(const link::AgentSnapshot& snapshot);

 private:
  Metrics& metrics_;
  Detail detail_;
  std::vector<Gauge> held_;  // the series of the last update; they live until the next one took over
};

}  // namespace klink::http
