#include "config/name_rule.h"

#include <algorithm>

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

// The innermost parenthesis that is not closed, or the first that closes nothing.
size_t LooseParenthesis(std::string_view regex) {
  std::vector<size_t> open;
  bool in_class = false;
  for (size_t i = 0; i < regex.size(); i++) {
    if (regex[i] == '\\') {
      i++;
    } else if (in_class) {
      in_class = regex[i] != ']';
    } else if (regex[i] == '[') {
      in_class = true;
      if (regex.substr(i + 1).starts_with("^")) i++;
      if (regex.substr(i + 1).starts_with("]")) i++;  // as the first of a class it stands for itself
    } else if (regex[i] == '(') {
      open.push_back(i);
    } else if (regex[i] == ')') {
      if (open.empty()) return i;
      open.pop_back();
    }
  }
  return open.empty() ? regex.size() : open.back();
}

// Where RE2 stopped, counted from 1: it names the piece it did not take, for parentheses the whole expression.
size_t MistakeAt(std::string_view regex, const RE2& compiled) {
  const RE2::ErrorCode code = compiled.error_code();
  if (code == RE2::ErrorMissingParen || code == RE2::ErrorUnexpectedParen) return LooseParenthesis(regex) + 1;
  const std::string& piece = compiled.error_arg();
  if (piece.empty()) return 1;
  const size_t at = regex.ends_with(piece) ? regex.size() - piece.size() : regex.find(piece);
  return at == std::string_view::npos ? 1 : at + 1;
}

}  // namespace

NameRule::NameRule(const Pattern& pattern) : pattern_(pattern) {
  if (!pattern.regex.empty()) regex_ = std::make_unique<RE2>(pattern.regex, RegexOptions());
}

NameRule::~NameRule() = default;

bool NameRule::Matches(std::string_view name) const {
  if (regex_) return FullMatch(name, *regex_);
  if (!pattern_.prefix.empty()) return name.starts_with(pattern_.prefix);
  return pattern_.literal == "*" || NamesIt(name);
}

StatusOr<std::shared_ptr<const NameRule>> NameRule::Make(const Pattern& pattern) {
  RETURN_IF_ERROR(CheckPattern(pattern));
  return std::make_shared<const NameRule>(pattern);
}

std::string LineOf(std::string_view list, size_t index, const NameRules& rules) {
  return fmt::format("{}[{}] {}", list, index, PatternText(rules[index]->pattern()));
}

std::vector<std::string> IdleLines(std::string_view list, const NameRules& rules,
                                   const std::vector<std::string>& names) {
  std::vector<std::string> idle;
  for (size_t i = 0; i < rules.size(); i++) {
    const auto takes = [&rule = *rules[i]](const std::string& name) { return rule.Matches(name); };
    if (std::none_of(names.begin(), names.end(), takes)) idle.push_back(LineOf(list, i, rules));
  }
  return idle;
}

std::string PatternText(const Pattern& pattern) {
  if (!pattern.regex.empty()) return fmt::format("{{regex: {}}}", pattern.regex);
  if (!pattern.prefix.empty()) return fmt::format("{{prefix: {}}}", pattern.prefix);
  return fmt::format("{{literal: {}}}", pattern.literal);
}

std::string CommonPrefix(const Pattern& pattern) {
  if (pattern.literal == "*") return "";
  if (pattern.regex.empty()) return pattern.prefix + pattern.literal;
  std::string low, high;  // all that match stand between the two
  const RE2 regex(pattern.regex, RegexOptions());
  if (!regex.ok() || !regex.PossibleMatchRange(&low, &high, static_cast<int>(kTopicNameMax))) return "";
  const auto differ = std::mismatch(low.begin(), low.end(), high.begin(), high.end()).first;
  return std::string(low.begin(), differ);
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
  return InvalidArgument("'{}' is not a regular expression: {} (at character {}); correct it (RE2 syntax)",
                         pattern.regex, regex.error(), MistakeAt(pattern.regex, regex));
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
