#include "config/topic_filter.h"

namespace klink::config {
namespace {

constexpr std::string_view kInclude = "topics.include", kExclude = "topics.exclude";

}  // namespace

StatusOr<TopicFilter> TopicFilter::Compile(const TopicsConfig& topics) {
  TopicFilter filter;
  filter.rename_ = topics.rename;
  for (const Pattern& pattern : topics.include) {
    TRY(auto rule, NameRule::Make(pattern));
    filter.include_.push_back(std::move(rule));
  }
  for (const Pattern& pattern : topics.exclude) {
    TRY(auto rule, NameRule::Make(pattern));
    filter.exclude_.push_back(std::move(rule));
  }
  return filter;
}

Decision TopicFilter::Decide(std::string_view topic) const {
  const InternalTopic internal = ClassifyInternal(topic);
  if (internal == InternalTopic::kNever) return {false, "an internal topic is never mirrored", ""};
  for (size_t i = 0; i < exclude_.size(); i++) {
    if (!exclude_[i]->Matches(topic)) continue;
    return {false, fmt::format("excluded by {}", PatternText(exclude_[i]->pattern())), LineOf(kExclude, i, exclude_)};
  }
  std::string why = "no include entry matches";
  for (size_t i = 0; i < include_.size(); i++) {
    if (!include_[i]->Matches(topic)) continue;
    if (internal == InternalTopic::kOnlyByLiteral && !include_[i]->NamesIt(topic)) {
      why = fmt::format("an internal topic is mirrored only when {{literal: {}}} names it", topic);
      continue;
    }
    if (DestinationName(topic).size() > kTopicNameMax)
      return {false, fmt::format("renamed it would be longer than {} characters", kTopicNameMax), "topics.rename"};
    return {true, fmt::format("included by {}", PatternText(include_[i]->pattern())), LineOf(kInclude, i, include_)};
  }
  return {false, std::move(why), ""};
}

std::vector<std::string> TopicFilter::Idle(const std::vector<std::string>& topics) const {
  return IdleLines(kInclude, include_, topics);
}

std::string TopicFilter::DestinationName(std::string_view source_topic) const {
  return SourceToDestinationName(rename_, source_topic);
}

std::optional<std::string> TopicFilter::SourceName(std::string_view destination_topic) const {
  return DestinationToSourceName(rename_, destination_topic);
}

InternalTopic ClassifyInternal(std::string_view topic) {
  if (topic.starts_with("__") || topic.starts_with("_klink.")) return InternalTopic::kNever;
  const bool dot_internal = topic.ends_with(".internal");
  if (dot_internal && (topic.starts_with("mm2-") || topic.starts_with("mm2."))) return InternalTopic::kNever;
  if (topic.ends_with(".checkpoints.internal") || topic == "heartbeats") return InternalTopic::kNever;
  if (dot_internal || topic.ends_with("-internal") || topic.ends_with(".replica") || topic == "_schemas") {
    return InternalTopic::kOnlyByLiteral;
  }
  return InternalTopic::kNo;
}

std::string SourceToDestinationName(const Rename& rename, std::string_view source_topic) {
  return fmt::format("{}{}{}", rename.prefix, source_topic, rename.suffix);
}

std::optional<std::string> DestinationToSourceName(const Rename& rename, std::string_view destination_topic) {
  if (destination_topic.size() <= rename.prefix.size() + rename.suffix.size()) return std::nullopt;
  if (!destination_topic.starts_with(rename.prefix) || !destination_topic.ends_with(rename.suffix)) return std::nullopt;
  destination_topic.remove_prefix(rename.prefix.size());
  destination_topic.remove_suffix(rename.suffix.size());
  return std::string(destination_topic);
}

}  // namespace klink::config
