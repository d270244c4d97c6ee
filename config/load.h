// From a file to a Config: strict, and with every complaint at once. The error text has one line for each:
//   file:line:col: path: what is wrong; what to do
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "config/bind.h"
#include "config/schema.h"

namespace klink::config {

constexpr size_t kFileBytesMax = limits::kConfigBytes;
constexpr size_t kNestingMax = limits::kConfigDepth;

StatusOr<Config> LoadFile(const std::string& path);
StatusOr<Config> LoadText(std::string_view text, std::string_view file_name, const EnvLookup& env);

// The same with warnings: `config` is only meaningful when no finding is an error.
struct Loaded {
  Config config;
  std::vector<Finding> findings;  // in the order of the file
};
Loaded Load(std::string_view text, std::string_view file_name, const EnvLookup& env);
// YAML as plain nodes; `empty` is said of a file without any. False when there is nothing to bind: the report says why.
bool ParseYaml(std::string_view text, const char* empty, Report& report, Node& root);
StatusOr<std::string> ReadConfigFile(const std::string& path);

}  // namespace klink::config
