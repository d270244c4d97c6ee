#include "link/reencode.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "kafka/record_batch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using kafka::Record;

constexpr size_t kDecompressedMost =
    limits::kDecompressedBytes;          // of one source batch; as records they take several times that
constexpr int64_t kRecordOverhead = 24;  // lengths, deltas and attributes, at most

int64_t SizeOf(const Record& record) {
  size_t size = kRecordOverhead + (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  for (const auto& [name, value] : record.headers) size += kRecordOverhead + name.size() + (value ? value->size() : 0);
  return static_cast<int64_t>(size);
}

class Builder {
 public:
  Builder(const BatchView& batch, const Position& at, const ReencodeRules& rules)
      : rules_(rules), codec_(batch.codec()), next_(at.source_next) {
    if (batch.transactional()) identity_.attributes = kafka::kTransactionalBit;
    fillers_left_ = rules.fillers_left;
  }

  Status Add(Record record, SourceOffset offset) {
    const int64_t size = SizeOf(record);
    const SourceOffset from = rules_.fill_from ? std::max(next_, std::min(*rules_.fill_from, offset)) : offset;
    const int64_t missing = offset - from;
    const bool fill = missing <= rules_.fill_records && missing <= fillers_left_ && missing * size <= rules_.fill_bytes;
    RETURN_IF_ERROR(CloseUp(fill ? from : offset));
    const int64_t fillers = offset - next_;
    for (int64_t i = 0; i < fillers; i++) {
      RETURN_IF_ERROR(Take(Record(record), size));
      fillers_++;
    }
    done_.fillers += fillers;
    fillers_left_ -= fillers;
    done_.records++;
    return Take(std::move(record), size);
  }

  StatusOr<Reencoded> Finish() {
    RETURN_IF_ERROR(Close());
    return std::move(done_);
  }

 private:
  // Nothing stands for the offsets up to `to`.
  Status CloseUp(SourceOffset to) {
    if (to == next_) return absl::OkStatus();
    RETURN_IF_ERROR(Close());
    shifted_ = true;
    next_ = to;
    return absl::OkStatus();
  }

  // The next offset, by a record or by a filler.
  Status Take(Record record, int64_t size) {
    if (!records_.empty() && bytes_ + size > static_cast<int64_t>(rules_.batch_bytes)) RETURN_IF_ERROR(Close());
    if (records_.empty()) first_ = next_;
    record.offset_delta = static_cast<int32_t>(records_.size());
    records_.push_back(std::move(record));
    bytes_ += size;
    next_ = next_ + 1;
    return absl::OkStatus();
  }

  Status Close() {
    if (records_.empty()) return absl::OkStatus();
    Piece piece{.batch = {},
                .first = first_,
                .next = next_,
                .offsets = static_cast<int64_t>(records_.size()),
                .fillers = std::exchange(fillers_, 0),
                .shifted = shifted_};
    TRY(piece.batch, kafka::BuildBatch(identity_, records_, codec_));
    done_.pieces.push_back(std::move(piece));
    records_.clear();
    bytes_ = 0;
    shifted_ = false;
    return absl::OkStatus();
  }

  const ReencodeRules& rules_;
  kafka::Codec codec_;
  kafka::BatchIdentity identity_;
  SourceOffset next_, first_;
  int64_t fillers_left_ = 0;
  bool shifted_ = false;
  std::vector<Record> records_;  // of the piece under way
  int64_t fillers_ = 0;          // among them
  int64_t bytes_ = 0;
  Reencoded done_;
};

}  // namespace

StatusOr<Reencoded> Reencode(const BatchView& batch, const Position& at, const ReencodeRules& rules) {
  TRY(std::vector<Record> records, kafka::ReadRecords(batch, kDecompressedMost));
  RETURN_IF_ERROR(kafka::CheckOffsetDeltas(batch, records));
  Builder builder(batch, at, rules);
  for (Record& record : records) {
    const SourceOffset offset(batch.base_offset() + record.offset_delta);
    if (offset < at.source_next) continue;
    if (batch.log_append_time() && rules.append_times) record.timestamp = batch.max_timestamp();
    RETURN_IF_ERROR(builder.Add(std::move(record), offset));
  }
  return builder.Finish();
}

std::optional<bool> SameLastRecord(ByteView ours, ByteView source, SourceOffset last, bool append_times) {
  const BatchView copy(ours), original(source);
  if (copy.control() || original.control()) return false;
  auto mine = kafka::ReadRecords(copy, kDecompressedMost), theirs = kafka::ReadRecords(original, kDecompressedMost);
  if (!mine.ok() || !theirs.ok() || mine->empty()) return false;
  const int64_t delta = last.value - original.base_offset();
  const auto found =
      std::find_if(theirs->begin(), theirs->end(), [delta](const Record& r) { return r.offset_delta == delta; });
  if (found == theirs->end()) return original.has_holes() ? std::nullopt : std::optional(false);
  Record expected = *found;
  expected.offset_delta = mine->back().offset_delta;
  if (original.log_append_time() && append_times) expected.timestamp = original.max_timestamp();
  return mine->back() == expected;
}

}  // namespace klink::link
