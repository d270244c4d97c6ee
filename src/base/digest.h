// SHA-256: the one digest klink uses (configuration fingerprints, audit chain, token look-up).
#pragma once

#include <array>
#include <string>

#include "base/bytes.h"

namespace klink {

using Sha256Digest = std::array<std::byte, 32>;

Sha256Digest Sha256(ByteView bytes);
// 64 lower-case hex digits.
std::string Sha256Hex(ByteView bytes);

}  // namespace klink
