#include "tests/sim/coordinator.h"

namespace klink::sim {

using kafka::ControlType;
using kafka::Error;

namespace {
constexpr Duration kWriteAgain = 20ms;
constexpr Duration kSlow = 3s;
}  // namespace

Coordinator::Coordinator(World& world, DestLog& dest, const Weather& weather, Duration timeout)
    : world_(world), dest_(dest), weather_(weather), timeout_(timeout) {
  dest_.VerifyWith(
      [this](const std::string& id, int64_t producer_id, int16_t epoch) { return Verify(id, producer_id, epoch); });
}

const Coordinator::Transaction* Coordinator::Find(const std::string& id) const {
  const auto found = transactions_.find(id);
  return found == transactions_.end() ? nullptr : &found->second;
}

Error Coordinator::Verify(const std::string& id, int64_t producer_id, int16_t epoch) const {
  const Transaction* t = Find(id);
  if (t == nullptr || t->producer_id != producer_id) return Error::kInvalidTxnState;
  if (t->epoch != epoch) return Error::kInvalidProducerEpoch;
  return t->state == State::kOngoing ? Error::kNone : Error::kInvalidTxnState;
}

Error Coordinator::InitProducerId(const std::string& id, link::TransactionSlot& slot) {
  Transaction& t = transactions_[id];
  if (t.producer_id < 0) t.producer_id = kFirstSlotProducer + std::stoll(id.substr(id.rfind('.') + 1));
  if (t.state == State::kPrepare) {
    world_.Count(Fault::kConcurrent);
    return Error::kConcurrentTransactions;
  }
  t.epoch++;
  if (t.state == State::kOngoing) {
    world_.Count(Fault::kTransactionTimedOut);
    Decide(id, ControlType::kAbort);
    return Error::kConcurrentTransactions;
  }
  t.state = State::kEmpty;
  slot = {id, t.producer_id, t.epoch};
  world_.Note("coordinator: {} is producer {}/{}", id, t.producer_id, t.epoch);
  return Error::kNone;
}

Error Coordinator::Check(const link::TransactionSlot& slot) {
  const Transaction* t = Find(slot.id);
  if (t == nullptr || t->producer_id != slot.producer_id) return Error::kInvalidProducerIdMapping;
  if (t->epoch == slot.producer_epoch) return Error::kNone;
  world_.Count(Fault::kSlotFenced);
  return Error::kProducerFenced;
}

Error Coordinator::AddPartition(const link::TransactionSlot& slot) {
  if (const Error error = Check(slot); error != Error::kNone) return error;
  Transaction& t = transactions_[slot.id];
  if (t.state == State::kPrepare) {
    world_.Count(Fault::kConcurrent);
    return Error::kConcurrentTransactions;
  }
  if (t.state == State::kOngoing) return Error::kNone;
  t.state = State::kOngoing;
  t.number++;
  world_.Note("coordinator: {} begins", slot.id);
  world_.After(timeout_, [this, id = slot.id, number = t.number] { TimeOut(id, number); });
  return Error::kNone;
}

void Coordinator::TimeOut(const std::string& id, int64_t number) {
  Transaction& t = transactions_[id];
  if (t.state != State::kOngoing || t.number != number) return;
  world_.Count(Fault::kTransactionTimedOut);
  t.epoch++;
  Decide(id, ControlType::kAbort);
}

Error Coordinator::EndTxn(const link::TransactionSlot& slot, ControlType verdict) {
  if (const Error error = Check(slot); error != Error::kNone) return error;
  Transaction& t = transactions_[slot.id];
  if (t.state == State::kEmpty) return Error::kInvalidTxnState;
  if (t.state != State::kOngoing && t.verdict != verdict) return Error::kInvalidTxnState;
  if (t.state == State::kComplete) return Error::kNone;
  if (t.state == State::kPrepare) {
    world_.Count(Fault::kConcurrent);
    return Error::kConcurrentTransactions;
  }
  Decide(slot.id, verdict);
  return Error::kNone;
}

void Coordinator::Decide(const std::string& id, ControlType verdict) {
  Transaction& t = transactions_[id];
  t.state = State::kPrepare;
  t.verdict = verdict;
  world_.Note("coordinator: {}/{} ends with {}", id, t.epoch, verdict == ControlType::kCommit ? "COMMIT" : "ABORT");
  if (weather_.marker_never > 0 && IsOpen(t.producer_id) && world_.random().Chance(weather_.marker_never)) {
    world_.Count(Fault::kMarkerNever);
    world_.Note("coordinator: {} writes no marker", id);
    return world_.After(weather_.Latency(world_), [this, id] { transactions_[id].state = State::kComplete; });
  }
  const bool late = world_.random().Chance(weather_.marker_late);
  if (late) world_.Count(Fault::kMarkerLate);
  world_.After(late ? world_.random().Within(50ms, kSlow) : weather_.Latency(world_), [this, id] { WriteMarker(id); });
}

bool Coordinator::IsOpen(int64_t producer_id) const {
  for (const link::ProducerState& p : dest_.producers())
    if (p.producer_id == producer_id) return p.open_since.has_value();
  return false;
}

void Coordinator::WriteMarker(const std::string& id) {
  const Transaction& t = transactions_[id];
  if (!dest_.Leads(leader_)) leader_ = dest_.leader();
  dest_.WriteMarker(leader_, t.producer_id, t.epoch, t.verdict, t.number,
                    [this, id](Error error, int64_t) { Written(id, error); });
}

// Whatever leaves its fate open makes the coordinator write it again, and so does an answer that is lost: at once, or
// when the connection is given up.
void Coordinator::Written(const std::string& id, Error error) {
  const bool done = error == Error::kNone || error == Error::kInvalidProducerEpoch;
  if (done && !world_.random().Chance(weather_.marker_twice))
    return world_.After(weather_.Latency(world_), [this, id] { transactions_[id].state = State::kComplete; });
  Duration again = kWriteAgain;
  if (done && world_.random().Chance(0.5)) again = world_.random().Within(Duration(0), kSlow);
  world_.After(again, [this, id] { WriteMarker(id); });
}

}  // namespace klink::sim
