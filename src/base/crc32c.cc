#include "base/crc32c.h"

#include <array>

#include <isa-l/crc.h>

namespace klink {
namespace {

using Operator = std::array<uint32_t, 32>;  // a linear map over GF(2)^32, one column per bit

constexpr uint32_t Apply(const Operator& op, uint32_t v) {
  uint32_t sum = 0;
  for (int bit = 0; v != 0; v >>= 1, bit++)
    if (v & 1) sum ^= op[bit];
  return sum;
}

constexpr Operator Squared(const Operator& op) {
  Operator out{};
  for (int n = 0; n < 32; n++) out[n] = Apply(op, op[n]);
  return out;
}

// kZeros[k] advances the register over 2^k zero bytes.
constexpr std::array<Operator, 40> MakeZeros() {
  Operator bit{};
  bit[0] = 0x82F63B78u;  // one zero bit: shift right, feed back the polynomial
  for (int n = 1; n < 32; n++) bit[n] = 1u << (n - 1);
  std::array<Operator, 40> out{};
  out[0] = Squared(Squared(Squared(bit)));
  for (size_t k = 1; k < out.size(); k++) out[k] = Squared(out[k - 1]);
  return out;
}
constexpr std::array<Operator, 40> kZeros = MakeZeros();

}  // namespace

// ISA-L's crc32_iscsi neither inverts its seed nor its result.
uint32_t Crc32cRaw(uint32_t state, ByteView bytes) {
  auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes.data()));
  return crc32_iscsi(data, static_cast<int>(bytes.size()), state);
}

uint32_t Crc32c(ByteView bytes) { return ~Crc32cRaw(~0u, bytes); }

uint32_t Crc32cExtend(uint32_t crc, ByteView bytes) { return ~Crc32cRaw(~crc, bytes); }

uint32_t Crc32cShift(uint32_t state, uint64_t zeros) {
  for (size_t k = 0; zeros != 0; zeros >>= 1, k++)
    if (zeros & 1) state = Apply(kZeros[k], state);
  return state;
}

}  // namespace klink
