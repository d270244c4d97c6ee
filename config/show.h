// The effective configuration, as YAML that can be loaded again, and as JSON. A secret is shown as its reference.
#pragma once

#include <string>

#include "base/json.h"
#include "config/schema.h"

namespace klink::config {

std::string ToYaml(const Config& config);
Json ToJson(const Config& config);

}  // namespace klink::config
