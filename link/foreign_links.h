// The state of every other link that ends at a cluster, read from its state topic: what is new each time it is
// followed. Only reads; who writes there is its own link's controller.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kafka/cluster.h"
#include "link/provenance.h"

namespace klink::link {

class ForeignLinks {
 public:
  // `own`: a link whose state topic at this cluster is not another one's; empty: none.
  ForeignLinks(kafka::Cluster& cluster, std::string own) : cluster_(cluster), own_(std::move(own)) {}

  // `topics`: all topics of the cluster with their ids. PermissionDenied when a state may not be read,
  // FailedPrecondition when a newer klink wrote it; the others are read all the same.
  Async<Status> Follow(std::map<std::string, kafka::Uuid> topics);
  std::vector<Claim> ClaimsOn(std::string_view topic) const;
  std::vector<Former> FormerCopies(std::string_view topic) const;
  // Of the links that copy from that cluster.
  std::vector<const state::StateView*> From(const std::string& source_cluster_id) const;
  bool any() const { return !links_.empty(); }

 private:
  struct State {
    kafka::Uuid id;
    int64_t next = 0;
    state::StateView view;
  };
  Async<Status> Read(std::string topic, State& state);
  Async<StatusOr<bool>> ReadSome(TopicPartition tp, State& state);

  kafka::Cluster& cluster_;
  std::string own_;
  std::map<std::string, State> links_;  // by link
};

// "a" of "_klink.a.state"; empty for every other name.
std::string LinkOfStateTopic(std::string_view topic);

}  // namespace klink::link
