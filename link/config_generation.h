// The configuration a link runs with, as its state keeps it: whoever leads the link writes its own file's settings
// there under the next generation, and every other agent of the link compares its file with them. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/schema_link.h"
#include "state/records.h"

namespace klink::link {

// The record that must follow `known`; nothing when that says the same already.
std::optional<state::ConfigRecord> NextGeneration(const config::LinkConfig& link,
                                                  const std::optional<state::ConfigRecord>& known,
                                                  const std::string& agent);

// The settings of this file that differ from those the link runs with.
std::vector<std::string> DifferingSettings(const config::LinkConfig& link,
                                           const std::optional<state::ConfigRecord>& known);
// "agent a runs the link with generation 3; this agent's file differs in topics.refresh"
std::string DifferenceText(const state::ConfigRecord& known, const std::vector<std::string>& keys);

}  // namespace klink::link
