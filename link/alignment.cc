#include "link/alignment.h"

#include <fmt/format.h>

#include "link/batch_patch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

// What cannot be copied exactly yet is refused with the offset where it stands, never skipped.
std::optional<Stop> Refusal(const BatchView& batch) {
  auto not_yet = [&](std::string_view what) {
    return Stop{Reason::kNotYetSupported, fmt::format("{} at source offset {}", what, batch.base_offset())};
  };
  if (batch.magic() != 2)
    return Stop{Reason::kUnsupportedMessageFormat,
                fmt::format("a batch of message format v{} at source offset {}; klink copies v2 (Kafka 0.11 and later)",
                            batch.magic(), batch.base_offset())};
  if (batch.control()) return not_yet("a control batch (end of a transaction)");
  if (batch.transactional()) return not_yet("a transactional batch");
  if (batch.log_append_time()) return not_yet("a LogAppendTime batch");
  if (batch.count() == 0) return not_yet("a batch emptied by compaction");
  if (batch.has_holes()) return not_yet("a batch with compaction holes");
  return std::nullopt;
}

}  // namespace

Plan PlanBatch(const BatchView& batch, const Position& at, Progressed progressed) {
  const SourceOffset base(batch.base_offset());
  if (batch.magic() == 2 && SourceOffset(batch.next_offset()) <= at.source_next) return Skip{};
  if (std::optional<Stop> refusal = Refusal(batch)) return *refusal;
  if (base == at.source_next) return Append{};
  if (base < at.source_next) {
    if (progressed == Progressed::kFresh) return Prepend{base};
    return Stop{Reason::kMisplacedBatch, fmt::format("source offset {} lies inside the source batch {}–{}",
                                                     at.source_next, base, batch.last_offset())};
  }
  return Stop{Reason::kNotYetSupported,
              fmt::format("the source log has a hole: offsets {}–{} are missing", at.source_next, base - 1)};
}

Position After(const Position& at, const BatchView& batch) {
  const int64_t offsets = batch.next_offset() - batch.base_offset();
  return Position{SourceOffset(batch.next_offset()), at.dest_next + offsets,
                  AdvanceSequence(at.sequence, batch.count()), at.epoch};
}

}  // namespace klink::link
