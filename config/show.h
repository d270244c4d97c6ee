// The effective configuration, as YAML that can be loaded again. A secret is shown as its reference.
#pragma once

#include <string>

#include "config/schema.h"

namespace klink::config {

std::string ToYaml(const Config& config);

}  // namespace klink::config
