#include "link/transaction_slots.h"

#include <algorithm>

#include "base/task_group.h"
#include "kafka/messages/add_partitions_to_txn.h"
#include "kafka/messages/end_txn.h"
#include "link/cluster_admin.h"
#include "link/halt.h"
#include "link/kafka_partition.h"
#include "state/link_topics.h"

namespace klink::link {
namespace {

using kafka::Error;
using kafka::Lane;
using kafka::Verdict;

constexpr Duration kDeadline = 10s;
constexpr Duration kTryAgainFor = 15s;
constexpr Duration kTryAgainFirst = 1ms;   // the coordinator is about to finish the slot's last transaction …
constexpr Duration kTryAgainMost = 100ms;  // … or waits for a leader, or is being loaded
constexpr Duration kLookFirst = 5ms;
constexpr Duration kLandsBy = 15s;   // a call that was given up
constexpr Duration kSettles = 10ms;  // after its marker a coordinator still writes that it is done

bool Names(const kafka::TransactionState& transaction, const TopicPartition& tp) {
  for (const kafka::TransactionTopic& topic : transaction.topics)
    if (topic.topic == tp.topic &&
        std::find(topic.partitions.begin(), topic.partitions.end(), tp.partition) != topic.partitions.end())
      return true;
  return false;
}

// A slot carries the transaction of one partition.
TopicPartition PartitionOf(const kafka::TransactionState& transaction) {
  return {transaction.topics.front().topic, transaction.topics.front().partitions.front()};
}

bool IsEnding(const kafka::TransactionState& transaction) {
  return transaction.transaction_state.starts_with("Prepare");
}

}  // namespace

// How long a call is tried again, and after which pauses.
class TransactionSlots::Patience {
 public:
  explicit Patience(Clock& clock) : clock_(clock), until_(clock.Now() + kTryAgainFor) {}
  bool ends() const { return clock_.Now() >= until_; }
  Async<Status> Pause(Duration least) {
    const Duration pause = std::max(least, pause_);
    pause_ = std::min(kTryAgainMost, pause * 3 / 2);
    co_return co_await clock_.Sleep(pause);
  }

