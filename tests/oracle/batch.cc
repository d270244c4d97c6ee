#include "tests/oracle/batch.h"

#include <array>

namespace klink::oracle {
namespace {

constexpr size_t kLengthEnd = 12;  // baseOffset and length are not counted by length
constexpr size_t kCrcStart = 21;

uint64_t Number(std::string_view bytes, size_t at, int size) {
  uint64_t value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

void Put(std::string& bytes, uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
}

Batch Parse(std::string_view bytes) {
  Batch batch;
  batch.base_offset = static_cast<int64_t>(Number(bytes, 0, 8));
  batch.magic = static_cast<int>(Number(bytes, 16, 1));
  batch.crc = static_cast<uint32_t>(Number(bytes, 17, 4));
  batch.crc_right = ReferenceCrc32c(bytes.substr(kCrcStart)) == batch.crc;
  batch.attributes = static_cast<int>(Number(bytes, 21, 2));
  batch.last_offset_delta = static_cast<int32_t>(Number(bytes, 23, 4));
  batch.base_timestamp = static_cast<int64_t>(Number(bytes, 27, 8));
  batch.max_timestamp = static_cast<int64_t>(Number(bytes, 35, 8));
  batch.producer_id = static_cast<int64_t>(Number(bytes, 43, 8));
  batch.producer_epoch = static_cast<int16_t>(Number(bytes, 51, 2));
  batch.base_sequence = static_cast<int32_t>(Number(bytes, 53, 4));
  batch.count = static_cast<int32_t>(Number(bytes, 57, 4));
  batch.records = std::string(bytes.substr(kHeaderBytes));
  return batch;
}

}  // namespace

uint32_t ReferenceCrc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0x82F63B78U : value >> 1;
      made[i] = value;
    }
    return made;
  }();
  uint32_t crc = ~0U;
  for (const char c : bytes) crc = table[(crc ^ static_cast<uint8_t>(c)) & 255] ^ crc >> 8;
  return ~crc;
}

std::vector<Batch> ParseBatches(std::string_view bytes) {
  std::vector<Batch> batches;
  while (bytes.size() >= kHeaderBytes) {
    const size_t size = kLengthEnd + Number(bytes, 8, 4);
    if (size < kHeaderBytes || size > bytes.size()) break;
    batches.push_back(Parse(bytes.substr(0, size)));
    bytes.remove_prefix(size);
  }
  return batches;
}

std::string Encode(const Batch& batch) {
  std::string covered;  // by the checksum
  Put(covered, static_cast<uint64_t>(batch.attributes), 2);
  Put(covered, static_cast<uint64_t>(batch.last_offset_delta), 4);
  Put(covered, static_cast<uint64_t>(batch.base_timestamp), 8);
  Put(covered, static_cast<uint64_t>(batch.max_timestamp), 8);
  Put(covered, static_cast<uint64_t>(batch.producer_id), 8);
  Put(covered, static_cast<uint64_t>(batch.producer_epoch), 2);
  Put(covered, static_cast<uint64_t>(batch.base_sequence), 4);
  Put(covered, static_cast<uint64_t>(batch.count), 4);
  covered += batch.records;
  std::string bytes;
  Put(bytes, static_cast<uint64_t>(batch.base_offset), 8);
  Put(bytes, covered.size() + kCrcStart - kLengthEnd, 4);
  Put(bytes, 0, 4);
  Put(bytes, 2, 1);
  Put(bytes, ReferenceCrc32c(covered), 4);
  return bytes + covered;
}

}  // namespace klink::oracle
