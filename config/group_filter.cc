#include "config/group_filter.h"

#include <algorithm>

namespace klink::config {
namespace {

constexpr std::string_view kInclude = "groups.include", kExclude = "groups.exclude";

bool IsOurs(std::string_view group) { return group.starts_with("_klink."); }

}  // namespace

StatusOr<GroupFilter> GroupFilter::Compile(const Groups& groups) {
  GroupFilter filter;
  for (const auto& pattern : groups.include) {
    TRY(auto rule, NameRule::Make(pattern));
    filter.include_.push_back(std::move(rule));
  }
  for (const auto& pattern : groups.exclude) {
    TRY(auto rule, NameRule::Make(pattern));
    filter.exclude_.push_back(std::move(rule));
  }
  return filter;
}

Decision GroupFilter::Decide(std::string_view group) const {
  if (IsOurs(group)) return {false, "a group of klink's agents is never carried over", ""};
  for (size_t i = 0; i < exclude_.size(); i++) {
    if (!exclude_[i]->Matches(group)) continue;
    return {false, fmt::format("excluded by {}", PatternText(exclude_[i]->pattern())), LineOf(kExclude, i, exclude_)};
  }
  for (size_t i = 0; i < include_.size(); i++) {
    if (!include_[i]->Matches(group)) continue;
    return {true, fmt::format("included by {}", PatternText(include_[i]->pattern())), LineOf(kInclude, i, include_)};
  }
  std::string why = empty() ? "the link carries over no groups (groups.include is empty)" : "no include entry matches";
  return {false, std::move(why), ""};
}

std::vector<std::string> GroupFilter::Idle(const std::vector<std::string>& groups) const {
  return IdleLines(kInclude, include_, groups);
}

bool GroupFilter::Includes(std::string_view group) const {
  const auto matches = [group](const auto& rule) { return rule->Matches(group); };
  return !IsOurs(group) && std::any_of(include_.begin(), include_.end(), matches) &&
         std::none_of(exclude_.begin(), exclude_.end(), matches);
}

}  // namespace klink::config
