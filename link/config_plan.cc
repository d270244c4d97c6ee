#include "link/config_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/topic_keys.h"

namespace klink::link {
namespace {

constexpr char kForever[] = "-1";
constexpr char kAnyTime[] = "9223372036854775807";
constexpr int64_t kSegmentBytesLeast = 1 << 20;  // Kafka 4.x refuses less (protocol.md G11)
constexpr size_t kShownMost = 8;

bool Has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Brings one override to `want`; nothing is said when it stands already.
void Compare(const TopicSettings& mirror, const std::string& key, std::optional<std::string> want, ConfigPlan& plan,
             std::vector<SettingChange>& changes) {
  plan.wanted[key] = want;
  const auto there = mirror.find(key);
  std::optional<std::string> own;
  if (there != mirror.end() && there->second.own) own = there->second.value;
  if (own != want) changes.push_back({key, std::move(want), std::move(own)});
}

}  // namespace

std::map<std::string, std::string> AlwaysConfigs(const std::map<std::string, std::string>& source, Aligned aligned,
                                                 std::vector<std::string>& raised) {
  std::map<std::string, std::string> configs;
  for (const std::string& key : config::DataKeys())
    if (const auto found = source.find(key); found != source.end() && !found->second.empty()) configs.insert(*found);
  if (auto segment = configs.find("segment.bytes");
      segment != configs.end() && std::atoll(segment->second.c_str()) < kSegmentBytesLeast) {
    raised.push_back(
        fmt::format("segment.bytes {} raised to {}, the least Kafka 4 takes", segment->second, kSegmentBytesLeast));
    segment->second = std::to_string(kSegmentBytesLeast);
  }
  configs["compression.type"] = "producer";
  configs["message.timestamp.type"] = "CreateTime";
  for (const char* bound : {"before", "after"}) configs[fmt::format("message.timestamp.{}.max.ms", bound)] = kAnyTime;
  configs["message.timestamp.difference.max.ms"] = kAnyTime;
  if (aligned == Aligned::kYes) return configs;
  for (const char* key : {"retention.ms", "retention.bytes"})
    if (auto found = configs.find(key); found != configs.end()) found->second = kForever;
  if (auto policy = configs.find("cleanup.policy"); policy != configs.end())
    if (policy->second.find("compact") != std::string::npos) policy->second = "delete";
  return configs;
}

ConfigPlan PlanConfigs(const TopicSettings& source, const TopicSettings& mirror, const config::TopicConfigs& lists,
                       Aligned aligned) {
  ConfigPlan plan;
  std::map<std::string, std::string> effective;
  for (const auto& [key, setting] : source) effective[key] = setting.value;
  std::vector<std::string> raised;  // said when the topic was made
  for (auto& [key, value] : AlwaysConfigs(effective, aligned, raised))
    if (mirror.contains(key)) Compare(mirror, key, std::move(value), plan, plan.always);

  std::vector<std::string> following = config::DefaultKeys();
  for (const std::string& key : lists.include)
    if (!Has(following, key) && config::RuleOf(key) == config::KeyRule::kOther) following.push_back(key);
  for (const std::string& key : following) {
    if (Has(lists.exclude, key)) continue;
    const auto there = source.find(key);
    const bool own = there != source.end() && there->second.own;
    if (!mirror.contains(key)) {
      if (own) plan.unknown.push_back(key);
      continue;
    }
    Compare(mirror, key, own ? std::optional(there->second.value) : std::nullopt, plan, plan.others);
  }
  return plan;
}

std::string ChangesText(const std::vector<SettingChange>& changes) {
  std::string text;
  for (size_t i = 0; i < std::min(changes.size(), kShownMost); i++) {
    const SettingChange& change = changes[i];
    text += i == 0 ? "" : ", ";
    text += change.value ? fmt::format("{}={}", change.key, *change.value) : fmt::format("{} removed", change.key);
  }
  if (changes.size() > kShownMost) text += fmt::format(" and {} more", changes.size() - kShownMost);
  return text;
}

}  // namespace klink::link
