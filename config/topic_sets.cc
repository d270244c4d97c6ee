#include "config/topic_sets.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace klink::config {

StatusOr<TopicSets> TopicSets::Compile(const std::map<std::string, TopicSet>& sets) {
  TopicSets out;
  for (const auto& [name, set] : sets) {
    Compiled compiled{name, set, {}};
    for (const Pattern& pattern : set.topics) {
      TRY(auto rule, NameRule::Make(pattern));
      compiled.rules.push_back(std::move(rule));
    }
    out.sets_.push_back(std::move(compiled));
  }
  std::sort(out.sets_.begin(), out.sets_.end(), [](const Compiled& a, const Compiled& b) {
    return a.set.priority != b.set.priority ? a.set.priority > b.set.priority : a.name < b.name;
  });
  return out;
}

const std::string* TopicSets::SetOf(std::string_view source_topic) const {
  for (const Compiled& set : sets_)
    for (const auto& rule : set.rules)
      if (rule->Matches(source_topic)) return &set.name;
  return nullptr;
}

const TopicSet* TopicSets::Find(std::string_view name) const {
  for (const Compiled& set : sets_)
    if (set.name == name) return &set.set;
  return nullptr;
}

int64_t TopicSets::PriorityOf(std::string_view source_topic) const {
  const std::string* name = SetOf(source_topic);
  return name == nullptr ? -1 : Find(*name)->priority;
}

Status TopicSets::CheckKnown(std::string_view name, std::string_view link) const {
  if (Find(name) != nullptr) return absl::OkStatus();
  const std::vector<std::string> names = Names();
  if (names.empty()) return NotFound("link {} has no sets; its configuration names them under sets", link);
  const std::string near = Nearest(name, names);
  if (!near.empty()) return NotFound("link {} has no set {}; did you mean {}?", link, name, near);
  return NotFound("link {} has no set {}; its sets are {}", link, name, fmt::join(names, ", "));
}

std::vector<std::string> TopicSets::Names() const {
  std::vector<std::string> names;
  for (const Compiled& set : sets_) names.push_back(set.name);
  return names;
}

}  // namespace klink::config
