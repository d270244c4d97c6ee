// SHA-256: the one digest klink uses (configuration fingerprints, audit chain, token look-up).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace klink {

using Sha256Digest = std::array<std::byte, 32>;

Sha256Digest Sha256(ByteView bytes);
// 64 lower-case hex digits.
std::string Sha256Hex(ByteView bytes);
std::string Sha256Hex(std::string_view text);
// The same of bytes that come piece by piece.
class Sha256Sum {
 public:
  Sha256Sum();
  void Add(ByteView bytes);
  std::string Hex();  // once, at the end

 private:
  std::shared_ptr<void> context_;
};
// Nothing when `hex` is not 64 lower-case hex digits.
std::optional<Sha256Digest> ParseSha256Hex(std::string_view hex);
// Takes the same time wherever the two differ, so that a secret cannot be guessed byte by byte.
bool ConstantTimeEqual(const Sha256Digest& a, const Sha256Digest& b);

}  // namespace klink
