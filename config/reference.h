// What may stand in a configuration, for people and for editors, from the same description that the loader follows.
#pragma once

#include <string>

namespace klink::config {

// One table row per key: form, default, state (supported, or what is refused for now), meaning.
std::string ReferenceMarkdown();
// JSON Schema (2020-12) of the file. References such as ${env:V} are allowed in every value.
std::string JsonSchema();

}  // namespace klink::config
