// A clock that stands still until it is told otherwise, and a way to run a coroutine on it: real sockets on loopback,
// virtual time. Time moves to the next sleeper only when nothing else can happen.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/signal.h"
#include "base/task_group.h"

namespace klink::fake {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Executor executor) : executor_(std::move(executor)) {}

  Instant Now() const override { return now_; }
  WallTime Wall() const override {
    return WallTime(std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()));
  }
  Async<Status> Sleep(Duration d) override {
    const Instant until = now_ + d;
    Sleeper sleeper(sleepers_, executor_, until);
    while (now_ < until) CO_RETURN_IF_ERROR(co_await sleeper.signal.Wait());
    co_return absl::OkStatus();
  }

  void Advance(Duration d) {
    now_ += d;
    for (auto& [until, signal] : *sleepers_)
      if (until <= now_) signal->NotifyAll();
  }
  // To the next sleeper; false when nobody sleeps.
  bool AdvanceToNext() {
    if (sleepers_->empty()) return false;
    Advance(std::max(Duration::zero(), sleepers_->begin()->first - now_));
    return true;
  }

 private:
  using Sleepers = std::multimap<Instant, Signal*>;
  struct Sleeper {
    Sleeper(std::shared_ptr<Sleepers> in, Executor executor, Instant until)
        : signal(std::move(executor)), all(std::move(in)), at(all->emplace(until, &signal)) {}
    ~Sleeper() { all->erase(at); }
    Signal signal;
    std::shared_ptr<Sleepers> all;
    Sleepers::iterator at;
  };

  Executor executor_;
  Instant now_{std::chrono::hours(1000)};
  std::shared_ptr<Sleepers> sleepers_ = std::make_shared<Sleepers>();  // a sleeping coroutine may outlive the clock
};

// The io_context is destroyed last, with whatever still runs on it.
class VirtualTimeTest : public testing::Test {
 protected:
  static constexpr Duration kGiveUp = 10min;  // of virtual time

  // Runs everything until `done()`; virtual time moves only while the sockets are quiet.
  template <class Done>
  void RunUntil(Done done) {
    const Instant end = clock_.Now() + kGiveUp;
    while (!done()) {
      ASSERT_LT(clock_.Now(), end) << "nothing happened for ten minutes of virtual time";
      io_.restart();
      if (io_.poll() > 0 || io_.run_one_for(std::chrono::milliseconds(1)) > 0) continue;
      if (!clock_.AdvanceToNext()) clock_.Advance(1s);
    }
  }
  // The answer of one coroutine.
  template <class T>
  T Run(Async<T> work) {
    std::optional<T> out;
    tasks_.Spawn(Store(std::move(work), out));
    RunUntil([&] { return out.has_value(); });
    return *std::move(out);
  }
  // Starts one; its answer appears in `out`.
  template <class T>
  void Start(Async<T> work, std::optional<T>& out) {
    tasks_.Spawn(Store(std::move(work), out));
  }
  // Everything that can happen without time passing.
  void Settle() {
    do {
      io_.restart();
    } while (io_.poll() > 0 || io_.run_one_for(std::chrono::milliseconds(2)) > 0);
  }

  asio::io_context io_;
  ManualClock clock_{io_.get_executor()};
  TaskGroup tasks_{io_.get_executor()};

 private:
  template <class T>
  static Async<void> Store(Async<T> work, std::optional<T>& out) {
    out.emplace(co_await std::move(work));
  }
};

}  // namespace klink::fake
