// The link's transactional ids, `klink.<link>.<n>`, and which partition's transaction each of them carries now.
//
// A slot is free, or held by one partition. Before a new owner uses a slot that its predecessor used, InitProducerId
// fences the predecessor there; a slot with an open transaction is never initialised (that would abort it), but given
// to its partition, which ends it with the source's verdict. EndTxn stays below version 5, so the epoch stays put.
// A call or an append without an answer may be carried out later: the slot is initialised before it carries another
// transaction, so that the late call meets a newer epoch; and a begin of that kind is waited for. The slots are found
// again by their numbers in the state topic: each is written there, with its producer id, before it is first used.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kafka/cluster.h"
#include "kafka/messages/describe_transactions.h"
#include "link/ports.h"
#include "state/link_state.h"

namespace klink::link {

class TransactionSlots {
 public:
  // `timeout`: how long the coordinator leaves a transaction open; `ever_used` is the link's Identity::ever_used.
  TransactionSlots(kafka::Cluster& cluster, Clock& clock, state::LinkState& state, std::string link, Duration timeout,
                   std::shared_ptr<std::set<int64_t>> ever_used);

  // Asks the coordinators about every slot there ever was. Before anything else.
  Async<Status> Load();

  Async<StatusOr<std::vector<TransactionSlot>>> Open(TopicPartition tp);
  Async<StatusOr<std::optional<TransactionSlot>>> Find(TopicPartition tp, int64_t producer_id);
  Async<StatusOr<TransactionSlot>> Begin(TopicPartition tp);
  Async<Status> End(TransactionSlot slot, TransactionEnd end);
  void Release(const TransactionSlot& slot);
  void Doubt(const TransactionSlot& slot) { Of(slot).fenced = false; }

  // For a promotion: aborts what is open in these topics, under the next epoch, so that nobody who held a slot can
  // still commit it. How many there were in each partition.
  Async<StatusOr<std::map<TopicPartition, int64_t>>> Abort(std::set<std::string> topics);
  // How many numbers were given out.
  int64_t size() const { return std::ssize(slots_); }
  // Every slot with a producer.
  std::vector<TransactionSlot> All() const;

 private:
  class Patience;
  struct Slot {
    TransactionSlot as;
    bool fenced = false;  // initialised by us: no predecessor can use it
    std::optional<TopicPartition> holder;
    bool wanted = false;  // by a partition whose log lacks a marker of it: nobody else takes it
    Instant released{};
    Instant doubt_until{};  // a begin that was not answered may still be carried out
    int32_t coordinator = -1;

    kafka::Lane lane() const { return kafka::TransactionLane(as.number); }
    // Its producer, as the coordinator says.
    void Take(const kafka::TransactionState& now) {
      as.producer_id = now.producer_id;
      as.producer_epoch = now.producer_epoch;
    }
  };
  Slot& Of(const TransactionSlot& slot) { return slots_.at(slot.id); }
  Slot* Free();
  Async<Status> Learn();
  Async<void> AbortOne(Slot& slot, std::map<TopicPartition, int64_t>& aborted, Status& result);
  Async<Status> Init(Slot& slot);
  Async<StatusOr<int32_t>> CoordinatorOf(Slot& slot);
  Status NeedsWrite(Status status, const std::string& id) const;
  Async<StatusOr<kafka::TransactionState>> Ask(Slot& slot);
  Async<StatusOr<std::optional<TransactionSlot>>> BeginAgain(Slot& slot, kafka::TransactionState now,
                                                             TopicPartition tp);
  Async<StatusOr<bool>> IsOpen(TopicPartition tp, int64_t producer_id);
  Async<Status> Add(Slot& slot, TopicPartition tp);
  // Does the failed call deserve another try? Waits before it says so.
  Async<StatusOr<bool>> Again(Slot& slot, kafka::Error error, Patience& patience);

  kafka::Cluster& cluster_;
  Clock& clock_;
  state::LinkState& state_;
  std::string link_;
  Duration timeout_;
  std::shared_ptr<std::set<int64_t>> ever_used_;
  std::map<std::string, Slot> slots_;
  std::deque<std::string> free_;  // the longest free first: its last marker is surely written
};

// The slots as one partition sees them.
class PartitionTransactions final : public Transactions {
 public:
  PartitionTransactions(TransactionSlots& slots, TopicPartition tp) : slots_(slots), tp_(std::move(tp)) {}
  Async<StatusOr<std::vector<TransactionSlot>>> Open() override { co_return co_await slots_.Open(tp_); }
  Async<StatusOr<std::optional<TransactionSlot>>> Find(int64_t producer_id) override {
    co_return co_await slots_.Find(tp_, producer_id);
  }
  Async<StatusOr<TransactionSlot>> Begin() override { co_return co_await slots_.Begin(tp_); }
  Async<Status> End(TransactionSlot slot, TransactionEnd end) override {
    co_return co_await slots_.End(std::move(slot), end);
  }
  void Release(const TransactionSlot& slot) override { slots_.Release(slot); }
  void Doubt(const TransactionSlot& slot) override { slots_.Doubt(slot); }

 private:
  TransactionSlots& slots_;
  TopicPartition tp_;
};

}  // namespace klink::link