 private:
  Clock& clock_;
  Instant until_;
  Duration pause_{};
};

TransactionSlots::TransactionSlots(kafka::Cluster& cluster, Clock& clock, state::LinkState& state, std::string link,
                                   Duration timeout, std::shared_ptr<std::set<int64_t>> ever_used)
    : cluster_(cluster),
      clock_(clock),
      state_(state),
      link_(std::move(link)),
      timeout_(timeout),
      ever_used_(std::move(ever_used)) {}

Async<Status> TransactionSlots::Load() {
  slots_.clear();
  free_.clear();
  co_return co_await Learn();
}

// Of the slots that are not known here yet.
Async<Status> TransactionSlots::Learn() {
  int64_t known = 0;
  for (const auto& [pid, record] : state_.view().pids())
    if (record.slot) known = std::max(known, *record.slot + 1);
  for (auto n = static_cast<int64_t>(slots_.size()); n < known; n++) {
    Slot slot;
    slot.as.number = n;
    slot.as.id = state::SlotTransactionalId(link_, static_cast<size_t>(n));
    CO_TRY(const kafka::TransactionState now, co_await Ask(slot));
    slot.Take(now);
    if (!now.topics.empty()) slot.holder = PartitionOf(now);
    const auto [at, fresh] = slots_.try_emplace(slot.as.id, std::move(slot));
    if (fresh && !at->second.holder) free_.push_back(at->first);
  }
  co_return absl::OkStatus();
}

Async<StatusOr<std::vector<TransactionSlot>>> TransactionSlots::Open(TopicPartition tp) {
  for (Patience patience(clock_);;) {
    std::vector<TransactionSlot> open;
    bool ending = false;
    for (auto& [id, slot] : slots_) {
      if (slot.holder != tp) continue;
      CO_TRY(const kafka::TransactionState now, co_await Ask(slot));
      slot.Take(now);
      if (IsEnding(now))
        ending = true;
      else if (Names(now, tp))
        open.push_back(slot.as);
      else if (clock_.Now() < slot.doubt_until)
        ending = true;
      else
        Release(TransactionSlot(slot.as));
    }
    if (!ending) co_return open;
    if (patience.ends()) co_return Unavailable("{}: a transaction of ours is still being ended", tp);
    CO_RETURN_IF_ERROR(co_await patience.Pause(kLookFirst));
  }
}

Async<StatusOr<std::optional<TransactionSlot>>> TransactionSlots::Find(TopicPartition tp, int64_t producer_id) {
  CO_RETURN_IF_ERROR(co_await Learn());
  for (auto& [id, slot] : slots_) {
    CO_TRY(const kafka::TransactionState now, co_await Ask(slot));
    if (now.producer_id != producer_id) continue;
    if (IsEnding(now)) co_return std::nullopt;
    if (!Names(now, tp)) co_return co_await BeginAgain(slot, now, tp);
    slot.Take(now);
    slot.fenced = false;
    slot.holder = tp;
    std::erase(free_, id);
    co_return slot.as;
  }
  co_return std::nullopt;
}

// The coordinator takes its transaction for ended, the partition has it open: the marker was lost for good, as happens
// when a broker starts (protocol.md T18). Begun again under the same producer, the end of the new one is that of both.
// Nothing while the slot carries another partition's.
Async<StatusOr<std::optional<TransactionSlot>>> TransactionSlots::BeginAgain(Slot& slot, kafka::TransactionState now,
                                                                             TopicPartition tp) {
  CO_TRY(slot.wanted, co_await IsOpen(tp, now.producer_id));  // asked after the coordinator: a marker would be there
  if (!slot.wanted || slot.holder || !now.topics.empty()) co_return std::nullopt;
  std::erase(free_, slot.as.id);
  slot.wanted = slot.fenced = false;
  slot.holder = tp;
  slot.Take(now);
  const Status begun = co_await Add(slot, tp);
  if (begun.ok()) co_return slot.as;
  if (kafka::ErrorOf(begun)) Release(TransactionSlot(slot.as));
  co_return begun;
}

Async<StatusOr<bool>> TransactionSlots::IsOpen(TopicPartition tp, int64_t producer_id) {
  CO_TRY(const auto producers, co_await ProducersOf(cluster_, tp));
  for (const ProducerState& producer : producers)
    if (producer.producer_id == producer_id) co_return producer.open_since.has_value();
  co_return false;
}

// Nothing while the free ones have just been used and a few more would not hurt.
TransactionSlots::Slot* TransactionSlots::Free() {
  const int64_t from = state_.view().link() ? state_.view().link()->slots_from : 0;
  const auto first = std::find_if(free_.begin(), free_.end(), [&](const std::string& id) {
    const Slot& slot = slots_.at(id);
    return slot.as.number >= from && !slot.wanted && clock_.Now() >= slot.doubt_until;
  });
  if (first == free_.end()) return nullptr;
  Slot& slot = slots_.at(*first);
  const size_t held = slots_.size() - free_.size();
  if (clock_.Now() - slot.released < kSettles && free_.size() < 2 * (held + 1)) return nullptr;
  free_.erase(first);
  return &slot;
}

Async<StatusOr<TransactionSlot>> TransactionSlots::Begin(TopicPartition tp) {
  Slot* slot = Free();
  if (slot == nullptr) {
    const size_t number = slots_.size();
    const std::string id = state::SlotTransactionalId(link_, number);
    slot = &slots_[id];
    slot->as.id = id;
    slot->as.number = static_cast<int64_t>(number);
  }
  slot->holder = tp;
  if (!slot->fenced) {
    CO_TRY(const kafka::TransactionState now, co_await Ask(*slot));
    if (Names(now, tp) && !IsEnding(now)) {  // begun by a call that was given up: as good as our own
      slot->Take(now);
      co_return slot->as;
    }
    if (!now.topics.empty()) {  // another partition's, begun so: it ends it
      slot->holder = PartitionOf(now);
      co_return Unavailable("{}: a transaction that nobody waited for is open", slot->as.id);
    }
  }
  Status begun = slot->fenced ? absl::OkStatus() : co_await Init(*slot);
  if (!begun.ok()) {
    Release(TransactionSlot(slot->as));
    co_return begun;
  }
  begun = co_await Add(*slot, tp);
  if (begun.ok()) co_return slot->as;
  // In doubt it stays with the partition, which asks again what became of it.
  if (kafka::ErrorOf(begun)) Release(TransactionSlot(slot->as));
  co_return begun;
}

Async<Status> TransactionSlots::Init(Slot& slot) {
  const StatusOr<ProducerIdentity> asked = co_await InitProducer(cluster_, clock_, slot.as.id, timeout_);
  if (!asked.ok()) {
    // Carried out later, it would abort a transaction begun meanwhile.
    if (!kafka::ErrorOf(asked.status())) slot.doubt_until = clock_.Now() + kLandsBy;
    co_return asked.status();
  }
  const ProducerIdentity identity = *asked;
  slot.as.producer_id = identity.producer_id;
  slot.as.producer_epoch = identity.producer_epoch;
  if (!state_.view().pids().contains(identity.producer_id)) {
    const int64_t now = clock_.Wall().time_since_epoch().count();
    CO_RETURN_IF_ERROR(
        co_await state_.WriteOne(state::PidRecord{identity.producer_id, state::PidUse::kSlot, now, slot.as.number}));
  }
  ever_used_->insert(identity.producer_id);
  slot.fenced = true;
  co_return absl::OkStatus();
}

Async<StatusOr<int32_t>> TransactionSlots::CoordinatorOf(Slot& slot) {
  if (slot.coordinator < 0) {
    CO_TRY(slot.coordinator,
           co_await AwaitCoordinator(cluster_, clock_, kafka::CoordinatorType::kTransaction, slot.as.id));
  }
  co_return slot.coordinator;
}

Async<StatusOr<bool>> TransactionSlots::Again(Slot& slot, Error error, Patience& patience) {
  const Verdict verdict = kafka::VerdictOf(error);
  if (verdict == Verdict::kCoordinator) slot.coordinator = -1;
  if ((verdict != Verdict::kCoordinator && verdict != Verdict::kRetry) || patience.ends()) co_return false;
  CO_RETURN_IF_ERROR(co_await patience.Pause(verdict == Verdict::kRetry ? kTryAgainFirst : kLookFirst));
  co_return true;
}

Status TransactionSlots::NeedsWrite(Status status, const std::string& id) const {
  return NeedsRight(std::move(status), "transactions", fmt::format("WRITE on transactional id {}", id),
                    cluster_.name());
}

Async<StatusOr<kafka::TransactionState>> TransactionSlots::Ask(Slot& slot) {
  for (Patience patience(clock_);;) {
    CO_TRY(const int32_t coordinator, co_await CoordinatorOf(slot));
    kafka::DescribeTransactionsRequest request;
    request.transactional_ids.push_back(slot.as.id);
    auto response = co_await cluster_.Call(coordinator, slot.lane(), std::move(request), kDeadline);
    if (!response.ok()) {
      slot.coordinator = -1;
      co_return response.status();
    }
    if (response->transaction_states.size() != 1)
      co_return Unavailable("describing {}: the answer names {} transactions", slot.as.id,
                            response->transaction_states.size());
    kafka::TransactionState& now = response->transaction_states.front();
    if (now.error_code == Error::kNone) co_return std::move(now);
    if (now.error_code == Error::kTransactionalIdNotFound) co_return kafka::TransactionState{};
    CO_TRY(const bool again, co_await Again(slot, now.error_code, patience));
    if (!again)
      co_return NeedsWrite(kafka::ToStatus(now.error_code, fmt::format("describing {}", slot.as.id)), slot.as.id);
  }
}

Async<Status> TransactionSlots::Add(Slot& slot, TopicPartition tp) {
  for (Patience patience(clock_);;) {
    CO_TRY(const int32_t coordinator, co_await CoordinatorOf(slot));
    kafka::AddPartitionsToTxnRequest request;
    request.transactional_id = slot.as.id;
    request.producer_id = slot.as.producer_id;
    request.producer_epoch = slot.as.producer_epoch;
    request.topics.push_back({tp.topic, {tp.partition}});
    auto response = co_await cluster_.Call(coordinator, slot.lane(), std::move(request), kDeadline);
    if (!response.ok()) {
      slot.coordinator = -1;
      slot.fenced = false;
      slot.doubt_until = clock_.Now() + kLandsBy;
      co_return response.status();
    }
    Error error = Error::kUnknownServerError;
    if (response->results_by_topic.size() == 1 && response->results_by_topic[0].results_by_partition.size() == 1)
      error = response->results_by_topic[0].results_by_partition[0].partition_error_code;
    if (error == Error::kNone) co_return absl::OkStatus();
    CO_TRY(const bool again, co_await Again(slot, error, patience));
    if (again) continue;
    if (kafka::VerdictOf(error) == Verdict::kFenced) slot.fenced = false;  // to be initialised again
    co_return NeedsWrite(kafka::ToStatus(error, fmt::format("beginning a transaction of {} for {}", slot.as.id, tp)),
                         slot.as.id);
  }
}

Async<Status> TransactionSlots::End(TransactionSlot ended, TransactionEnd end) {
  Slot& slot = Of(ended);
  for (Patience patience(clock_);;) {
    CO_TRY(const int32_t coordinator, co_await CoordinatorOf(slot));
    kafka::EndTxnRequest request;
    request.transactional_id = ended.id;
    request.producer_id = ended.producer_id;
    request.producer_epoch = ended.producer_epoch;
    request.committed = end == TransactionEnd::kCommit;
    auto response = co_await cluster_.Call(coordinator, slot.lane(), std::move(request), kDeadline);
    if (!response.ok()) {
      slot.coordinator = -1;
      slot.fenced = false;
      co_return response.status();
    }
    if (response->error_code == Error::kNone) co_return absl::OkStatus();
    CO_TRY(const bool again, co_await Again(slot, response->error_code, patience));
    if (!again)
      co_return NeedsWrite(kafka::ToStatus(response->error_code, fmt::format("ending a transaction of {}", ended.id)),
                           ended.id);
  }
}

Async<StatusOr<std::map<TopicPartition, int64_t>>> TransactionSlots::Abort(std::set<std::string> topics) {
  CO_RETURN_IF_ERROR(co_await Learn());
  std::map<TopicPartition, int64_t> aborted;
  Status result;
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup aborting(executor);
  for (auto& [id, slot] : slots_)
    if (slot.holder && topics.contains(slot.holder->topic)) aborting.Spawn(AbortOne(slot, aborted, result));
  co_await aborting.Join();
  CO_RETURN_IF_ERROR(result);
  co_return aborted;
}

Async<void> TransactionSlots::AbortOne(Slot& slot, std::map<TopicPartition, int64_t>& aborted, Status& result) {
  const TopicPartition tp = *slot.holder;
  const auto now = co_await Ask(slot);
  result.Update(now.status());
  if (!now.ok()) co_return;
  const bool open = Names(*now, tp) && !IsEnding(*now);
  const Status done = co_await Init(slot);
  result.Update(done);
  if (!done.ok()) co_return;
  if (open) aborted[tp]++;
  Release(TransactionSlot(slot.as));
}

std::vector<TransactionSlot> TransactionSlots::All() const {
  std::vector<TransactionSlot> all;
  for (const auto& [id, slot] : slots_)
    if (slot.as.producer_id >= 0) all.push_back(slot.as);
  return all;
}

void TransactionSlots::Release(const TransactionSlot& released) {
  Slot& slot = Of(released);
  if (!slot.holder) return;
  slot.holder.reset();
  slot.released = clock_.Now();
  free_.push_back(released.id);
}

}  // namespace klink::link
