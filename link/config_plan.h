// How a mirror's topic settings follow its source's (config/topic_keys.h has the rules). Pure: both topics' settings
// in, the changes out. The lists decide alone: what is in them is as at the source, whether somebody set it at the
// mirror or took it away there; what is not in them is not touched.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/schema_link.h"

namespace klink::link {

struct Setting {
  std::string value;
  bool own = false;  // an override of the topic, not a default of its cluster
  friend bool operator==(const Setting&, const Setting&) = default;
};
using TopicSettings = std::map<std::string, Setting>;  // every key the cluster knows

struct SettingChange {
  std::string key;
  std::optional<std::string> value;  // nothing: the override is taken away
  std::optional<std::string> was;    // the override there now
  friend bool operator==(const SettingChange&, const SettingChange&) = default;
};

struct ConfigPlan {
  std::map<std::string, std::optional<std::string>> wanted;  // every override the lists speak of, or its absence
  std::vector<SettingChange> always;                         // without these the copy is not what it should be
  std::vector<SettingChange> others;
  std::vector<std::string> unknown;  // overridden at the source, in the lists, and the destination does not know them
};

// Until every partition is aligned nothing may be removed, and only a log that deletes can be trimmed (protocol.md L2).
enum class Aligned { kNo, kYes };

ConfigPlan PlanConfigs(const TopicSettings& source, const TopicSettings& mirror, const config::TopicConfigs& lists,
                       Aligned aligned);

// What the settings that always travel are at the mirror, by the source's effective values. A `raised` one is named.
std::map<std::string, std::string> AlwaysConfigs(const std::map<std::string, std::string>& source, Aligned aligned,
                                                 std::vector<std::string>& raised);

// "retention.ms=1000, flush.ms removed"
std::string ChangesText(const std::vector<SettingChange>& changes);

}  // namespace klink::link
