#include "link/transaction_replay.h"

#include <algorithm>

#include "kafka/record_batch.h"

namespace klink::link {
namespace {

using kafka::BatchView;

// A marker usually stands within a millisecond of the coordinator's answer; a leader that is moving takes seconds.
constexpr Duration kMarkerLimit = 30s;
constexpr Duration kLookFirst = 500us;
constexpr Duration kLookMost = 50ms;

}  // namespace

Async<Status> TransactionReplay::Gather() {
  CO_TRY(begun_, co_await transactions_.Open());
  co_return absl::OkStatus();
}

Async<Status> TransactionReplay::Adopt(const DestLog& log) {
  known_.clear();
  lost_.clear();
  for (const ProducerState& p : log.producers)
    known_[p.producer_id] = {p.producer_epoch, AdvanceSequence(p.last_sequence, 1)};
  // What this process began it knows, as long as the log has not gone another way since.
  const std::map<int64_t, Carried> before = std::exchange(open_, {});
  auto remembered = [&before](int64_t pid, auto&& fits) {
    return std::find_if(before.begin(), before.end(), [&](const auto& entry) {
      return entry.second.slot.producer_id == pid && fits(entry.second.since);
    });
  };
  for (const ProducerState& p : log.producers) {
    if (!p.open_since) continue;
    const auto begun = std::find_if(begun_.begin(), begun_.end(),
                                    [&p](const TransactionSlot& s) { return s.producer_id == p.producer_id; });
    std::optional<TransactionSlot> slot;
    if (begun != begun_.end()) {
      slot = std::move(*begun);
      begun_.erase(begun);
    } else {
      CO_TRY(slot, co_await transactions_.Find(p.producer_id));
    }
    if (!slot)
      co_return Unavailable(
          "{}: a transaction of producer {} is open since offset {}, and no coordinator of ours knows it", name_,
          p.producer_id, *p.open_since);
    const auto known = remembered(p.producer_id, [&p](DestOffset since) { return since == *p.open_since; });
    std::optional<int64_t> source_pid;
    if (known != before.end()) {
      source_pid = known->first;
    } else {
      CO_TRY(source_pid, co_await SourcePidOf(p.producer_id, std::max(*p.open_since, log.start), log.end));
    }
    if (source_pid)
      open_[*source_pid] = {*slot, *p.open_since};
    else
      lost_.push_back(*slot);
  }
  // A first batch that may still be under way must go under the same slot again (protocol.md P22).
  std::erase_if(begun_, [&](const TransactionSlot& slot) {
    const auto known = remembered(slot.producer_id, [&log](DestOffset since) { return since >= log.end; });
    if (known == before.end()) return false;
    open_[known->first] = {slot, known->second.since};
    return true;
  });
  co_return absl::OkStatus();
}

std::optional<int64_t> TransactionReplay::Remembered(int64_t pid, DestOffset since) const {
  for (const auto& [source_pid, carried] : open_)
    if (carried.slot.producer_id == pid && carried.since == since) return source_pid;
  return std::nullopt;
}

// From its last batch on, which the source keeps longest; nothing when it has none of them any more.
Async<StatusOr<std::optional<int64_t>>> TransactionReplay::SourcePidOf(int64_t pid, DestOffset since, DestOffset end) {
  for (DestOffset at = end - 1; at >= since;) {
    CO_TRY(const std::optional<SharedBytes> ours, co_await sink_.BatchAt(at));
    if (!ours) co_return Unavailable("{}: the log cannot be read at offset {}", name_, at);
    const BatchView view(ours->view());
    at = DestOffset(view.base_offset()) - 1;
    if (view.producer_id() != pid) continue;
    const std::optional<SourceOffset> copied = map_.ToSource(DestOffset(view.last_offset()));
    if (!copied) co_return Unavailable("{}: it is not known where offset {} came from", name_, view.last_offset());
    CO_TRY(const std::optional<SharedBytes> source, co_await source_.BatchAt(*copied));
    if (source && BatchView(source->view()).base_offset() <= copied->value)
      co_return BatchView(source->view()).producer_id();
  }
  co_return std::nullopt;
}

Async<StatusOr<TransactionSlot>> TransactionReplay::SlotOf(int64_t source_pid, DestOffset at) {
  if (const auto found = open_.find(source_pid); found != open_.end()) co_return found->second.slot;
  CO_RETURN_IF_ERROR(co_await gate_.UntilOpen());
  TransactionSlot slot;
  if (begun_.empty()) {
    CO_TRY(slot, co_await transactions_.Begin());
  } else {
    slot = begun_.back();
    begun_.pop_back();
  }
  open_[source_pid] = {slot, at};
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
  CO_TRY(TransactionSlot slot, co_await SlotOf(source_pid, at));
  CO_RETURN_IF_ERROR(co_await EndSlot(std::move(slot), end, at));
  open_.erase(source_pid);
  co_return absl::OkStatus();
}

void TransactionReplay::LoseAll(DestOffset end) {
  for (auto& [source_pid, carried] : std::exchange(open_, {}))
    (carried.since < end ? lost_ : begun_).push_back(std::move(carried.slot));
}

Async<Status> TransactionReplay::AbortLost(DestOffset at) {
  CO_RETURN_IF_ERROR(co_await EndSlot(TransactionSlot(lost_.back()), TransactionEnd::kAbort, at));
  lost_.pop_back();
  co_return absl::OkStatus();
}

Async<Status> TransactionReplay::EndSlot(TransactionSlot slot, TransactionEnd end, DestOffset at) {
  CO_RETURN_IF_ERROR(co_await gate_.UntilOpen());
  CO_RETURN_IF_ERROR(co_await transactions_.End(slot, end));
  CO_RETURN_IF_ERROR(co_await AwaitMarker(slot.producer_id, at));
  transactions_.Release(slot);
  co_return absl::OkStatus();
}

// Replicated, not only appended: a leader that loses an un-replicated marker gets it again from the coordinator, behind
// whatever we had sent meanwhile. And ours: another transaction's marker may be written again there (protocol.md T7).
Async<Status> TransactionReplay::AwaitMarker(int64_t pid, DestOffset at) {
  Duration pause = kLookFirst;
  for (const Instant until = clock_.Now() + kMarkerLimit; clock_.Now() < until;) {
    CO_TRY(const std::optional<SharedBytes> batch, co_await sink_.AwaitMarker(at));
    if (batch) {
      const BatchView view(batch->view());
      if (view.control() && view.producer_id() == pid && view.base_offset() == at.value) co_return absl::OkStatus();
      co_return Unavailable("{}: at offset {} stands something else than the marker that was asked for", name_, at);
    }
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(pause));
    pause = std::min(kLookMost, pause * 2);
  }
  co_return Unavailable("{}: the marker of offset {} did not appear within {} s", name_, at,
                        ToMillis(kMarkerLimit) / 1000);
}

}  // namespace klink::link
