// What a part of the configuration says beyond the defaults, as flat text: "topics.refresh" → "1s". Two parts ask for
// the same when their settings are equal, whatever order or style the files have. A secret is its reference.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/schema.h"

namespace klink::config {

using Settings = std::map<std::string, std::string>;

Settings SettingsOf(const LinkConfig& link);
Settings SettingsOf(const ClusterConfig& cluster);
Settings SettingsOf(const Agent& agent);

// A line each, "key: value".
std::string ToText(const Settings& settings);
// The inverse; what is no such line is left out.
Settings ParseSettings(std::string_view text);
// The keys that one of them lacks, or that differ.
std::vector<std::string> Differences(const Settings& a, const Settings& b);

}  // namespace klink::config
