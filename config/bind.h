// Gives a parsed file its meaning: fills the described structs from the nodes and collects everything that is wrong.
#pragma once

#include <string>
#include <vector>

#include "config/node.h"
#include "config/schema.h"
#include "config/tokens.h"

namespace klink::config {

// All complaints about one file.
struct Report {
  std::string file;
  std::vector<Finding> findings;

  void Add(Severity severity, Position at, std::string path, std::string text);
  void Error(Position at, std::string path, std::string text) {
    Add(Severity::kError, at, std::move(path), std::move(text));
  }
  bool HasErrors() const;
};

// The config with its Origin; complaints go to `report`. What could not be read keeps its default.
Config Bind(const Node& root, const EnvLookup& env, Report& report);
// The same of a tokens file.
Tokens BindTokens(const Node& root, const EnvLookup& env, Report& report, Origin& origin);

}  // namespace klink::config
