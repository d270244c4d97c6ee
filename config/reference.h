// What may stand in a configuration, for people and for editors, from the same description that the loader follows.
#pragma once

#include <string>
#include <vector>

namespace klink::config {

struct ReferenceRow {
  std::string key;     // "links[].topics.include"
  std::string form;    // "duration from 1s to 1h"
  std::string preset;  // the default; empty: none
  std::string state;   // "supported", or what is refused for now
  std::string help;
  bool required = false;
};
// Every key, in the order of the file.
std::vector<ReferenceRow> ReferenceRows();
// One table row per key: form, default, state (supported, or what is refused for now), meaning.
std::string ReferenceMarkdown();
// JSON Schema (2020-12) of the file. References such as ${env:V} are allowed in every value.
std::string JsonSchema();

}  // namespace klink::config
