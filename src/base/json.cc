#include "base/json.h"

#include <cmath>
#include <iterator>
#include <utility>

#include <boost/json/stream_parser.hpp>

namespace klink {
namespace {

constexpr int kCompact = -1;

void Write(const Json& value, int level, std::string& out);

void NewLine(int level, std::string& out) {
  if (level == kCompact) return;
  out += '\n';
  out.append(static_cast<size_t>(level) * 2, ' ');
}

int Deeper(int level) { return level == kCompact ? kCompact : level + 1; }

void WriteText(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void WriteArray(const JsonArray& array, int level, std::string& out) {
  out += '[';
  bool first = true;
  for (const Json& item : array) {
    if (!std::exchange(first, false)) out += ',';
    NewLine(Deeper(level), out);
    Write(item, Deeper(level), out);
  }
  if (!array.empty()) NewLine(level, out);
  out += ']';
}

void WriteObject(const JsonObject& object, int level, std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& [key, item] : object) {
    if (!std::exchange(first, false)) out += ',';
    NewLine(Deeper(level), out);
    WriteText({key.data(), key.size()}, out);
    out += level == kCompact ? ":" : ": ";
    Write(item, Deeper(level), out);
  }
  if (!object.empty()) NewLine(level, out);
  out += '}';
}

void Write(const Json& value, int level, std::string& out) {
  if (const auto* object = value.if_object()) return WriteObject(*object, level, out);
  if (const auto* array = value.if_array()) return WriteArray(*array, level, out);
  if (const auto* text = value.if_string()) return WriteText(TextOf(*text), out);
  if (const auto* number = value.if_int64()) return void(fmt::format_to(std::back_inserter(out), "{}", *number));
  if (const auto* number = value.if_uint64()) return void(fmt::format_to(std::back_inserter(out), "{}", *number));
  if (const auto* flag = value.if_bool()) return void(out += *flag ? "true" : "false");
  if (const auto* number = value.if_double(); number != nullptr && std::isfinite(*number)) {
    return void(fmt::format_to(std::back_inserter(out), "{}", *number));
  }
  out += "null";  // null itself, and what JSON has no number for
}

}  // namespace

StatusOr<Json> ParseJson(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes) return InvalidArgument("JSON of {} bytes, at most {}", text.size(), limits.bytes);
  boost::json::parse_options options;
  options.max_depth = limits.depth;
  boost::json::stream_parser parser({}, options);
  boost::json::error_code ec;
  const size_t consumed = parser.write_some(text.data(), text.size(), ec);
  if (!ec && consumed < text.size()) return InvalidArgument("JSON ends at byte {}, more follows", consumed);
  if (!ec) parser.finish(ec);
  if (ec) return InvalidArgument("not JSON at byte {}: {}", consumed, ec.message());
  return parser.release();
}

std::string CompactJson(const Json& value) {
  std::string out;
  Write(value, kCompact, out);
  return out;
}

std::string PrettyJson(const Json& value) {
  std::string out;
  Write(value, 0, out);
  out += '\n';
  return out;
}

const Json* FindJson(const Json& json, std::string_view key) {
  const JsonObject* object = json.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

StatusOr<int64_t> JsonInt(const Json& json, std::string_view key) {
  const Json* field = FindJson(json, key);
  if (field == nullptr) return InvalidArgument("\"{}\" is missing", key);
  if (const int64_t* number = field->if_int64()) return *number;
  return InvalidArgument("\"{}\" is not a whole number", key);
}

StatusOr<std::string> JsonText(const Json& json, std::string_view key) {
  const Json* field = FindJson(json, key);
  if (field == nullptr) return InvalidArgument("\"{}\" is missing", key);
  if (const boost::json::string* text = field->if_string()) return std::string(TextOf(*text));
  return InvalidArgument("\"{}\" is not text", key);
}

}  // namespace klink
