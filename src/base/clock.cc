#include "base/clock.h"

#include <ctime>

#include <boost/asio/steady_timer.hpp>

namespace klink {

Instant SystemClock::Now() const {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return Instant(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

WallTime SystemClock::Wall() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Async<Status> SystemClock::Sleep(Duration d) {
  if (co_await IsStopping()) co_return Cancelled("stopped before a wait");
  asio::steady_timer timer(co_await asio::this_coro::executor, d);
  auto [ec] = co_await timer.async_wait(kAsTuple);
  co_return ToStatus(ec, "waiting");
}

}  // namespace klink
