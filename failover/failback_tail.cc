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
  if (batch.transactional()) open_.try_emplace(batch.producer_id(), batch.base_offset());
  if (batch.next_offset() <= tail_.from) return absl::OkStatus();
  TRY(const int64_t records, RecordsFrom(batch, tail_.from));
  Count(batch, records);
  return absl::OkStatus();
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
  const std::optional<int64_t> first = open == open_.end() ? std::nullopt : std::optional(open->second);
  if (first) open_.erase(open);
  if (marker.next_offset() <= tail_.from) return absl::OkStatus();
  tail_.to = marker.next_offset();
  tail_.markers++;
  if (!type.ok()) return absl::OkStatus();  // a cleaner took its verdict, and all it spoke about before
  if (++ended_count_ > kTransactionsMost)
    return ResourceExhausted("more than {} transactions: export fewer partitions at a time", kTransactionsMost);
  const Outcome outcome = *type == kafka::ControlType::kCommit ? Outcome::kCommitted : Outcome::kAborted;
  ended_[marker.producer_id()].push_back({marker.base_offset(), outcome});
  End(first.value_or(-1), outcome);
  return absl::OkStatus();
}

void TailTally::End(int64_t first, Outcome outcome) {
  (outcome == Outcome::kCommitted ? tail_.committed : outcome == Outcome::kAborted ? tail_.aborted : tail_.open)++;
  if (first < tail_.from) tail_.torn++;
}

LogTail TailTally::Finish() {
  for (const auto& [producer_id, first] : std::exchange(open_, {})) End(first, Outcome::kOpen);
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
