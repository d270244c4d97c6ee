#include "config/validate_sets.h"

#include "config/name_rule.h"
#include "config/topic_filter.h"

namespace klink::config {
namespace {

// The first rule of a set above that takes a topic this one takes too.
std::string SharedWith(const std::map<std::string, TopicSet>& sets, const std::string& name, const Pattern& pattern) {
  for (const auto& [other, set] : sets) {
    if (other == name) return "";
    for (const Pattern& theirs : set.topics)
      if (CheckPattern(theirs).ok() && SurelyOverlap(pattern, theirs))
        return fmt::format("takes topics that set '{}' has by {}; a topic belongs to one set, narrow one of them",
                           other, PatternText(theirs));
  }
  return "";
}

std::string UnknownSet(const LinkConfig& link, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [other, set] : link.sets) known.push_back(other);
  const std::string near = Nearest(name, known);
  return fmt::format("there is no set '{}'; {}", name,
                     near.empty() ? "add it under sets" : fmt::format("did you mean '{}'?", near));
}

}  // namespace

std::vector<SetFinding> CheckSets(const LinkConfig& link) {
  std::vector<SetFinding> findings;
  for (const auto& [name, set] : link.sets) {
    for (size_t k = 0; k < set.topics.size(); k++) {
      const Pattern& pattern = set.topics[k];
      const std::string entry = fmt::format("sets.{}.topics[{}]", name, k);
      if (const Status bad = CheckPattern(pattern); !bad.ok()) {
        findings.push_back({pattern.regex.empty() ? entry : entry + ".regex", std::string(Text(bad))});
      } else if (std::string shared = SharedWith(link.sets, name, pattern); !shared.empty()) {
        findings.push_back({entry, std::move(shared)});
      }
    }
  }
  const AutoFailover& automatic = link.auto_failover;
  if (automatic.enabled && automatic.sets.empty())
    findings.push_back({"auto_failover", "fails nothing over: name in auto_failover.sets which sets it may"});
  for (size_t k = 0; k < automatic.sets.size(); k++)
    if (!link.sets.contains(automatic.sets[k]))
      findings.push_back({fmt::format("auto_failover.sets[{}]", k), UnknownSet(link, automatic.sets[k])});
  return findings;
}

}  // namespace klink::config
