#include "kafka/types.h"

namespace klink::kafka {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr size_t kTextSize = 22;  // 128 bits, 6 a character

}  // namespace

std::string ToString(const Uuid& id) {
  std::string text;
  uint32_t bits = 0;
  int have = 0;
  for (std::byte byte : id.bytes) {
    bits = (bits << 8 | std::to_integer<uint32_t>(byte)) & 0xffff;
    for (have += 8; have >= 6; have -= 6) text += kAlphabet[bits >> (have - 6) & 63];
  }
  text += kAlphabet[bits << (6 - have) & 63];
  return text;
}

StatusOr<Uuid> ParseUuid(std::string_view text) {
  if (text.size() != kTextSize) {
    return InvalidArgument("'{}' is not a Kafka id: {} characters, not {}", text, text.size(), kTextSize);
  }
  Uuid id;
  uint32_t bits = 0;
  int have = 0;
  size_t at = 0;
  for (char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return InvalidArgument("'{}' is not a Kafka id: '{}' is not base64", text, c);
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xffff;
    have += 6;
    if (have >= 8 && at < id.bytes.size()) {
      have -= 8;
      id.bytes[at++] = static_cast<std::byte>(bits >> have & 0xff);
    }
  }
  return id;
}

}  // namespace klink::kafka
