// Text as it may stand in a YAML file.
#pragma once

#include <string>
#include <string_view>

namespace klink::config {

// Plain where nothing in it has a meaning to YAML, else in double quotes.
std::string Quoted(std::string_view text);

}  // namespace klink::config
