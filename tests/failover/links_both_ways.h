// Two clusters and a link of `orders` each way, as configurations have them.
#pragma once

#include <string>
#include <utility>

#include "config/schema.h"

namespace klink::failover {

inline config::LinkConfig LinkOf(std::string name, std::string source, std::string destination, std::string topic) {
  config::LinkConfig link;
  link.name = std::move(name);
  link.source = std::move(source);
  link.destination = std::move(destination);
  link.topics.include.emplace_back().literal = std::move(topic);
  return link;
}

inline config::Config BothWays() {
  config::Config config;
  config.links = {LinkOf("paris-to-lyon", "paris", "lyon", "orders"),
                  LinkOf("lyon-to-paris", "lyon", "paris", "orders")};
  return config;
}

}  // namespace klink::failover
