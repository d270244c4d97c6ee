// The oracle's own reading of a v2 record batch: a second opinion, written apart from the code it judges.
//
//   baseOffset 0–7 · length 8–11 · partitionLeaderEpoch 12–15 · magic 16 · crc 17–20 · attributes 21–22 ·
//   lastOffsetDelta 23–26 · baseTimestamp 27–34 · maxTimestamp 35–42 · producerId 43–50 · producerEpoch 51–52 ·
//   baseSequence 53–56 · count 57–60 · records 61–
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace klink::oracle {

inline constexpr size_t kHeaderBytes = 61;
inline constexpr int kCodecBits = 0x07;
inline constexpr int kLogAppendTimeBit = 0x08;
inline constexpr int kTransactionalBit = 0x10;
inline constexpr int kControlBit = 0x20;
inline constexpr int kDeleteHorizonBit = 0x40;

struct Batch {
  int64_t base_offset = 0;
  int magic = 0;
  uint32_t crc = 0;
  bool crc_right = false;
  int attributes = 0;
  int32_t last_offset_delta = 0;
  int64_t base_timestamp = 0;
  int64_t max_timestamp = 0;
  int64_t producer_id = 0;
  int producer_epoch = 0;
  int32_t base_sequence = 0;
  int32_t count = 0;
  std::string records;

  int64_t last_offset() const { return base_offset + last_offset_delta; }
  int codec() const { return attributes & kCodecBits; }
  bool control() const { return (attributes & kControlBit) != 0; }
  bool transactional() const { return (attributes & kTransactionalBit) != 0; }
  bool log_append_time() const { return (attributes & kLogAppendTimeBit) != 0; }
  // A cleaner has removed some of its records, or all.
  bool holed() const { return count != last_offset_delta + 1; }
};

// The batches standing one after the other in `bytes`; a cut one at the end is left out.
std::vector<Batch> ParseBatches(std::string_view bytes);
// One batch as a broker stores it, with a right checksum: for planting histories.
std::string Encode(const Batch& batch);

uint32_t ReferenceCrc32c(std::string_view bytes);

}  // namespace klink::oracle
