// What one key alone cannot tell: names that must exist, differ or compile. Pure; the findings carry the places
// remembered in config.origin.
#pragma once

#include <vector>

#include "config/schema.h"

namespace klink::config {

std::vector<Finding> Validate(const Config& config);

}  // namespace klink::config
