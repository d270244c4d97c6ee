// Alarms on the Clock port for everything of one cluster. One coroutine at most sleeps for all of them, and only while
// an alarm is set; it looks at least every kTick, so an alarm is up to kTick late and never early.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/signal.h"
#include "base/task_group.h"

namespace klink::kafka {

class Deadlines : public std::enable_shared_from_this<Deadlines> {
  using Alarms = std::multimap<Instant, std::function<void()>>;

 public:
  static constexpr Duration kTick = 100ms;

  Deadlines(Executor executor, Clock& clock) : clock_(clock), tasks_(std::move(executor)) {}

  // Rings once, unless it is destroyed before. What rings it must not destroy it.
  class Alarm {
   public:
    Alarm(std::shared_ptr<Deadlines> owner, Instant at, std::function<void()> ring);
    ~Alarm();
    Alarm(const Alarm&) = delete;

   private:
    std::shared_ptr<Deadlines> owner_;
    std::shared_ptr<bool> rung_ = std::make_shared<bool>(false);
    Alarms::iterator entry_;
  };

  // Until the signal or the deadline, whichever comes first (the caller looks which). Cancelled when stopped.
  Async<Status> Wait(Signal& signal, Instant deadline);
  Instant Now() const { return clock_.Now(); }
  Clock& clock() { return clock_; }

  // No alarm rings any more.
  void Stop() { tasks_.Stop(); }

 private:
  void RingLater();
  static Async<void> Tick(std::shared_ptr<Deadlines> self);

  Clock& clock_;
  TaskGroup tasks_;
  Alarms alarms_;
  bool ticking_ = false;
};

}  // namespace klink::kafka
