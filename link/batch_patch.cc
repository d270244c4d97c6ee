#include "link/batch_patch.h"

#include <array>

#include "base/check.h"
#include "base/crc32c.h"
#include "kafka/record_batch.h"

namespace klink::link {
namespace {

using namespace kafka;  // the header's offsets and bits

constexpr int16_t kForeignBits = kLogAppendTimeBit | kDeleteHorizonBit;
constexpr size_t kCheckedHeader = kHeaderSize - kAttributesAt;

}  // namespace

void PatchBatch(SharedBytes& batch, const Stamp& stamp, Keep keep) {
  KLINK_CHECK(batch.size() >= kHeaderSize);
  std::byte* header = batch.data();
  std::array<std::byte, kCheckedHeader> difference;
  std::memcpy(difference.data(), header + kAttributesAt, difference.size());

  StoreBe<int64_t>(header + kBaseOffsetAt, 0);
  const auto attributes = LoadBe<int16_t>(header + kAttributesAt);
  const int foreign = keep == Keep::kTransactional ? kForeignBits : kForeignBits | kTransactionalBit;
  StoreBe<int16_t>(header + kAttributesAt, static_cast<int16_t>(attributes & ~foreign));
  StoreBe(header + kProducerIdAt, stamp.producer_id);
  StoreBe(header + kProducerEpochAt, stamp.producer_epoch);
  StoreBe(header + kBaseSequenceAt, stamp.base_sequence);

  for (size_t i = 0; i < difference.size(); i++) difference[i] ^= header[kAttributesAt + i];
  const uint32_t over_header = Crc32cRaw(0, ByteView(difference.data(), difference.size()));
  const uint32_t correction = Crc32cShift(over_header, batch.size() - kHeaderSize);
  StoreBe(header + kCrcAt, LoadBe<uint32_t>(header + kCrcAt) ^ correction);
}

}  // namespace klink::link
