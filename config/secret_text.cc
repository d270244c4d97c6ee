#include "config/secret_text.h"

namespace klink::config {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::string_view kDefault = ":-";

// "${…}" at the beginning of `text`; empty when none stands there.
std::string_view FirstReference(std::string_view text) {
  if (!text.starts_with("${")) return {};
  const size_t end = text.find('}');
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

std::string Shown(std::string_view reference) {
  const size_t split = reference.starts_with("${env:") ? reference.find(kDefault) : std::string_view::npos;
  if (split == std::string_view::npos || split + kDefault.size() + 1 == reference.size()) return std::string(reference);
  std::string out(reference.substr(0, split + kDefault.size()));
  out += kHidden;
  return out + '}';
}

}  // namespace

bool IsReferencesAlone(std::string_view text) {
  while (!text.empty()) {
    const std::string_view reference = FirstReference(text);
    if (reference.empty()) return false;
    text.remove_prefix(reference.size());
  }
  return true;
}

std::string ShownSecret(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view reference = FirstReference(text);
    if (reference.empty()) {  // cannot be loaded; shown it would be a part of the secret
      out += kHidden;
      break;
    }
    out += Shown(reference);
    text.remove_prefix(reference.size());
  }
  return out;
}

}  // namespace klink::config
