// A configuration of two clusters and one link.
#pragma once

#include <string>

#include "config/schema.h"

namespace klink::fake {

inline config::Config TwoClusters(const std::string& link_name = "paris-to-lyon") {
  config::Config config;
  config.clusters["paris"].bootstrap_servers = "p1:9092";
  config.clusters["lyon"].bootstrap_servers = "l1:9092";
  config::LinkConfig& link = config.links.emplace_back();
  link.name = link_name;
  link.source = "paris";
  link.destination = "lyon";
  link.topics.include = {{.prefix = "orders."}};
  return config;
}

}  // namespace klink::fake
