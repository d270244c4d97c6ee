// Record batches as they lie on the wire and in the log (message format v2): a view of the 61-byte header, a walk over
// the batches of a Fetch answer, and reading and building records in every codec.
// Nothing here changes a batch: `link/batch_patch` does, with the offsets named below.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/status.h"

namespace klink::kafka {

// Where the header's fields lie. The checksum covers everything from kAttributesAt on, so base offset and leader epoch
// are free to change; producer id, epoch and sequence are one run of 14 bytes.
inline constexpr size_t kBaseOffsetAt = 0;
inline constexpr size_t kLengthAt = 8;  // the bytes after this field
inline constexpr size_t kLeaderEpochAt = 12;
inline constexpr size_t kMagicAt = 16;
inline constexpr size_t kCrcAt = 17;
inline constexpr size_t kAttributesAt = 21;
inline constexpr size_t kLastOffsetDeltaAt = 23;
inline constexpr size_t kBaseTimestampAt = 27;
inline constexpr size_t kMaxTimestampAt = 35;
inline constexpr size_t kProducerIdAt = 43;
inline constexpr size_t kProducerEpochAt = 51;
inline constexpr size_t kBaseSequenceAt = 53;
inline constexpr size_t kCountAt = 57;
inline constexpr size_t kHeaderSize = 61;
inline constexpr size_t kLengthPrefix = 12;  // base offset and length

inline constexpr int16_t kCodecMask = 0x07;
inline constexpr int16_t kLogAppendTimeBit = 1 << 3;
inline constexpr int16_t kTransactionalBit = 1 << 4;
inline constexpr int16_t kControlBit = 1 << 5;
inline constexpr int16_t kDeleteHorizonBit = 1 << 6;

enum class Codec : uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };
std::string_view Name(Codec codec);  // as in compression.type; "unknown" for 5 to 7

// The header of one log entry. base_offset(), size_bytes() and magic() hold for every format; the rest is for v2 only,
// whose bytes are at least a header, as BatchWalker and BuildBatch give them.
class BatchView {
 public:
  explicit BatchView(ByteView bytes) : bytes_(bytes) { KLINK_CHECK(bytes.size() > kMagicAt); }

  int64_t base_offset() const { return At<int64_t>(kBaseOffsetAt); }
  size_t size_bytes() const { return static_cast<size_t>(At<int32_t>(kLengthAt)) + kLengthPrefix; }
  int32_t leader_epoch() const { return At<int32_t>(kLeaderEpochAt); }
  int8_t magic() const { return static_cast<int8_t>(bytes_[kMagicAt]); }
  uint32_t crc() const { return At<uint32_t>(kCrcAt); }
  int16_t attributes() const { return At<int16_t>(kAttributesAt); }
  Codec codec() const { return static_cast<Codec>(attributes() & kCodecMask); }
  bool log_append_time() const { return attributes() & kLogAppendTimeBit; }
  bool transactional() const { return attributes() & kTransactionalBit; }
  bool control() const { return attributes() & kControlBit; }
  bool delete_horizon() const { return attributes() & kDeleteHorizonBit; }
  int32_t last_offset_delta() const { return At<int32_t>(kLastOffsetDeltaAt); }
  int64_t last_offset() const { return base_offset() + last_offset_delta(); }
  int64_t next_offset() const { return last_offset() + 1; }
  int64_t base_timestamp() const { return At<int64_t>(kBaseTimestampAt); }
  int64_t max_timestamp() const { return At<int64_t>(kMaxTimestampAt); }
  int64_t producer_id() const { return At<int64_t>(kProducerIdAt); }
  int16_t producer_epoch() const { return At<int16_t>(kProducerEpochAt); }
  int32_t base_sequence() const { return At<int32_t>(kBaseSequenceAt); }
  int32_t count() const { return At<int32_t>(kCountAt); }
  // Compaction removed records (or all of them, count 0): brokers refuse such a batch from a client.
  bool has_holes() const { return int64_t{last_offset_delta()} + 1 != count(); }
  ByteView bytes() const { return bytes_; }
  ByteView body() const { return bytes_.substr(kHeaderSize); }
  bool crc_ok() const;  // reads the whole batch

