#include "config/quote.h"

#include <algorithm>

#include <fmt/format.h>

namespace klink::config {
namespace {

bool IsPlain(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._/-").find(c) != std::string_view::npos;
  };
  for (const char* special : {"", "null", "Null", "NULL"}) {
    if (text == special) return false;
  }
  return text[0] != '-' && text[0] != '.' && std::all_of(text.begin(), text.end(), letter);
}

}  // namespace

std::string Quoted(std::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace klink::config
