// FindCoordinator as a broker answers it: versions 3 (one key) and 4 (several). A key without a coordinator is
// COORDINATOR_NOT_AVAILABLE, a hidden one GROUP_AUTHORIZATION_FAILED.
#pragma once

#include "kafka/messages/find_coordinator.h"
#include "tests/fake/broker.h"
#include "tests/fake/metadata.h"

namespace klink::fake {

inline kafka::FoundCoordinator CoordinatorOf(const ClusterState& cluster, const std::string& key) {
  kafka::FoundCoordinator found;
  found.key = key;
  if (cluster.hidden.contains(key)) {
    found.error_code = kafka::Error::kGroupAuthorizationFailed;
    return found;
  }
  auto at = cluster.coordinators.find(key);
  if (at == cluster.coordinators.end()) {
    found.error_code = kafka::Error::kCoordinatorNotAvailable;
    return found;
  }
  const kafka::Endpoint endpoint = cluster.brokers.at(at->second);
  found.node_id = at->second;
  found.host = endpoint.host;
  found.port = endpoint.port;
  return found;
}

inline void ServeFindCoordinator(Broker& broker, const ClusterState& cluster) {
  broker.Handle(ApiKey::kFindCoordinator, [&cluster](const kafka::RequestHeader& header) {
    return Reply<kafka::FindCoordinatorRequest>(header, [&](const kafka::FindCoordinatorRequest& request) {
      kafka::FindCoordinatorResponse response;
      for (const std::string& key : request.coordinator_keys) {
        response.coordinators.push_back(CoordinatorOf(cluster, key));
      }
      const kafka::FoundCoordinator one = CoordinatorOf(cluster, request.key);
      response.error_code = one.error_code;
      response.node_id = one.node_id;
      response.host = one.host;
      response.port = one.port;
      return response;
    });
  });
}

}  // namespace klink::fake
