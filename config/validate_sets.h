// What is wrong with the sets of a link, and with what they are named in.
#pragma once

#include <string>
#include <vector>

#include "config/schema_link.h"

namespace klink::config {

struct SetFinding {
  std::string key;  // below the link: "sets.tier1.topics[0]"
  std::string text;
};

std::vector<SetFinding> CheckSets(const LinkConfig& link);

}  // namespace klink::config
