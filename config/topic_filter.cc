#include "config/topic_filter.h"

#include <re2/re2.h>

namespace klink::config {
namespace {

constexpr size_t kRegexBytesMax = 4096;

RE2::Options RegexOptions() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

bool FullMatch(std::string_view text, const RE2& regex) {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
}

}  // namespace

struct TopicFilter::Rule {
  Pattern pattern;
  std::unique_ptr<RE2> regex;  // of a regex rule

  bool NamesIt(std::string_view topic) const { return pattern.literal == topic; }
  bool Matches(std::string_view topic) const {
    if (regex) return FullMatch(topic, *regex);
    if (!pattern.prefix.empty()) return topic.starts_with(pattern.prefix);
    return pattern.literal == "*" || NamesIt(topic);
  }

  static StatusOr<std::shared_ptr<const Rule>> Make(const Pattern& pattern) {
    RETURN_IF_ERROR(CheckPattern(pattern));
    auto rule = std::make_shared<Rule>();
    rule->pattern = pattern;
    if (!pattern.regex.empty()) rule->regex = std::make_unique<RE2>(pattern.regex, RegexOptions());
    return std::shared_ptr<const Rule>(std::move(rule));
  }
};

StatusOr<TopicFilter> TopicFilter::Compile(const TopicsConfig& topics) {
  TopicFilter filter;
  filter.rename_ = topics.rename;
  for (const Pattern& pattern : topics.include) {
    TRY(auto rule, Rule::Make(pattern));
    filter.include_.push_back(std::move(rule));
  }
  for (const Pattern& pattern : topics.exclude) {
    TRY(auto rule, Rule::Make(pattern));
    filter.exclude_.push_back(std::move(rule));
  }
  return filter;
}

Decision TopicFilter::Decide(std::string_view topic) const {
  const InternalTopic internal = ClassifyInternal(topic);
  if (internal == InternalTopic::kNever) return {false, "an internal topic is never mirrored"};
  for (const auto& rule : exclude_) {
    if (rule->Matches(topic)) return {false, fmt::format("excluded by {}", PatternText(rule->pattern))};
  }
  std::string why = "no include entry matches";
  for (const auto& rule : include_) {
    if (!rule->Matches(topic)) continue;
    if (internal == InternalTopic::kOnlyByLiteral && !rule->NamesIt(topic)) {
      why = fmt::format("an internal topic is mirrored only when {{literal: {}}} names it", topic);
      continue;
    }
    if (DestinationName(topic).size() > kTopicNameMax) {
      return {false, fmt::format("renamed it would be longer than {} characters", kTopicNameMax)};
    }
    return {true, fmt::format("included by {}", PatternText(rule->pattern))};
  }
  return {false, std::move(why)};
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

std::string PatternText(const Pattern& pattern) {
  if (!pattern.regex.empty()) return fmt::format("{{regex: {}}}", pattern.regex);
  if (!pattern.prefix.empty()) return fmt::format("{{prefix: {}}}", pattern.prefix);
  return fmt::format("{{literal: {}}}", pattern.literal);
}

Status CheckPattern(const Pattern& pattern) {
  const int forms = !pattern.literal.empty() + !pattern.prefix.empty() + !pattern.regex.empty();
  if (forms != 1) {
    return InvalidArgument("needs exactly one of literal, prefix and regex, and not empty; found {}", forms);
  }
  if (pattern.regex.empty()) return {};
  if (pattern.regex.size() > kRegexBytesMax) {
    return InvalidArgument("the regular expression is longer than {} characters; split it", kRegexBytesMax);
  }
  const RE2 regex(pattern.regex, RegexOptions());
  if (regex.ok()) return {};
  return InvalidArgument("'{}' is not a regular expression: {}; correct it (RE2 syntax)", pattern.regex, regex.error());
}

bool SurelyOverlap(const Pattern& a, const Pattern& b) {
  if (a == b || a.literal == "*" || b.literal == "*") return true;
  if (!b.literal.empty() && a.literal.empty()) return SurelyOverlap(b, a);
  if (!a.literal.empty()) {
    if (!b.literal.empty()) return a.literal == b.literal;
    if (!b.prefix.empty()) return a.literal.starts_with(b.prefix);
    const RE2 regex(b.regex, RegexOptions());
    return regex.ok() && FullMatch(a.literal, regex);
  }
  if (a.prefix.empty() || b.prefix.empty()) return false;
  return a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix);
}

}  // namespace klink::config
