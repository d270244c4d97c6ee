#include "kafka/connection_deadlines.h"

#include <algorithm>

namespace klink::kafka {

Deadlines::Alarm::Alarm(std::shared_ptr<Deadlines> owner, Instant at, std::function<void()> ring)
    : owner_(std::move(owner)) {
  entry_ = owner_->alarms_.emplace(at, [rung = rung_, ring = std::move(ring)] {
    *rung = true;
    ring();
  });
  owner_->RingLater();
}

Deadlines::Alarm::~Alarm() {
  if (!*rung_) owner_->alarms_.erase(entry_);
}

Async<Status> Deadlines::Wait(Signal& signal, Instant deadline) {
  if (Now() >= deadline) co_return absl::OkStatus();
  Alarm alarm(shared_from_this(), deadline, [&signal] { signal.NotifyAll(); });
  co_return co_await signal.Wait();
}

void Deadlines::RingLater() {
  if (ticking_) return;
  ticking_ = true;
  tasks_.Spawn(Tick(shared_from_this()));
}

Async<void> Deadlines::Tick(std::shared_ptr<Deadlines> self) {
  while (!self->alarms_.empty()) {
    const Duration wait = std::min<Duration>(kTick, self->alarms_.begin()->first - self->clock_.Now());
    if (wait > Duration::zero()) {
      if (Status slept = co_await self->clock_.Sleep(wait); !slept.ok()) co_return;
    }
    const Instant now = self->clock_.Now();
    while (!self->alarms_.empty() && self->alarms_.begin()->first <= now) {
      auto ring = std::move(self->alarms_.extract(self->alarms_.begin()).mapped());
      ring();
    }
  }
  self->ticking_ = false;
}

}  // namespace klink::kafka
