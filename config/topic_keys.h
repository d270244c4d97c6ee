// Which settings of a topic travel from the source to its mirror: one table. `topics.configs.include` and `exclude`
// move keys between what travels by default and what stays the destination's; the rest of the table is not theirs to
// move.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace klink::config {

enum class KeyRule {
  kData,     // always: the source's effective value becomes the mirror's own, because it decides what data exists
  kKlinks,   // always: klink's own value, without which the copy is not exact
  kNever,    // the destination's: its replicas, its throttles, its tiered storage
  kDefault,  // what is overridden at the source is overridden at the mirror, and nothing else
  kOther,    // as kDefault when included, else the destination's
};
KeyRule RuleOf(std::string_view key);

// In the order of the table.
const std::vector<std::string>& DataKeys();
const std::vector<std::string>& DefaultKeys();

// For Spec::check of the two lists.
Status CheckIncludedKey(std::string_view key);
Status CheckExcludedKey(std::string_view key);

}  // namespace klink::config
