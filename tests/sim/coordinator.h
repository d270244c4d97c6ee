// The model of the coordinators of transactional ids, each with at most one transaction, which names the partition or
// does not (protocol.md T2, T5–T8). The end is answered once it is decided; its marker is written later, again after
// every answer that leaves its fate open, and until it is acknowledged the id is busy. A transaction that stays open
// longer than its timeout is aborted under the next epoch.
#pragma once

#include <map>
#include <string>

#include "link/ports.h"
#include "tests/sim/dest_log.h"
#include "tests/sim/weather.h"

namespace klink::sim {

class Coordinator {
 public:
  enum class State : uint8_t { kEmpty, kOngoing, kPrepare, kComplete };
  struct Transaction {
    int64_t producer_id = -1;
    int16_t epoch = -1;
    State state = State::kEmpty;
    kafka::ControlType verdict = kafka::ControlType::kAbort;
    int64_t number = 0;  // of its transactions
  };

  Coordinator(World& world, DestLog& dest, const Weather& weather, Duration timeout);

  // --- What clients ask. ---
  // The id's producer under its next epoch; none while a transaction is being ended. One under way is aborted.
  kafka::Error InitProducerId(const std::string& id, link::TransactionSlot& slot);
  kafka::Error AddPartition(const link::TransactionSlot& slot);
  kafka::Error EndTxn(const link::TransactionSlot& slot, kafka::ControlType verdict);
  // Null when there never was such an id.
  const Transaction* Find(const std::string& id) const;
  kafka::Error Verify(const std::string& id, int64_t producer_id, int16_t epoch) const;
  // Of the partition's leader: has it a transaction of that producer open?
  bool IsOpen(int64_t producer_id) const;

  const std::map<std::string, Transaction>& transactions() const { return transactions_; }

 private:
  kafka::Error Check(const link::TransactionSlot& slot);
  void Decide(const std::string& id, kafka::ControlType verdict);
  void WriteMarker(const std::string& id);
  void Written(const std::string& id, kafka::Error error);
  void TimeOut(const std::string& id, int64_t number);

  World& world_;
  DestLog& dest_;
  const Weather& weather_;
  Duration timeout_;
  std::map<std::string, Transaction> transactions_;
  int leader_ = 1;  // as far as it knows
};

// The producer ids it gives out: this one and the number in the id.
inline constexpr int64_t kFirstSlotProducer = 6000;

}  // namespace klink::sim
