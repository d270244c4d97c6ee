// Wake-ups between coroutines of one executor: a condition variable without a lock. A waiter re-checks its condition.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/async.h"

namespace klink {

class Signal {
 public:
  explicit Signal(Executor executor) : timer_(std::move(executor), asio::steady_timer::time_point::max()) {}

  // Until NotifyOne/NotifyAll; Cancelled when the waiting coroutine was stopped.
  Async<Status> Wait() {
    if (co_await IsStopping()) co_return Cancelled("stopped before a wait");
    co_await timer_.async_wait(kAsTuple);
    if (co_await IsStopping()) co_return Cancelled("stopped in a wait");
    co_return absl::OkStatus();
  }
  // The same for a coroutine that must see something end although it was stopped itself (joining, draining).
  Async<Status> WaitEvenIfStopping() {
    co_await timer_.async_wait(asio::bind_cancellation_slot(asio::cancellation_slot(), kAsTuple));
    co_return absl::OkStatus();
  }
  Executor executor() { return timer_.get_executor(); }
  void NotifyAll() { timer_.cancel(); }
  void NotifyOne() { timer_.cancel_one(); }

 private:
  asio::steady_timer timer_;  // never expires; cancelling it is the wake-up
};

}  // namespace klink
