// References in values, and what they may bring in. A reference is resolved when the file is read:
//   ${env:V}  ${env:V:-default}  ${file:/path}  ${file:/path:key} (a properties file)  ${dir:/path:key}
// A Secret can be used but not printed: it has no formatter and no stream operator, and what is shown of it is its
// reference. `$${` stands for a literal `${`.
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace klink::config {

class Secret {
 public:
  Secret() = default;
  Secret(std::string value, std::string reference) : value_(std::move(value)), reference_(std::move(reference)) {}

  bool empty() const { return value_.empty(); }
  const std::string& Reveal() const { return value_; }         // to a library that needs it, never to a log
  const std::string& reference() const { return reference_; }  // as written in the file
  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  std::string value_;
  std::string reference_;
};

// The environment as a port; nullopt = not set.
using EnvLookup = std::function<std::optional<std::string>(std::string_view)>;
EnvLookup ProcessEnvironment();

bool HasReference(std::string_view text);
// `text` with every reference replaced. The error says which variable, file or key is missing; it never holds a value.
StatusOr<std::string> Expand(std::string_view text, const EnvLookup& env);
// The files its references name: what a rotation of secrets changes.
std::vector<std::string> ReferencedFiles(std::string_view text);
// The text that Expand turns into `value`.
std::string EscapeReferences(std::string_view value);

}  // namespace klink::config
