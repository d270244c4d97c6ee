// A counting semaphore for coroutines of one executor: bounds requests in flight, bytes in memory, steps at a time.
#pragma once

#include <cstdint>

#include "base/check.h"
#include "base/signal.h"

namespace klink {

class Permits {
 public:
  Permits(Executor executor, int64_t total) : total_(total), free_(total), freed_(std::move(executor)) {}

  // Takes `n` (more than the total counts as the total, so that one oversized item passes alone) and answers how many.
  Async<StatusOr<int64_t>> Take(int64_t n) {
    n = n > total_ ? total_ : n;
    while (free_ < n) CO_RETURN_IF_ERROR(co_await freed_.Wait());
    free_ -= n;
    co_return n;
  }
  bool TryTake(int64_t n) {
    if (free_ < n) return false;
    free_ -= n;
    return true;
  }
  void Give(int64_t n) {
    free_ += n;
    KLINK_CHECK(free_ <= total_);
    freed_.NotifyAll();
  }
  int64_t free() const { return free_; }
  int64_t total() const { return total_; }
  int64_t taken() const { return total_ - free_; }

 private:
  int64_t total_;
  int64_t free_;
  Signal freed_;
};

}  // namespace klink
