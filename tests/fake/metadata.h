// Metadata as a broker answers it: every version klink speaks; the topics asked for, all of them for null, none for an
// empty list. An unknown topic is UNKNOWN_TOPIC_OR_PARTITION; a partition without a leader LEADER_NOT_AVAILABLE.
#pragma once

#include <set>

#include "kafka/cluster_metadata.h"
#include "kafka/messages/metadata.h"
#include "tests/fake/broker.h"

namespace klink::fake {

// What all brokers of a fake cluster agree on; tests change it while they run.
struct ClusterState {
  std::string cluster_id = "fake-cluster";
  std::map<int32_t, kafka::Endpoint> brokers;
  std::map<std::string, std::vector<kafka::PartitionLeader>> topics;
  std::map<std::string, kafka::Uuid> ids;
  std::map<std::string, int32_t> coordinators;  // by group or transactional id
  std::set<std::string> hidden;                 // groups that klink may not see
  int32_t throttle_ms = 0;

  static kafka::Uuid IdOf(uint8_t n) {
    kafka::Uuid id;
    id.bytes[15] = std::byte{n};
    return id;
  }
};

inline kafka::MetadataTopic DescribeTopic(const ClusterState& cluster, const std::string& name) {
  kafka::MetadataTopic topic;
  topic.name = name;
  auto found = cluster.topics.find(name);
  if (found == cluster.topics.end()) {
    topic.error_code = kafka::Error::kUnknownTopicOrPartition;
    return topic;
  }
  if (auto id = cluster.ids.find(name); id != cluster.ids.end()) topic.topic_id = id->second;
  int32_t index = 0;
  for (const kafka::PartitionLeader& leader : found->second) {
    kafka::MetadataPartition partition;
    partition.error_code = leader.broker < 0 ? kafka::Error::kLeaderNotAvailable : kafka::Error::kNone;
    partition.partition_index = index++;
    partition.leader_id = leader.broker;
    partition.leader_epoch = leader.epoch;
    topic.partitions.push_back(partition);
  }
  return topic;
}

inline kafka::MetadataResponse DescribeCluster(const ClusterState& cluster, const kafka::MetadataRequest& request) {
  kafka::MetadataResponse response;
  response.throttle_time_ms = cluster.throttle_ms;
  response.cluster_id = cluster.cluster_id;
  for (const auto& [id, endpoint] : cluster.brokers) {
    kafka::MetadataBroker broker;
    broker.node_id = id;
    broker.host = endpoint.host;
    broker.port = endpoint.port;
    response.brokers.push_back(broker);
  }
  if (!request.topics) {
    for (const auto& [name, leaders] : cluster.topics) response.topics.push_back(DescribeTopic(cluster, name));
  } else {
    for (const auto& topic : *request.topics)
      response.topics.push_back(DescribeTopic(cluster, topic.name.value_or("")));
  }
  return response;
}

inline void ServeMetadata(Broker& broker, const ClusterState& cluster) {
  broker.Handle(ApiKey::kMetadata, [&cluster](const kafka::RequestHeader& header) {
    return Reply<kafka::MetadataRequest>(header,
                                         [&](const auto& request) { return DescribeCluster(cluster, request); });
  });
}

}  // namespace klink::fake
