#include "link/transaction_replay.h"

#include <algorithm>

#include "kafka/record_batch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

// A marker usually stands within a millisecond of the coordinator's answer; a leader that is moving takes seconds.
constexpr Duration kMarkerLimit = 30s;
constexpr Duration kLookFirst = 500us;
constexpr Duration kLookMost = 50ms;

}  // namespace

Async<Status> TransactionReplay::Gather() {
  open_.clear();
  CO_TRY(begun_, co_await transactions_.Open());
  co_return absl::OkStatus();
}

Async<Status> TransactionReplay::Adopt(const DestLog& log) {
  known_.clear();
  for (const ProducerState& p : log.producers)
    known_[p.producer_id] = {p.producer_epoch, AdvanceSequence(p.last_sequence, 1)};
  for (const ProducerState& p : log.producers) {
    if (!p.open_since) continue;
    const auto slot = std::find_if(begun_.begin(), begun_.end(),
                                   [&p](const TransactionSlot& s) { return s.producer_id == p.producer_id; });
    if (slot == begun_.end())
      co_return Unavailable(
          "{}: a transaction of producer {} is open since offset {}, and no coordinator of ours knows it", name_,
          p.producer_id, *p.open_since);
    const std::optional<SourceOffset> since = map_.ToSource(*p.open_since);
    if (!since) co_return Unavailable("{}: it is not known where offset {} came from", name_, *p.open_since);
    CO_TRY(const std::optional<SharedBytes> batch, co_await source_.BatchAt(*since));
    if (!batch)
      co_return Halt(Reason::kSourceTruncated,
                     "{}: the source no longer has offset {}, where a transaction under way began", name_, *since);
    open_[BatchView(batch->view()).producer_id()] = *slot;
    begun_.erase(slot);
  }
  co_return absl::OkStatus();
}

Async<StatusOr<TransactionSlot>> TransactionReplay::SlotOf(int64_t source_pid) {
  if (const auto found = open_.find(source_pid); found != open_.end()) co_return found->second;
  CO_RETURN_IF_ERROR(co_await gate_.UntilOpen());
  TransactionSlot slot;
  if (begun_.empty()) {
    CO_TRY(slot, co_await transactions_.Begin());
  } else {
    slot = begun_.back();
    begun_.pop_back();
  }
  open_[source_pid] = slot;
  co_return slot;
}

Stamp TransactionReplay::NextStamp(const TransactionSlot& slot, int32_t count) {
  Known& known = known_[slot.producer_id];
  if (known.epoch != slot.producer_epoch) known = {slot.producer_epoch, 0};
  const Stamp stamp{slot.producer_id, slot.producer_epoch, known.next_sequence};
  known.next_sequence = AdvanceSequence(known.next_sequence, count);
  return stamp;
}

Async<Status> TransactionReplay::End(int64_t source_pid, TransactionEnd end, DestOffset at) {
  CO_TRY(TransactionSlot slot, co_await SlotOf(source_pid));
  CO_RETURN_IF_ERROR(co_await gate_.UntilOpen());
  CO_RETURN_IF_ERROR(co_await transactions_.End(slot, end));
  CO_RETURN_IF_ERROR(co_await AwaitMarker(at));
  open_.erase(source_pid);
  transactions_.Release(slot);
  co_return absl::OkStatus();
}

// Replicated, not only appended: a leader that loses an un-replicated marker gets it again from the coordinator, behind
// whatever we had sent meanwhile.
Async<Status> TransactionReplay::AwaitMarker(DestOffset at) {
  Duration pause = kLookFirst;
  for (const Instant until = clock_.Now() + kMarkerLimit; clock_.Now() < until;) {
    CO_TRY(const DestOffset end, co_await sink_.HighWatermark());
    if (end == at + 1) co_return absl::OkStatus();
    if (end > at + 1)
      co_return Unavailable("{}: more than the marker of offset {} was appended; the log now ends at {}", name_, at,
                            end);
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(pause));
    pause = std::min(kLookMost, pause * 2);
  }
  co_return Unavailable("{}: the marker of offset {} did not appear within {} s", name_, at,
                        ToMillis(kMarkerLimit) / 1000);
}

}  // namespace klink::link
