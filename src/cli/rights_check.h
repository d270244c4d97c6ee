// Asking both clusters of a link what klink may do there, for `klink validate --connect`. Nothing is changed.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "config/schema.h"

namespace klink::cli {

struct RightsFound {
  std::vector<std::string> missing;
  std::vector<std::string> warnings;  // excess rights, other writers, what could not be asked
};
Async<RightsFound> CheckRights(const config::Config& config, const config::LinkConfig& link);

}  // namespace klink::cli
