// The topics of one cluster as its metadata tells them. A broker that has only just begun, or whose controller is gone,
// may tell little: what it does not say is not taken for a fact.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kafka/cluster.h"
#include "link/topic_plan.h"

namespace klink::link {

struct Listing {
  std::map<std::string, TopicShape> topics;
  std::map<std::string, Status> unclear;  // there, but not told whole: neither gone nor to be acted upon
  std::set<std::string> hidden;           // asked for by name: the cluster does not let klink see them
  int32_t brokers = 0;
};

// Pure. Unavailable: the answer names no broker, so that it says nothing about topics either.
StatusOr<Listing> ListingOf(const kafka::MetadataResponse& metadata, std::string_view cluster);

// All topics, or those named.
Async<StatusOr<Listing>> ListTopics(kafka::Cluster& cluster, std::optional<std::vector<std::string>> topics);

std::string IdText(const kafka::Uuid& id);  // empty where the cluster has none

}  // namespace klink::link
