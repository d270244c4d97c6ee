// What `klink drill run -o json` says.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace klink::it {

struct Drilled {
  int exit_code = -1;
  std::string text;
  Json json = {};

  static std::string Text(const Json& json, const std::string& key) { return JsonText(json, key).value_or(""); }
  std::string outcome() const { return Text(json, "outcome"); }
  std::string verdict(const std::string& list, const std::string& key, const std::string& name) const {
    if (const Json* all = FindJson(json, list); all != nullptr && all->is_array())
      for (const Json& one : all->get_array())
        if (Text(one, key) == name) return Text(one, "verdict");
    return "";
  }
  std::string invariant(const std::string& code) const { return verdict("invariants", "code", code); }
  std::string objective(const std::string& name) const { return verdict("objectives", "objective", name); }
  std::string summary() const { return Text(json, "summary"); }
  // Of the way back.
  std::vector<std::string> commands() const {
    std::vector<std::string> all;
    const Json* failback = FindJson(json, "failback");
    if (failback == nullptr || !failback->is_object()) return all;
    for (const Json& one : FindJson(*failback, "commands")->get_array()) all.push_back(Text(one, "command"));
    return all;
  }
};

}  // namespace klink::it
