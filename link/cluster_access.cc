#include "link/cluster_access.h"

namespace klink::link {

kafka::ClusterOptions OptionsOf(const std::string& name, const config::ClusterConfig& cluster) {
  kafka::ClusterOptions options;
  options.name = name;
  options.bootstrap = kafka::ParseBootstrap(cluster.bootstrap_servers).value_or(std::vector<kafka::Endpoint>());
  options.client_id = cluster.client_id;
  options.rack = cluster.client_rack;
  return options;
}

admin::Access AccessOf(const std::string& name, const config::ClusterConfig& cluster) {
  admin::Access access;
  access.cluster = name;
  access.properties = {{"bootstrap.servers", cluster.bootstrap_servers}, {"client.id", cluster.client_id}};
  return access;
}

}  // namespace klink::link
