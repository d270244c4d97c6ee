// Reads tests/golden/*.hex.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace klink::kafka {

inline SharedBytes FromHex(std::string_view hex) {
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  SharedBytes bytes = SharedBytes::Allocate(hex.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes.data()[i] = static_cast<std::byte>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  }
  return bytes;
}

inline std::string ToHex(ByteView bytes) {
  std::string hex;
  for (std::byte byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[std::to_integer<size_t>(byte) >> 4];
    hex += kDigits[std::to_integer<size_t>(byte) & 15];
  }
  return hex;
}

// Key: everything on the line before the bytes, "FetchRequest 12 full".
inline std::map<std::string, SharedBytes> GoldenFile(std::string_view name) {
  std::ifstream file(std::string(KLINK_SOURCE_DIR "/tests/golden/").append(name).append(".hex"));
  std::map<std::string, SharedBytes> entries;
  for (std::string line; std::getline(file, line);) {
    const size_t space = line.rfind(' ');
    entries.emplace(line.substr(0, space), FromHex(std::string_view(line).substr(space + 1)));
  }
  return entries;
}

}  // namespace klink::kafka
