// What an operator may ask for: plain structs, each described once. The defaults are the member initialisers; a key
// whose `later` is set is read and checked, but only its default is accepted until the feature exists. Nothing that
// stands in a file is silently ignored.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/origin.h"
#include "config/schema_agent.h"
#include "config/schema_cluster.h"
#include "config/schema_drill.h"
#include "config/schema_link.h"

namespace klink::config {

struct Config {
  Agent agent = {};
  std::map<std::string, ClusterConfig> clusters = {};
  std::vector<LinkConfig> links = {};
  std::vector<DrillConfig> drills = {};
  Origin origin = {};  // not a key: where each value was written

  static void Describe(auto& m, auto& field) {
    field("agent", m.agent, {.help = "This process"});
    field("clusters", m.clusters, {.help = "Kafka clusters by name", .required = true, .check = CheckName});
    // [] where all of them are made over Kafka REST.
    field("links", m.links, {.help = "What is mirrored from where to where", .min = 0, .required = true});
    field("drills", m.drills, {.help = "Rehearsals of a failover"});
  }
};

}  // namespace klink::config
