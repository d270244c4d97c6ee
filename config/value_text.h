// How a value is written: the inverse of what the loader reads.
#pragma once

#include <string>

#include "config/secret.h"
#include "config/secret_text.h"
#include "config/spec.h"
#include "config/text.h"

namespace klink::config {

inline std::string ValueText(const std::string& value, const Spec&) { return EscapeReferences(value); }
inline std::string ValueText(const Secret& value, const Spec&) { return ShownSecret(value.reference()); }
inline std::string ValueText(bool value, const Spec&) { return value ? "true" : "false"; }
inline std::string ValueText(int32_t value, const Spec&) { return fmt::format("{}", value); }
inline std::string ValueText(int64_t value, const Spec& spec) {
  return spec.unit == Unit::kBytes ? SizeText(value) : fmt::format("{}", value);
}
inline std::string ValueText(double value, const Spec&) { return fmt::format("{}", value); }
inline std::string ValueText(Duration value, const Spec&) { return DurationText(value); }
template <Enumerated E>
std::string ValueText(E value, const Spec&) {
  return std::string(ToText(value));
}
template <Textual T>
std::string ValueText(const T& value, const Spec&) {
  return value.ToText();
}

}  // namespace klink::config
