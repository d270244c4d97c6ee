#include "kafka/record_batch.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"
#include "kafka/compression.h"
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
  // Unsigned: distant times wrap instead of overflowing, and are read back by wrapping.
  body.Varlong(static_cast<int64_t>(static_cast<uint64_t>(record.timestamp) - static_cast<uint64_t>(base_timestamp)));
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

constexpr size_t kBodyMax = std::numeric_limits<int32_t>::max() - kHeaderSize;

// What the header says about the records.
struct Summary {
  int32_t last_offset_delta;
  int32_t count;
  int64_t base_timestamp;
  int64_t max_timestamp;
};

Summary Summarize(const BatchIdentity& identity, std::span<const Record> records) {
  KLINK_CHECK(!records.empty());
  const auto latest = std::ranges::max_element(records, {}, &Record::timestamp);
  return {.last_offset_delta = records.back().offset_delta,
          .count = static_cast<int32_t>(records.size()),
          .base_timestamp = identity.base_timestamp.value_or(records.front().timestamp),
          .max_timestamp = latest->timestamp};
}

SharedBytes WriteRecords(std::span<const Record> records, int64_t base_timestamp) {
  Writer body;
  for (const Record& record : records) WriteRecord(body, record, base_timestamp);
  return std::move(body).Finish().Flat();
}

// The header around `body`, checksum included.
SharedBytes Seal(const BatchIdentity& identity, const Summary& summary, Codec codec, ByteView body) {
  KLINK_CHECK((identity.attributes & kCodecMask) == 0);
  KLINK_CHECK(body.size() <= kBodyMax);
  SharedBytes batch = SharedBytes::Allocate(kHeaderSize + body.size());
  std::byte* to = batch.data();
  StoreBe(to + kBaseOffsetAt, identity.base_offset);
  StoreBe(to + kLengthAt, static_cast<int32_t>(batch.size() - kLengthPrefix));
  StoreBe(to + kLeaderEpochAt, identity.leader_epoch);
  to[kMagicAt] = std::byte{2};
  StoreBe(to + kAttributesAt, static_cast<int16_t>(identity.attributes | static_cast<int16_t>(codec)));
  StoreBe(to + kLastOffsetDeltaAt, summary.last_offset_delta);
  StoreBe(to + kBaseTimestampAt, summary.base_timestamp);
  StoreBe(to + kMaxTimestampAt, summary.max_timestamp);
  StoreBe(to + kProducerIdAt, identity.producer_id);
  StoreBe(to + kProducerEpochAt, identity.producer_epoch);
  StoreBe(to + kBaseSequenceAt, identity.base_sequence);
  StoreBe(to + kCountAt, summary.count);
  if (!body.empty()) std::memcpy(to + kHeaderSize, body.data(), body.size());
  StoreBe(to + kCrcAt, Crc32c(batch.view().substr(kAttributesAt)));
  return batch;
}

}  // namespace

StatusOr<std::vector<Record>> ReadRecords(const BatchView& batch, size_t limit) {
  constexpr size_t kRecordMin = 7;
  const std::string what = fmt::format("records of the batch at offset {}", batch.base_offset());
  StatusOr<SharedBytes> body = Decompress(batch.codec(), batch.body(), limit);
  if (!body.ok()) return Annotate(body.status(), what);
  if (batch.count() < 0 || static_cast<size_t>(batch.count()) > body->size() / kRecordMin) {
    return DataLoss("{}: {} records in {} bytes", what, batch.count(), body->size());
  }
  Reader in(*std::move(body));
  std::vector<Record> records;
  records.reserve(static_cast<size_t>(batch.count()));
  for (int32_t i = 0; i < batch.count() && in.ok(); ++i) records.push_back(ReadRecord(in, batch.base_timestamp()));
  if (in.ok() && in.left() != 0) in.Fail(fmt::format("{} bytes behind the last record", in.left()));
  RETURN_IF_ERROR(in.ToStatus(what));
  return records;
}

Status CheckOffsetDeltas(const BatchView& batch, std::span<const Record> records) {
  int64_t last = -1;
  for (const Record& record : records) {
    if (record.offset_delta <= last || record.offset_delta > batch.last_offset_delta()) {
      return DataLoss("batch at offset {}: offset delta {} after {}, the last one is {}", batch.base_offset(),
                      record.offset_delta, last, batch.last_offset_delta());
    }
    last = record.offset_delta;
  }
  return absl::OkStatus();
}

std::string_view Name(ControlType type) { return type == ControlType::kCommit ? "COMMIT" : "ABORT"; }

StatusOr<ControlType> ReadControlType(const BatchView& batch) {
  constexpr size_t kRecordsMax = 4096;  // a marker has 17 bytes; later versions may say more
  constexpr size_t kTypeAt = 2;         // of the key: behind its version
  if (!batch.control()) return DataLoss("the batch at offset {} is no control batch", batch.base_offset());
  if (batch.count() == 0) return NotFound("the control batch at offset {} was cleaned", batch.base_offset());
  TRY(const std::vector<Record> records, ReadRecords(batch, kRecordsMax));
  const std::optional<std::string>& key = records.front().key;
  if (records.size() != 1 || !key || key->size() < kTypeAt + sizeof(int16_t)) {
    return DataLoss("the control batch at offset {} is no marker", batch.base_offset());
  }
  const auto type = LoadBe<int16_t>(AsBytes(*key).data() + kTypeAt);
  if (type != static_cast<int16_t>(ControlType::kAbort) && type != static_cast<int16_t>(ControlType::kCommit)) {
    return DataLoss("the control batch at offset {} has type {}", batch.base_offset(), type);
  }
  return static_cast<ControlType>(type);
}

SharedBytes BuildBatch(const BatchIdentity& identity, std::span<const Record> records) {
  const Summary summary = Summarize(identity, records);
  return Seal(identity, summary, Codec::kNone, WriteRecords(records, summary.base_timestamp).view());
}

StatusOr<SharedBytes> BuildBatch(const BatchIdentity& identity, std::span<const Record> records, Codec codec) {
  const Summary summary = Summarize(identity, records);
  SharedBytes body = WriteRecords(records, summary.base_timestamp);
  if (codec != Codec::kNone) {
    TRY(body, Compress(codec, body.view()));
  }
  if (body.size() > kBodyMax) return ResourceExhausted("{} bytes of records do not fit in a batch", body.size());
  return Seal(identity, summary, codec, body.view());
}

SharedBytes BuildFillerBatch(const BatchIdentity& identity, int32_t count) {
  KLINK_CHECK(0 < count && count <= kFillersMax);
  Writer body;
  Record filler;
  for (int32_t i = 0; i < count; ++i) {
    filler.offset_delta = i;
    WriteRecord(body, filler, filler.timestamp);
  }
  const Summary summary{.last_offset_delta = count - 1,
                        .count = count,
                        .base_timestamp = filler.timestamp,
                        .max_timestamp = filler.timestamp};
  const SharedBytes flat = std::move(body).Finish().Flat();
  const StatusOr<SharedBytes> packed = Compress(Codec::kZstd, flat.view());
  const bool smaller = packed.ok() && packed->size() < flat.size();
  return Seal(identity, summary, smaller ? Codec::kZstd : Codec::kNone, smaller ? packed->view() : flat.view());
}

}  // namespace klink::kafka
