#include "tests/sim/world.h"

#include <cstdio>
#include <cstdlib>

#include "base/signal.h"

namespace klink::sim {

std::string_view Name(Fault fault) {
  static constexpr std::string_view kNames[] = {
#define KLINK_SIM_FAULT(NAME, MEANING) #NAME,
      KLINK_SIM_FAULTS(KLINK_SIM_FAULT)
#undef KLINK_SIM_FAULT
  };
  return kNames[static_cast<size_t>(fault)];
}

World::World(uint64_t seed) : random_(seed), print_(std::getenv("KLINK_SIM_TRACE") != nullptr) {}

bool World::Step(Instant until) {
  auto next = events_.begin();
  if (next == events_.end() || next->first > until) {
    now_ = until;
    return false;
  }
  now_ = std::max(now_, next->first);
  std::function<void()> what = std::move(next->second);
  events_.erase(next);
  what();
  return true;
}

void World::Add(std::string_view line) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(now_ - Instant()).count();
  for (int i = 0; i < 8; i++) hash_ = (hash_ ^ static_cast<uint8_t>(micros >> (8 * i))) * 1099511628211u;
  for (const char c : line) hash_ = (hash_ ^ static_cast<uint8_t>(c)) * 1099511628211u;
  if (print_) fmt::print("{:>12.6f} {}\n", static_cast<double>(micros) / 1e6, line);
}

Async<Status> SimClock::Sleep(Duration d) {
  if (co_await IsStopping()) co_return Cancelled("stopped before a wait");
  struct Sleeper {
    explicit Sleeper(Executor executor) : wake(std::move(executor)) {}
    Signal wake;
    bool due = false;
  };
  auto sleeper = std::make_shared<Sleeper>(co_await asio::this_coro::executor);
  world_.After(d, [weak = std::weak_ptr(sleeper)] {
    if (auto s = weak.lock()) {
      s->due = true;
      s->wake.NotifyAll();
    }
  });
  while (!sleeper->due) CO_RETURN_IF_ERROR(co_await sleeper->wake.Wait());
  co_return absl::OkStatus();
}

}  // namespace klink::sim
