// One entry of an include or exclude list, compiled.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema_link.h"

namespace re2 {
class RE2;
}

namespace klink::config {

class NameRule {
 public:
  // InvalidArgument when a regular expression does not compile or the entry is not exactly one of its three forms.
  static StatusOr<std::shared_ptr<const NameRule>> Make(const Pattern& pattern);

  bool NamesIt(std::string_view name) const { return pattern_.literal == name; }
  bool Matches(std::string_view name) const;
  const Pattern& pattern() const { return pattern_; }

  explicit NameRule(const Pattern& pattern);
  ~NameRule();

 private:
  Pattern pattern_;
  std::unique_ptr<re2::RE2> regex_;  // of a regex rule
};

using NameRules = std::vector<std::shared_ptr<const NameRule>>;
// The rule as the file counts it: "topics.include[1] {prefix: orders.}".
std::string LineOf(std::string_view list, size_t index, const NameRules& rules);
// The rules that take none of these names, by themselves: a typing error often looks so.
std::vector<std::string> IdleLines(std::string_view list, const NameRules& rules,
                                   const std::vector<std::string>& names);

// "{prefix: orders.}", as it could stand in the file.
std::string PatternText(const Pattern& pattern);
// How every name that it matches begins; for a literal the name itself, for `*` nothing.
std::string CommonPrefix(const Pattern& pattern);
// OK when exactly one form is set and a regular expression compiles; else the text says at which character it does not.
Status CheckPattern(const Pattern& pattern);
// Whether a name surely exists that both match. False may mean "cannot tell": two different regular expressions.
bool SurelyOverlap(const Pattern& a, const Pattern& b);

}  // namespace klink::config
