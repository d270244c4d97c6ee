#include "link/verify_batches.h"

#include <array>

#include "base/crc32c.h"
#include "base/limits.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using kafka::Record;
using Times = VerifyOptions::Times;

constexpr int16_t kMayDiffer = kafka::kLogAppendTimeBit | kafka::kDeleteHorizonBit;
constexpr size_t kDecompressedMost = limits::kVerifiedBatchBytes;  // of one batch

}  // namespace

std::string CompareBatches(ByteView original, ByteView copy, VerifyOptions::Depth depth, int16_t also_may_differ) {
  const BatchView a(original), b(copy);
  if (!b.crc_ok()) return "the copy does not match its own checksum";
  if (!a.crc_ok()) return "the source's batch does not match its own checksum";
  if (a.size_bytes() != b.size_bytes()) return fmt::format("{} bytes, not {}", b.size_bytes(), a.size_bytes());
  if (a.count() != b.count() || a.last_offset_delta() != b.last_offset_delta())
    return fmt::format("{} records, not {}", b.count(), a.count());
  if (a.base_timestamp() != b.base_timestamp() || a.max_timestamp() != b.max_timestamp())
    return "other timestamps in the header";
  if (((a.attributes() ^ b.attributes()) & ~(kMayDiffer | also_may_differ)) != 0)
    return fmt::format("attributes {:#x}, not {:#x}", b.attributes(), a.attributes());
  constexpr size_t kChecked = kafka::kHeaderSize - kafka::kAttributesAt;
  std::array<std::byte, kChecked> difference;
  for (size_t i = 0; i < kChecked; i++)
    difference[i] = original[kafka::kAttributesAt + i] ^ copy[kafka::kAttributesAt + i];
  const uint32_t correction =
      Crc32cShift(Crc32cRaw(0, ByteView(difference.data(), difference.size())), a.body().size());
  if ((a.crc() ^ correction) != b.crc()) return "other records (by checksum)";
  if (depth == VerifyOptions::Depth::kBytes && a.body() != b.body()) return "other records (byte by byte)";
  return "";
}

bool SameTimeRule(const BatchView& original, const BatchView& copy, Times times) {
  return original.log_append_time() == copy.log_append_time() || (original.log_append_time() && times == Times::kBytes);
}

bool MayBeRebuilt(const BatchView& original, const BatchView& copy) {
  const auto touched = [](const BatchView& b) { return b.has_holes() || b.log_append_time() || b.delete_horizon(); };
  return touched(original) || touched(copy);
}

StatusOr<std::vector<LogItem>> ItemsOf(const BatchView& batch) {
  if (!batch.crc_ok()) return DataLoss("it does not match its own checksum");
  std::vector<LogItem> items;
  if (batch.control()) {
    const auto type = kafka::ReadControlType(batch);
    if (type.status().code() == Code::kNotFound) return items;
    if (!type.ok()) return type.status();
    items.emplace_back().offset = batch.last_offset();
    items.back().marker = *type;
    return items;
  }
  TRY(std::vector<Record> records, kafka::ReadRecords(batch, kDecompressedMost));
  RETURN_IF_ERROR(kafka::CheckOffsetDeltas(batch, records));
  for (Record& record : records) {
    LogItem& item = items.emplace_back();
    item.offset = batch.base_offset() + record.offset_delta;
    item.read_time = batch.log_append_time() ? batch.max_timestamp() : record.timestamp;
    item.record = std::move(record);
  }
  return items;
}

std::string CompareRecords(const LogItem& original, const LogItem& copy, Times times) {
  const Record &a = original.record, &b = copy.record;
  if (a.key != b.key) return "another key";
  if (a.value != b.value) return "another value";
  if (a.headers != b.headers) return "other headers";
  const bool stored = times == Times::kBytes && copy.read_time == a.timestamp;
  if (copy.read_time != original.read_time && !stored)
    return fmt::format("its time is {}, not {}", copy.read_time, original.read_time);
  return "";
}

bool StandsForHoleBefore(const Record& next, const Record& filler) {
  return next.key == filler.key && next.value == filler.value && next.headers == filler.headers;
}

std::string HeaderHex(ByteView batch) {
  std::string hex;
  for (const std::byte b : batch.substr(0, kafka::kHeaderSize)) hex += fmt::format("{:02x}", static_cast<unsigned>(b));
  return hex;
}

}  // namespace klink::link
