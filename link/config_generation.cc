#include "link/config_generation.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/digest.h"
#include "config/settings.h"

namespace klink::link {
namespace {

constexpr size_t kKeysShown = 5;

}  // namespace

std::optional<state::ConfigRecord> NextGeneration(const config::LinkConfig& link,
                                                  const std::optional<state::ConfigRecord>& known,
                                                  const std::string& agent) {
  state::ConfigRecord next;
  next.text = config::ToText(config::SettingsOf(link));
  next.fingerprint = Sha256Hex(std::string_view(next.text));
  next.generation = known ? known->generation + 1 : 1;
  next.agent = agent;
  if (known && known->fingerprint == next.fingerprint) return std::nullopt;
  return next;
}

std::vector<std::string> DifferingSettings(const config::LinkConfig& link,
                                           const std::optional<state::ConfigRecord>& known) {
  if (!known) return {};
  return config::Differences(config::SettingsOf(link), config::ParseSettings(known->text));
}

std::string DifferenceText(const state::ConfigRecord& known, const std::vector<std::string>& keys) {
  std::vector<std::string> shown(keys.begin(),
                                 keys.begin() + static_cast<ptrdiff_t>(std::min(keys.size(), kKeysShown)));
  if (keys.size() > kKeysShown) shown.push_back(fmt::format("and {} more", keys.size() - kKeysShown));
  return fmt::format("agent {} runs the link with generation {} of its configuration; this agent's file differs in {}",
                     known.agent, known.generation, fmt::join(shown, ", "));
}

}  // namespace klink::link
