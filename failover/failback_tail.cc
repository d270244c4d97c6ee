#include "failover/failback_tail.h"

#include <algorithm>

#include "base/limits.h"

namespace klink::failover {
namespace {

// Of a batch that reaches across `from`: how many records lie at or behind it.
StatusOr<int64_t> RecordsFrom(const kafka::BatchView& batch, int64_t from) {
  if (batch.base_offset() >= from) return batch.count();
  TRY(const std::vector<kafka::Record> records, kafka::ReadRecords(batch, limits::kVerifiedBatchBytes));
  return std::count_if(records.begin(), records.end(),
                       [&](const kafka::Record& record) { return batch.base_offset() + record.offset_delta >= from; });
}

}  // namespace

Status TailTally::Take(const kafka::BatchView& batch) {
  if (!batch.crc_ok()) return DataLoss("the batch at offset {} does not match its own checksum", batch.base_offset());
  if (batch.control()) return TakeMarker(batch);
  if (batch.transactional()) Begin(batch);
  if (batch.next_offset() <= tail_.from) return absl::OkStatus();
  TRY(const int64_t records, RecordsFrom(batch, tail_.from));
  Count(batch, records);
  return absl::OkStatus();
}

// An application may give its records any time; behind a marker is not before the marker's.
void TailTally::Begin(const kafka::BatchView& batch) {
  const int64_t time_ms = std::max(batch.max_timestamp(), last_marker_ms_.value_or(batch.max_timestamp()));
  open_.try_emplace(batch.producer_id(), TransactionBegin{batch.base_offset(), batch.producer_epoch(), time_ms});
}

void TailTally::Count(const kafka::BatchView& batch, int64_t records) {
  tail_.to = batch.next_offset();
  if (records == 0) return;  // a cleaner emptied it
  tail_.batches++;
  tail_.records += records;
  tail_.bytes += static_cast<int64_t>(batch.size_bytes());
  if (!tail_.first_time_ms)
    tail_.first_time_ms = batch.log_append_time() ? batch.max_timestamp() : batch.base_timestamp();
  tail_.last_time_ms = std::max(tail_.last_time_ms.value_or(batch.max_timestamp()), batch.max_timestamp());
}

Status TailTally::TakeMarker(const kafka::BatchView& marker) {
  const StatusOr<kafka::ControlType> type = kafka::ReadControlType(marker);
  if (!type.ok() && type.status().code() != Code::kNotFound) return type.status();
  const auto open = open_.find(marker.producer_id());
  const std::optional<TransactionBegin> begin = open == open_.end() ? std::nullopt : std::optional(open->second);
  if (begin) open_.erase(open);
  if (type.ok() && *type == kafka::ControlType::kCommit) Note(marker, begin);
  marked_.insert(marker.producer_id());
  last_marker_ms_ = marker.max_timestamp();
  if (marker.next_offset() <= tail_.from) return absl::OkStatus();
  tail_.to = marker.next_offset();
  tail_.markers++;
  if (!type.ok()) return absl::OkStatus();  // a cleaner took its verdict, and all it spoke about before
  if (++ended_count_ > kTransactionsMost)
    return ResourceExhausted("more than {} transactions: export fewer partitions at a time", kTransactionsMost);
  const Outcome outcome = *type == kafka::ControlType::kCommit ? Outcome::kCommitted : Outcome::kAborted;
  ended_[marker.producer_id()].push_back({marker.base_offset(), outcome});
  End(begin ? begin->offset : -1, outcome);
  return absl::OkStatus();
}

// With an end of the producer's before it and no record between, the marker ends nothing here: it was written twice, or
// nothing of the transaction came to this partition (T6, T7).
void TailTally::Note(const kafka::BatchView& marker, const std::optional<TransactionBegin>& begin) {
  if (!begin && marked_.contains(marker.producer_id())) return;
  if (parts_.parts.size() == kPartsMost) {
    parts_.left_out++;
    return;
  }
  TransactionPart& part = parts_.parts.emplace_back();
  part.producer_id = marker.producer_id();
  part.marker_epoch = marker.producer_epoch();
  part.begin = begin;
  part.marker = marker.base_offset();
  part.marker_ms = marker.max_timestamp();
  part.crossed = marker.next_offset() <= tail_.from;
}

void TailTally::End(int64_t first, Outcome outcome) {
  (outcome == Outcome::kCommitted ? tail_.committed : outcome == Outcome::kAborted ? tail_.aborted : tail_.open)++;
  if (first < tail_.from) tail_.torn++;
}

LogTail TailTally::Finish() {
  for (const auto& [producer_id, begin] : std::exchange(open_, {})) End(begin.offset, Outcome::kOpen);
  return tail_;
}

Outcome TailTally::OutcomeOf(int64_t producer_id, int64_t offset) const {
  const auto ended = ended_.find(producer_id);
  if (ended == ended_.end()) return Outcome::kOpen;
  const auto marker = std::partition_point(ended->second.begin(), ended->second.end(),
                                           [offset](const Ended& e) { return e.marker < offset; });
  return marker == ended->second.end() ? Outcome::kOpen : marker->outcome;
}

}  // namespace klink::failover
