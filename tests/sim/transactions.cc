#include "tests/sim/transactions.h"

#include <algorithm>

#include "base/signal.h"

namespace klink::sim {

using kafka::Error;
using link::TransactionSlot;

namespace {
constexpr Duration kDeadline = 10s;
constexpr Duration kTryAgainFor = 15s;
constexpr Duration kLandsBy = 15s;  // a call that was given up
constexpr Duration kLookAgain = 5ms;
constexpr Duration kSettles = 10ms;
}  // namespace

template <class Answer>
Async<StatusOr<Answer>> SimTransactions::Call(std::function<Answer()> what) {
  struct Exchange {
    explicit Exchange(Executor executor) : done(std::move(executor)) {}
    Signal done;
    bool over = false;
    std::optional<Answer> answer;
  };
  auto exchange = std::make_shared<Exchange>(co_await asio::this_coro::executor);
  World& world = world_;
  Random& random = world.random();
  const Duration there = weather_.Latency(world), back = weather_.Latency(world);
  const bool unclear = weather_.call_unclear > 0 && random.Chance(weather_.call_unclear);
  auto answer = [&world, back, what, weak = std::weak_ptr(exchange)] {
    Answer said = what();
    world.After(back, [weak, said] {
      auto e = weak.lock();
      if (!e || e->over) return;
      e->answer = said;
      e->over = true;
      e->done.NotifyAll();
    });
  };
  if (!unclear) {
    world.After(there, answer);
  } else {
    world.After(random.Chance(0.1) ? kDeadline : random.Within(there, there + 2 * weather_.latency_most),
                [weak = std::weak_ptr(exchange)] {
                  auto e = weak.lock();
                  if (!e) return;
                  e->over = true;
                  e->done.NotifyAll();
                });
    switch (random.Below(3)) {
      case 0:
        world.Count(Fault::kCallLost);
        break;
      case 1:
        world.Count(Fault::kCallUnanswered);
        world.After(there, [what] { what(); });
        break;
      default:
        world.Count(Fault::kCallLate);
        world.After(there + random.Within(Duration(0), weather_.late_most), [&world, what] {
          world.Note("coordinator: a late call");
          what();
        });
    }
  }
  while (!exchange->over) CO_RETURN_IF_ERROR(co_await exchange->done.Wait());
  if (!exchange->answer) co_return Unavailable("calling the coordinator: connection reset");
  co_return *exchange->answer;
}

Async<StatusOr<SimTransactions::Asked>> SimTransactions::Ask(std::string id) {
  std::function<Asked()> what = [&coordinator = coordinator_, id]() -> Asked {
    const Coordinator::Transaction* t = coordinator.Find(id);
    return t == nullptr ? std::nullopt : Asked(*t);
  };
  co_return co_await Call<Asked>(std::move(what));
}

Async<Status> SimTransactions::Insist(std::string what, std::function<Error()> call) {
  for (const Instant until = world_.now() + kTryAgainFor;;) {
    if (!gate_.MayWrite()) co_return Unavailable("{}: not sent", what);
    CO_TRY(const Error error, co_await Call<Error>(call));
    if (error == Error::kNone) co_return absl::OkStatus();
    if (error != Error::kConcurrentTransactions || world_.now() >= until) co_return kafka::ToStatus(error, what);
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kLookAgain));
  }
}

Async<Status> SimTransactions::Load() {
  for (int64_t n = 0; n < durable_.slots; n++) {
    const std::string id = fmt::format("klink.sim.{}", n);
    CO_TRY(const Asked now, co_await Ask(id));
    Slot& slot = slots_[id];
    slot.as.id = id;
    if (now) slot.as.producer_id = now->producer_id, slot.as.producer_epoch = now->epoch;
    slot.held = now && (now->state == Coordinator::State::kOngoing || now->state == Coordinator::State::kPrepare);
    if (!slot.held) free_.push_back(id);
  }
  loaded_ = true;
  co_return absl::OkStatus();
}

Async<StatusOr<std::vector<TransactionSlot>>> SimTransactions::Open() {
  if (!loaded_) {
    slots_.clear();
    free_.clear();
    CO_RETURN_IF_ERROR(co_await Load());
  }
  for (const Instant until = world_.now() + kTryAgainFor;;) {
    std::vector<TransactionSlot> open;
    bool ending = false;
    for (auto& [id, slot] : slots_) {
      if (!slot.held) continue;
      CO_TRY(const Asked now, co_await Ask(id));
      if (now) slot.as.producer_id = now->producer_id, slot.as.producer_epoch = now->epoch;
      if (now && now->state == Coordinator::State::kPrepare)
        ending = true;
      else if (now && now->state == Coordinator::State::kOngoing)
        open.push_back(slot.as);
      else if (world_.now() < slot.doubt_until)
        ending = true;
      else
        Release(TransactionSlot(slot.as));
    }
    if (!ending) co_return open;
    if (world_.now() >= until) co_return Unavailable("a transaction of ours is still being ended");
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kLookAgain));
  }
}

