// The transactions port of one simulated agent over the model coordinators, as link/transaction_slots binds it to real
// ones. A call may be lost, carried out late, or carried out without an answer; what an agent asked before it died is
// carried out.
//
// After a call of unknown outcome the slot's epoch is raised before the slot carries another transaction, so that the
// late call meets a newer one; a begin of unknown outcome is waited for.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "link/ports.h"
#include "tests/sim/coordinator.h"
#include "tests/sim/durable.h"

namespace klink::sim {

class SimTransactions final : public link::Transactions {
 public:
  SimTransactions(World& world, Clock& clock, const Weather& weather, Coordinator& coordinator, Durable& durable,
                  const link::Gate& gate)
      : world_(world), clock_(clock), weather_(weather), coordinator_(coordinator), durable_(durable), gate_(gate) {}

  Async<StatusOr<std::vector<link::TransactionSlot>>> Open() override;
  Async<StatusOr<std::optional<link::TransactionSlot>>> Find(int64_t producer_id) override;
  Async<StatusOr<link::TransactionSlot>> Begin() override;
  Async<Status> End(link::TransactionSlot slot, link::TransactionEnd end) override;
  void Release(const link::TransactionSlot& slot) override;
  void Doubt(const link::TransactionSlot& slot) override { slots_.at(slot.id).fenced = false; }

 private:
  struct Slot {
    link::TransactionSlot as;
    bool fenced = false;  // initialised by us: no predecessor can use it
    bool held = false;
    Instant released{};
    Instant doubt_until{};  // a begin that was not answered may still be carried out
  };
  using Asked = std::optional<Coordinator::Transaction>;

  template <class Answer>
  Async<StatusOr<Answer>> Call(std::function<Answer()> what);
  Async<StatusOr<Asked>> Ask(std::string id);
  // Repeats the call while the coordinator is busy.
  Async<Status> Insist(std::string what, std::function<kafka::Error()> call);
  Async<Status> Load();
  Async<Status> Init(Slot& slot);
  Async<Status> Add(Slot& slot);
  Slot* Free();

  World& world_;
  Clock& clock_;
  const Weather& weather_;
  Coordinator& coordinator_;
  Durable& durable_;
  const link::Gate& gate_;
  bool loaded_ = false;
  std::map<std::string, Slot> slots_;
  std::deque<std::string> free_;  // the longest free first
};

}  // namespace klink::sim
