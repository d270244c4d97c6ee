// Time as a port: the engine never asks the machine directly, so the simulator can own it.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/async.h"

namespace klink {

using namespace std::chrono_literals;
using Duration = std::chrono::nanoseconds;

// Time since boot, counting suspension (CLOCK_BOOTTIME): a lease must also run out while the machine sleeps.
struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using Instant = BootClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

inline WallTime WallOf(int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }  // since the epoch
inline int64_t ToMillis(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
  virtual WallTime Wall() const = 0;
  // OK when the time has come; Cancelled when the waiting coroutine was stopped first.
  virtual Async<Status> Sleep(Duration d) = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  Instant Now() const override;
  WallTime Wall() const override;
  Async<Status> Sleep(Duration d) override;
};

}  // namespace klink
