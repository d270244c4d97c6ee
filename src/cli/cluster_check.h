// Reaching a cluster once, for `klink validate --connect`.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "config/schema.h"
#include "kafka/cluster.h"

namespace klink::cli {

inline constexpr Duration kReachDeadline = 10s;

struct Reached {
  std::string name;
  std::optional<std::string> cluster_id;
  int64_t brokers = 0;
  std::optional<std::string> release;  // of the oldest broker seen
  std::optional<std::string> error;
  Status reached;      // not OK: why
  Status destination;  // not OK: it cannot be written to

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("cluster_id", m.cluster_id);
    field("brokers", m.brokers);
    field("release", m.release);
    field("error", m.error);
  }
};
Async<Reached> Reach(std::string name, config::ClusterConfig cluster);

}  // namespace klink::cli
