// JSON written as block YAML, for -o yaml. Text that YAML could read as something else is quoted.
#pragma once

#include <string>

#include "base/json.h"

namespace klink::cli {

std::string ToYaml(const Json& json);

}  // namespace klink::cli