Async<StatusOr<std::optional<TransactionSlot>>> SimTransactions::Find(int64_t producer_id) {
  const std::string id = fmt::format("klink.sim.{}", producer_id - kFirstSlotProducer);
  CO_TRY(const Asked now, co_await Ask(id));
  if (!now || now->state == Coordinator::State::kPrepare) co_return std::nullopt;
  if (now->state != Coordinator::State::kOngoing) {
    std::function<bool()> asks = [&coordinator = coordinator_, producer_id] { return coordinator.IsOpen(producer_id); };
    CO_TRY(const bool open, co_await Call<bool>(std::move(asks)));
    if (!open || slots_[id].held) co_return std::nullopt;
  }
  Slot& slot = slots_[id];
  slot = {{id, now->producer_id, now->epoch}, false, true};
  std::erase(free_, id);
  if (now->state == Coordinator::State::kOngoing) co_return slot.as;
  const Status begun = co_await Add(slot);
  if (begun.ok()) co_return slot.as;
  if (kafka::ErrorOf(begun)) Release(TransactionSlot(slot.as));
  co_return begun;
}

SimTransactions::Slot* SimTransactions::Free() {
  const auto first = std::find_if(free_.begin(), free_.end(),
                                  [this](const std::string& id) { return world_.now() >= slots_.at(id).doubt_until; });
  if (first == free_.end()) return nullptr;
  Slot& slot = slots_.at(*first);
  const size_t held = slots_.size() - free_.size();
  if (world_.now() - slot.released < kSettles && free_.size() < 2 * (held + 1)) return nullptr;
  free_.erase(first);
  return &slot;
}

Async<StatusOr<TransactionSlot>> SimTransactions::Begin() {
  Slot* slot = Free();
  if (slot == nullptr) {
    std::string id = fmt::format("klink.sim.{}", slots_.size());
    for (size_t n = slots_.size(); slots_.contains(id);) id = fmt::format("klink.sim.{}", ++n);
    slot = &slots_[id];
    slot->as.id = id;
  }
  slot->held = true;
  if (!slot->fenced) {
    CO_TRY(const Asked now, co_await Ask(slot->as.id));
    // Begun by a call that was given up: as good as our own.
    if (now && now->state == Coordinator::State::kOngoing && now->producer_id == slot->as.producer_id) {
      slot->as.producer_epoch = now->epoch;
      co_return slot->as;
    }
  }
  Status begun = slot->fenced ? absl::OkStatus() : co_await Init(*slot);
  if (!begun.ok()) {
    Release(TransactionSlot(slot->as));
    co_return begun;
  }
  begun = co_await Add(*slot);
  if (begun.ok()) co_return slot->as;
  if (kafka::ErrorOf(begun)) Release(TransactionSlot(slot->as));
  co_return begun;
}

Async<Status> SimTransactions::Init(Slot& slot) {
  auto got = std::make_shared<TransactionSlot>();
  std::function<Error()> call = [&coordinator = coordinator_, id = slot.as.id, got] {
    return coordinator.InitProducerId(id, *got);
  };
  const Status asked = co_await Insist("initialising " + slot.as.id, std::move(call));
  if (!asked.ok()) {
    if (!kafka::ErrorOf(asked)) slot.doubt_until = world_.now() + kLandsBy;
    co_return asked;
  }
  slot.as = *got;
  if (!durable_.slot_producers->contains(got->producer_id)) {
    auto change = [this, got] {
      durable_.slot_producers->insert(got->producer_id);
      durable_.slots = std::max(durable_.slots, got->producer_id - kFirstSlotProducer + 1);
    };
    CO_RETURN_IF_ERROR(co_await Write(world_, clock_, weather_, std::move(change)));
  }
  slot.fenced = true;
  co_return absl::OkStatus();
}

Async<Status> SimTransactions::Add(Slot& slot) {
  std::function<Error()> call = [&coordinator = coordinator_, as = slot.as] { return coordinator.AddPartition(as); };
  const Status added = co_await Insist("beginning a transaction of " + slot.as.id, std::move(call));
  if (added.ok()) co_return added;
  if (!kafka::ErrorOf(added)) slot.doubt_until = world_.now() + kLandsBy;
  slot.fenced = false;
  co_return added;
}

Async<Status> SimTransactions::End(TransactionSlot ended, link::TransactionEnd end) {
  const auto verdict = end == link::TransactionEnd::kCommit ? kafka::ControlType::kCommit : kafka::ControlType::kAbort;
  std::function<Error()> call = [&coordinator = coordinator_, ended, verdict] {
    return coordinator.EndTxn(ended, verdict);
  };
  const Status done = co_await Insist("ending a transaction of " + ended.id, std::move(call));
  if (!done.ok()) slots_.at(ended.id).fenced = false;
  co_return done;
}

void SimTransactions::Release(const TransactionSlot& released) {
  Slot& slot = slots_.at(released.id);
  if (!slot.held) return;
  slot.held = false;
  slot.released = world_.now();
  free_.push_back(released.id);
}

}  // namespace klink::sim
