#include "link/alignment.h"

#include <fmt/format.h>

#include "kafka/record_batch.h"
#include "link/batch_patch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

Plan PlanMarker(const BatchView& batch, const Position& at) {
  const auto type = kafka::ReadControlType(batch);
  if (type.status().code() == Code::kNotFound) return Skip{};  // the cleaner took it: a hole
  if (!type.ok())
    return Stop{Reason::kNotYetSupported,
                fmt::format("a control batch at source offset {}: {}", batch.base_offset(), Text(type.status()))};
  const int64_t before = batch.base_offset() - at.source_next.value;
  if (before < 0) return Skip{};
  return Marker{batch.producer_id(), *type == kafka::ControlType::kCommit, before};
}

}  // namespace

Plan PlanBatch(const BatchView& batch, const Position& at, Progressed progressed, bool append_times) {
  if (batch.magic() != 2)
    return Stop{Reason::kUnsupportedMessageFormat,
                fmt::format("a batch of message format v{} at source offset {}; klink copies v2 (Kafka 0.11 and later)",
                            batch.magic(), batch.base_offset())};
  const SourceOffset base(batch.base_offset());
  if (SourceOffset(batch.next_offset()) <= at.source_next || batch.count() == 0) return Skip{};
  if (base < at.source_next && progressed == Progressed::kFresh) return Prepend{base};
  if (batch.control()) return PlanMarker(batch, at);
  const std::optional<int64_t> pid = batch.transactional() ? std::optional(batch.producer_id()) : std::nullopt;
  const bool as_it_stands = base == at.source_next && !batch.has_holes() && !(batch.log_append_time() && append_times);
  if (!as_it_stands) return Rebuild{pid};
  if (pid) return Replay{*pid};
  return Append{};
}

Position After(const Position& at, const BatchView& batch, std::optional<int64_t> source_pid) {
  const int64_t offsets = batch.next_offset() - batch.base_offset();
  const int32_t taken = source_pid ? 0 : batch.count();
  return Position{SourceOffset(batch.next_offset()), at.dest_next + offsets, AdvanceSequence(at.sequence, taken),
                  at.epoch};
}

}  // namespace klink::link
