// CRC-32C (Castagnoli), as in Kafka's v2 record batches. With Shift the checksum of A‖B changes with A alone, without
// reading B: crc(A'‖B) = crc(A‖B) ⊕ Shift(raw(A ⊕ A'), |B|), because CRC is linear over GF(2).
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace klink {

// The usual checksum: seed and result inverted.
uint32_t Crc32c(ByteView bytes);
// The checksum of everything so far followed by `bytes`.
uint32_t Crc32cExtend(uint32_t crc, ByteView bytes);
// The register after `bytes` from `state`, without any inversion (for differences).
uint32_t Crc32cRaw(uint32_t state, ByteView bytes);
// The register `state` after `zeros` zero bytes, in O(log zeros).
uint32_t Crc32cShift(uint32_t state, uint64_t zeros);

}  // namespace klink
