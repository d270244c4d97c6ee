#include "cli/config_diff.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace klink::cli {
namespace {

using Members = std::vector<std::pair<std::string, const Json*>>;

// The parts of a value that are compared each for itself: the keys of a mapping, and the entries of a list by their
// names. Other lists, and scalars, are compared as a whole.
std::optional<Members> PartsOf(const Json& value) {
  Members parts;
  if (value.is_object()) {
    for (const auto& [key, part] : value.get_object()) parts.emplace_back(std::string(key.data(), key.size()), &part);
    return parts;
  }
  if (!value.is_array()) return std::nullopt;
  for (const Json& entry : value.get_array()) {
    const Json* name = FindJson(entry, "name");
    if (name == nullptr || !name->is_string()) return std::nullopt;
    parts.emplace_back(TextOf(name->get_string()), &entry);
  }
  return parts;
}

const Json* Find(const Members& parts, std::string_view name) {
  const auto at = std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.first == name; });
  return at == parts.end() ? nullptr : at->second;
}

void Compare(const std::string& path, const Json& file, const Json& agent, std::vector<ConfigDifference>& out) {
  if (file == agent) return;
  const std::optional<Members> mine = PartsOf(file), theirs = PartsOf(agent);
  if (!mine || !theirs) {
    out.push_back({path, file, agent});
    return;
  }
  const auto below = [&path](const std::string& name) {
    return path.empty() ? name : fmt::format("{}.{}", path, name);
  };
  for (const auto& [name, part] : *mine) {
    const Json* other = Find(*theirs, name);
    if (other != nullptr) {
      Compare(below(name), *part, *other, out);
    } else {
      out.push_back({below(name), *part, Json(nullptr)});
    }
  }
  for (const auto& [name, part] : *theirs) {
    if (Find(*mine, name) == nullptr) out.push_back({below(name), Json(nullptr), *part});
  }
}

}  // namespace

std::vector<ConfigDifference> DiffConfigs(const Json& file, const Json& agent) {
  std::vector<ConfigDifference> out;
  Compare("", file, agent, out);
  return out;
}

}  // namespace klink::cli
