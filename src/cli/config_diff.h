// Where two configurations differ, key by key. Pure. Secrets are compared by their references: whether what a reference
// brings in has changed cannot be told.
#pragma once

#include <string>
#include <vector>

#include "base/json_fields.h"

namespace klink::cli {

struct ConfigDifference {
  std::string key;  // "links.paris-to-lyon.topics.refresh"; of a link or cluster that one side lacks: its own
  Json file;        // null: not there
  Json agent;

  static void Describe(auto& m, auto& field) {
    field("key", m.key);
    field("file", m.file);
    field("agent", m.agent);
  }
};

struct ConfigDiffView {
  std::string file;
  std::vector<ConfigDifference> differences;

  static void Describe(auto& m, auto& field) {
    field("file", m.file);
    field("differences", m.differences);
  }
};

// Both as config::ToJson writes them: every default written out. In the order of the file, then what the agent alone
// has.
std::vector<ConfigDifference> DiffConfigs(const Json& file, const Json& agent);

}  // namespace klink::cli