 private:
  template <class T>
  T At(size_t offset) const {
    KLINK_CHECK(offset + sizeof(T) <= bytes_.size());
    return LoadBe<T>(bytes_.data() + offset);
  }
  ByteView bytes_;
};

// One entry of a log: a v2 batch, or a message (set) of the formats before it, which only says its size and format.
struct Batch {
  SharedBytes bytes{};  // the whole entry
  int8_t magic = 2;
  int64_t base_offset = 0;  // before v2: the offset of the (last inner) message

  BatchView view() const {
    KLINK_CHECK(magic == 2);
    return BatchView(bytes.view());
  }
};

// Walks the record bytes of a Fetch answer. The tail may be cut in the middle of a batch; it is dropped. Bytes that
// cannot be a batch are DataLoss, and the walk stays there.
class BatchWalker {
 public:
  explicit BatchWalker(SharedBytes records) : records_(std::move(records)) {}

  // The next whole batch; nullopt at the end.
  StatusOr<std::optional<Batch>> Next();
  // After the end: how many bytes of a cut batch were dropped. With no batch before it, the size asked for was less
  // than one batch.
  size_t left() const { return records_.size() - at_; }

 private:
  SharedBytes records_;
  size_t at_ = 0;
};

// --- Records -------------------------------------------------------------------------------------------------------

struct Record {
  int64_t timestamp = -1;  // of the record, not a delta
  int32_t offset_delta = 0;
  std::optional<std::string> key{};
  std::optional<std::string> value{};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers{};

  bool operator==(const Record&) const = default;
};

// All records of a batch, with their times as stored (a LogAppendTime topic's readers see max_timestamp() instead).
// DataLoss when they are not exactly what the header says; ResourceExhausted when more than `limit` bytes come out of
// the compressed ones; FailedPrecondition for a codec klink does not know. In memory they take a multiple of that.
StatusOr<std::vector<Record>> ReadRecords(const BatchView& batch, size_t limit);

// Ok when the offset deltas rise from record to record within 0 … last_offset_delta(), as in every batch that a broker
// has checked. It does not check those of an uncompressed one (protocol.md P7). DataLoss names the first wrong record.
Status CheckOffsetDeltas(const BatchView& batch, std::span<const Record> records);

// How a transaction ended.
enum class ControlType : int16_t { kAbort = 0, kCommit = 1 };
std::string_view Name(ControlType type);  // as Kafka writes it
// What a control batch says. NotFound when the cleaner has taken its record (the batch alone may stay, protocol.md
// L19), DataLoss when it is no marker.
StatusOr<ControlType> ReadControlType(const BatchView& batch);

// What a built batch says about itself; -1 is "none" throughout.
struct BatchIdentity {
  int64_t base_offset = 0;
  int32_t leader_epoch = -1;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  int16_t attributes = 0;                   // codec bits stay 0
  std::optional<int64_t> base_timestamp{};  // absent: the first record's
};

// A batch with its checksum; at least one record. Offset deltas are taken as they are, the last record's is
// lastOffsetDelta, the largest time maxTimestamp.
SharedBytes BuildBatch(const BatchIdentity& identity, std::span<const Record> records);
// The same with the records compressed. ResourceExhausted when they are more than a batch can hold.
StatusOr<SharedBytes> BuildBatch(const BatchIdentity& identity, std::span<const Record> records, Codec codec);

// The most fillers one batch carries: what a broker unpacks at a time stays under 1 MB.
inline constexpr int32_t kFillersMax = 100'000;
// `count` records without key and value and with no timestamp: they take `count` offsets and say nothing. Compressed
// (zstd, every destination knows it), they take a tenth of their bytes.
SharedBytes BuildFillerBatch(const BatchIdentity& identity, int32_t count);

}  // namespace klink::kafka
