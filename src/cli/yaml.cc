#include "cli/yaml.h"

#include <algorithm>
#include <array>

namespace klink::cli {
namespace {

// Letters first, then letters, digits and a few signs: nothing YAML gives a meaning to, except the words below.
bool IsPlain(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text.empty() || std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/'; };
  return letter(text.front()) && std::all_of(text.begin(), text.end(), inner);
}

bool IsEmptyContainer(const Json& json) {
  return (json.is_object() && json.get_object().empty()) || (json.is_array() && json.get_array().empty());
}

std::string Scalar(const Json& json) {
  if (const auto* text = json.if_string(); text != nullptr && IsPlain(TextOf(*text))) return std::string(TextOf(*text));
  return CompactJson(json);  // a JSON scalar is a YAML scalar
}

// Writes `json` after something that stands on the current line already ("key:" or "-").
void WriteAfter(const Json& json, size_t indent, std::string& out);

void WriteObject(const JsonObject& object, size_t indent, bool first_in_place, std::string& out) {
  for (const auto& [key, value] : object) {
    if (!first_in_place) out.append(indent, ' ');
    first_in_place = false;
    out += Scalar(Json(std::string_view(key.data(), key.size())));
    out += ':';
    // A list stands at its key's own indent: "- " marks the depth.
    WriteAfter(value, value.is_array() ? indent : indent + 2, out);
  }
}

void WriteArray(const JsonArray& array, size_t indent, std::string& out) {
  for (const Json& value : array) {
    out.append(indent, ' ');
    out += '-';
    if (value.is_object() && !IsEmptyContainer(value)) {
      out += ' ';
      WriteObject(value.get_object(), indent + 2, true, out);
    } else {
      WriteAfter(value, indent + 2, out);
    }
  }
}

void WriteAfter(const Json& json, size_t indent, std::string& out) {
  if (IsEmptyContainer(json) || json.is_primitive()) {
    out += ' ';
    out += Scalar(json);
    out += '\n';
  } else if (json.is_object()) {
    out += '\n';
    WriteObject(json.get_object(), indent, false, out);
  } else {
    out += '\n';
    WriteArray(json.get_array(), indent, out);
  }
}

}  // namespace

std::string ToYaml(const Json& json) {
  std::string out;
  if (json.is_object() && !IsEmptyContainer(json)) {
    WriteObject(json.get_object(), 0, true, out);
  } else if (json.is_array() && !IsEmptyContainer(json)) {
    WriteArray(json.get_array(), 0, out);
  } else {
    out = Scalar(json) + "\n";
  }
  return out;
}

}  // namespace klink::cli
