#include "config/reload_plan.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "config/settings.h"

namespace klink::config {
namespace {

// Settings that a mirror takes when it begins; the others are looked at whenever they are needed.
constexpr std::string_view kOfMirrors[] = {"topics.log_start", "offsets",      "prefill_limit", "holes", "fill_ratio",
                                           "fill_limit",       "transactions", "timestamps",    "acks",  "on_gap",
                                           "on_foreign_write"};
// … and that a link takes when it begins: its clusters, and how it reaches their ACLs and quotas.
constexpr std::string_view kOfLinks[] = {"source", "destination", "acls.enabled", "acls.exclude", "quotas.enabled"};
constexpr size_t kKeysShown = 8;

bool IsOrIsBelow(std::string_view key, std::string_view top) {
  return key.starts_with(top) &&
         (key.size() == top.size() || key[top.size()] == '.' || key[top.size()] == '_' || key[top.size()] == '[');
}

LinkReload ReachOf(std::string_view key) {
  for (const std::string_view link : kOfLinks)
    if (IsOrIsBelow(key, link)) return LinkReload::kRestart;
  for (const std::string_view mirrors : kOfMirrors)
    if (IsOrIsBelow(key, mirrors)) return LinkReload::kMirrors;
  return LinkReload::kLive;
}

const LinkConfig* Find(const Config& config, const std::string& name) {
  for (const LinkConfig& link : config.links)
    if (link.name == name) return &link;
  return nullptr;
}

Settings ClusterOf(const Config& config, const std::string& name) {
  const auto found = config.clusters.find(name);
  return found == config.clusters.end() ? Settings() : SettingsOf(found->second);
}

LinkChange Compare(const Config& running, const Config& next, const LinkConfig& was, const LinkConfig& is) {
  LinkChange change;
  change.link = is.name;
  change.keys = Differences(SettingsOf(was), SettingsOf(is));
  for (const std::string& key : change.keys) change.reload = std::max(change.reload, ReachOf(key));
  for (const std::string& cluster : {is.source, is.destination}) {
    for (const std::string& key : Differences(ClusterOf(running, cluster), ClusterOf(next, cluster))) {
      change.keys.push_back(fmt::format("clusters.{}.{}", cluster, key));
      change.reload = LinkReload::kRestart;
    }
  }
  return change;
}

Status CheckAgent(const Agent& running, const Agent& next, ReloadPlan& plan) {
  for (const std::string& key : Differences(SettingsOf(running), SettingsOf(next))) {
    if (key.starts_with("log.")) {
      plan.log = true;
      continue;
    }
    return FailedPrecondition(
        "agent.{} changed, which takes a restart of the agent; the configuration in force stays until then", key);
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<ReloadPlan> PlanReload(const Config& running, const Config& next) {
  ReloadPlan plan;
  RETURN_IF_ERROR(CheckAgent(running.agent, next.agent, plan));
  for (const LinkConfig& link : next.links) {
    const LinkConfig* was = Find(running, link.name);
    LinkChange change{link.name, LinkReload::kAdd, {}};
    if (was != nullptr) change = Compare(running, next, *was, link);
    if (was == nullptr || !change.keys.empty()) plan.links.push_back(std::move(change));
  }
  for (const LinkConfig& link : running.links)
    if (Find(next, link.name) == nullptr) plan.links.push_back({link.name, LinkReload::kRemove, {}});
  return plan;
}

std::string SummaryOf(const ReloadPlan& plan) {
  std::vector<std::string> parts;
  if (plan.log) parts.push_back("agent.log");
  for (const LinkChange& change : plan.links) {
    std::vector<std::string> keys(
        change.keys.begin(), change.keys.begin() + static_cast<ptrdiff_t>(std::min(kKeysShown, change.keys.size())));
    if (change.keys.size() > kKeysShown) keys.push_back(fmt::format("and {} more", change.keys.size() - kKeysShown));
    if (change.reload == LinkReload::kAdd) keys = {"added"};
    if (change.reload == LinkReload::kRemove) keys = {"removed"};
    parts.push_back(fmt::format("{}: {}", change.link, fmt::join(keys, ", ")));
  }
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace klink::config
