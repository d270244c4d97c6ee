#include "kafka/record_batch.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "kafka/wire.h"

namespace klink::kafka {

std::string_view Name(Codec codec) {
  constexpr std::string_view kNames[] = {"none", "gzip", "snappy", "lz4", "zstd"};
  const auto at = static_cast<size_t>(codec);
  return at < std::size(kNames) ? kNames[at] : "unknown";
}

bool BatchView::crc_ok() const { return Crc32c(bytes_.substr(kAttributesAt)) == crc(); }

// --- Walking -------------------------------------------------------------------------------------------------------

namespace {

constexpr size_t kMessageV0 = 26;  // offset, size, crc, magic, attributes, two lengths
constexpr size_t kMessageV1 = 34;  // and a timestamp
// Offsets beyond this would overflow when a delta is added.
constexpr int64_t kBaseOffsetMax = std::numeric_limits<int64_t>::max() - std::numeric_limits<int32_t>::max() - 1;

size_t SmallestEntry(int8_t magic) {
  if (magic == 0) return kMessageV0;
  return magic == 1 ? kMessageV1 : kHeaderSize;
}

}  // namespace

StatusOr<std::optional<Batch>> BatchWalker::Next() {
  const std::byte* head = records_.data() + at_;
  if (left() <= kMagicAt) return std::nullopt;
  const auto magic = static_cast<int8_t>(head[kMagicAt]);
  const auto length = LoadBe<int32_t>(head + kLengthAt);
  const auto base_offset = LoadBe<int64_t>(head + kBaseOffsetAt);
  if (magic < 0 || magic > 2) {
    return DataLoss("record bytes at {}: magic {} is none of 0, 1, 2 (base offset {})", at_, magic, base_offset);
  }
  const int64_t size = int64_t{length} + static_cast<int64_t>(kLengthPrefix);
  if (size < static_cast<int64_t>(SmallestEntry(magic))) {
    return DataLoss("record bytes at {}: a batch of {} bytes is too short for magic {} (base offset {})", at_, size,
                    magic, base_offset);
  }
  if (base_offset < 0 || base_offset > kBaseOffsetMax) {
    return DataLoss("record bytes at {}: base offset {}", at_, base_offset);
  }
  if (static_cast<size_t>(size) > left()) return std::nullopt;
  Batch batch{.bytes = records_.Slice(at_, static_cast<size_t>(size)), .magic = magic, .base_offset = base_offset};
  if (magic == 2) {
    const BatchView view = batch.view();
    if (view.last_offset_delta() < 0 || view.count() < 0 || view.count() > int64_t{view.last_offset_delta()} + 1) {
      return DataLoss("batch at offset {}: {} records, last offset delta {}", base_offset, view.count(),
                      view.last_offset_delta());
    }
  }
  at_ += static_cast<size_t>(size);
  return batch;
}

// --- Records -------------------------------------------------------------------------------------------------------

namespace {

std::optional<std::string> ReadNullable(Reader& in) {
  const int32_t size = in.Varint();
  if (size < 0 || !in.ok()) return std::nullopt;
  return std::string(AsText(in.Bytes(static_cast<size_t>(size))));
}

Record ReadRecord(Reader& in, int64_t base_timestamp) {
  constexpr size_t kHeaderMin = 2;
  Record record;
  const int32_t size = in.Varint();
  if (size < 0) in.Fail(fmt::format("a record of length {}", size));
  const size_t former_end = in.Limit(in.ok() ? static_cast<size_t>(size) : 0);
  in.Number<int8_t>();  // attributes, unused
  // Unsigned: hostile deltas wrap instead of overflowing.
  record.timestamp = static_cast<int64_t>(static_cast<uint64_t>(base_timestamp) + static_cast<uint64_t>(in.Varlong()));
  record.offset_delta = in.Varint();
  record.key = ReadNullable(in);
  record.value = ReadNullable(in);
  const int32_t headers = in.Varint();
  if (headers < 0 || static_cast<size_t>(headers) > in.left() / kHeaderMin) {
    in.Fail(fmt::format("{} headers, {} bytes left", headers, in.left()));
  }
  for (int32_t i = 0; i < headers && in.ok(); ++i) {
    std::optional<std::string> name = ReadNullable(in);
    if (!name) in.Fail("a header without a name");
    std::optional<std::string> value = ReadNullable(in);
    if (in.ok()) record.headers.emplace_back(*std::move(name), std::move(value));
  }
  if (in.ok() && in.left() != 0) in.Fail(fmt::format("a record with {} bytes too many", in.left()));
  in.Unlimit(former_end);
  return record;
}

void WriteNullable(Writer& out, const std::optional<std::string>& text) {
  out.Varint(text ? static_cast<int32_t>(text->size()) : -1);
  if (text) out.Bytes(AsBytes(*text));
}

void WriteRecord(Writer& out, const Record& record, int64_t base_timestamp) {
  Writer body;
  body.Number<int8_t>(0);
  body.Varlong(record.timestamp - base_timestamp);
  body.Varint(record.offset_delta);
  WriteNullable(body, record.key);
  WriteNullable(body, record.value);
  body.Varint(static_cast<int32_t>(record.headers.size()));
  for (const auto& [name, value] : record.headers) {
    WriteNullable(body, name);
    WriteNullable(body, value);
  }
  out.Varint(static_cast<int32_t>(body.size()));
  out.Append(std::move(body));
}

// The header around `body`, checksum included.
SharedBytes Seal(const BatchIdentity& identity, int32_t last_offset_delta, int32_t count, int64_t base_timestamp,
                 int64_t max_timestamp, ByteView body) {
  SharedBytes batch = SharedBytes::Allocate(kHeaderSize + body.size());
  std::byte* to = batch.data();
  StoreBe(to + kBaseOffsetAt, identity.base_offset);
  StoreBe(to + kLengthAt, static_cast<int32_t>(batch.size() - kLengthPrefix));
  StoreBe(to + kLeaderEpochAt, identity.leader_epoch);
  to[kMagicAt] = std::byte{2};
  StoreBe(to + kAttributesAt, identity.attributes);
  StoreBe(to + kLastOffsetDeltaAt, last_offset_delta);
  StoreBe(to + kBaseTimestampAt, base_timestamp);
  StoreBe(to + kMaxTimestampAt, max_timestamp);
  StoreBe(to + kProducerIdAt, identity.producer_id);
  StoreBe(to + kProducerEpochAt, identity.producer_epoch);
  StoreBe(to + kBaseSequenceAt, identity.base_sequence);
  StoreBe(to + kCountAt, count);
  if (!body.empty()) std::memcpy(to + kHeaderSize, body.data(), body.size());
  StoreBe(to + kCrcAt, Crc32c(batch.view().substr(kAttributesAt)));
  return batch;
}

}  // namespace

StatusOr<std::vector<Record>> ReadRecords(const BatchView& batch) {
  constexpr size_t kRecordMin = 7;
  if (batch.codec() != Codec::kNone) {
    return FailedPrecondition("batch at offset {}: its records are compressed with {}", batch.base_offset(),
                              Name(batch.codec()));
  }
  const std::string what = fmt::format("records of the batch at offset {}", batch.base_offset());
  if (batch.count() < 0 || static_cast<size_t>(batch.count()) > batch.body().size() / kRecordMin) {
    return DataLoss("{}: {} records in {} bytes", what, batch.count(), batch.body().size());
  }
  Reader in(SharedBytes::CopyOf(batch.body()));
  std::vector<Record> records;
  for (int32_t i = 0; i < batch.count() && in.ok(); ++i) records.push_back(ReadRecord(in, batch.base_timestamp()));
  if (in.ok() && in.left() != 0) in.Fail(fmt::format("{} bytes behind the last record", in.left()));
  RETURN_IF_ERROR(in.ToStatus(what));
  return records;
}

SharedBytes BuildBatch(const BatchIdentity& identity, std::span<const Record> records) {
  KLINK_CHECK(!records.empty());
  KLINK_CHECK((identity.attributes & kCodecMask) == 0);
  const int64_t base_timestamp = records.front().timestamp;
  int64_t max_timestamp = base_timestamp;
  Writer body;
  for (const Record& record : records) {
    WriteRecord(body, record, base_timestamp);
    max_timestamp = std::max(max_timestamp, record.timestamp);
  }
  const SharedBytes flat = std::move(body).Finish().Flat();
  return Seal(identity, records.back().offset_delta, static_cast<int32_t>(records.size()), base_timestamp,
              max_timestamp, flat.view());
}

SharedBytes BuildFillerBatch(const BatchIdentity& identity, int32_t count) {
  KLINK_CHECK(0 < count && count <= kFillersMax);
  Writer body;
  Record filler;
  for (int32_t i = 0; i < count; ++i) {
    filler.offset_delta = i;
    WriteRecord(body, filler, filler.timestamp);
  }
  const SharedBytes flat = std::move(body).Finish().Flat();
  return Seal(identity, count - 1, count, filler.timestamp, filler.timestamp, flat.view());
}

}  // namespace klink::kafka
