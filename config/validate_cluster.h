// Do the security keys of a cluster make sense together? Pure.
#pragma once

#include <string>
#include <vector>

#include "config/origin.h"
#include "config/schema_cluster.h"

namespace klink::config {

struct SecurityFinding {
  Severity severity = Severity::kError;
  std::string key;  // of the cluster
  std::string text;
};
std::vector<SecurityFinding> CheckSecurity(const ClusterConfig& cluster);

}  // namespace klink::config
