#include "config/settings.h"

#include <set>

#include "config/value_text.h"

namespace klink::config {
namespace {

class Flattener {
 public:
  template <Described T>
  void Struct(const std::string& path, const T& value) {
    auto field = [&](const char* key, const auto& member, const Spec& spec) {
      Field(path.empty() ? key : fmt::format("{}.{}", path, key), member, spec);
    };
    T::Describe(value, field);
  }
  Settings Take() { return std::move(out_); }

 private:
  template <class T>
  void Field(const std::string& path, const T& value, const Spec& spec) {
    out_[path] = ValueText(value, spec);
  }
  template <Described T>
  void Field(const std::string& path, const T& value, const Spec&) {
    Struct(path, value);
  }
  template <class T>
  void Field(const std::string& path, const std::vector<T>& values, const Spec& spec) {
    for (size_t i = 0; i < values.size(); i++) Field(fmt::format("{}[{}]", path, i), values[i], spec);
  }
  template <class T>
  void Field(const std::string& path, const std::map<std::string, T>& values, const Spec& spec) {
    for (const auto& [name, value] : values) Field(fmt::format("{}.{}", path, name), value, spec);
  }

  Settings out_;
};

template <Described T>
Settings Flat(const T& value) {
  Flattener flattener;
  flattener.Struct("", value);
  return flattener.Take();
}

// An entry of a list has no default of its own: an empty text in it is a form that was not chosen.
template <Described T>
Settings BeyondDefaults(const T& value) {
  Settings settings = Flat(value);
  const Settings defaults = Flat(T{});
  std::erase_if(settings, [&](const auto& entry) {
    const auto same = defaults.find(entry.first);
    return same == defaults.end() ? entry.second.empty() : same->second == entry.second;
  });
  return settings;
}

}  // namespace

Settings SettingsOf(const LinkConfig& link) { return BeyondDefaults(link); }
Settings SettingsOf(const ClusterConfig& cluster) { return BeyondDefaults(cluster); }
Settings SettingsOf(const Agent& agent) { return BeyondDefaults(agent); }

std::string ToText(const Settings& settings) {
  std::string text;
  for (const auto& [key, value] : settings) text += fmt::format("{}: {}\n", key, value);
  return text;
}

Settings ParseSettings(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const size_t colon = line.find(": "); colon != std::string_view::npos)
      settings.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return settings;
}

std::vector<std::string> Differences(const Settings& a, const Settings& b) {
  std::set<std::string> keys;
  for (const auto* one : {&a, &b}) {
    const Settings& other = one == &a ? b : a;
    for (const auto& [key, value] : *one) {
      const auto found = other.find(key);
      if (found == other.end() || found->second != value) keys.insert(key);
    }
  }
  return {keys.begin(), keys.end()};
}

}  // namespace klink::config
