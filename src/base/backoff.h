// Jittered exponential back-off: first, 2×, 4× … up to most, each drawn from [half, whole]. Deterministic by seed.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace klink {

class Backoff {
 public:
  Backoff(Duration first, Duration most, uint64_t seed) : first_(first), most_(most), next_(first), state_(seed | 1) {}

  Duration Next() {
    const Duration whole = next_;
    next_ = std::min(most_, next_ * 2);
    state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;  // xorshift64
    return whole / 2 + Duration(static_cast<int64_t>(state_ % static_cast<uint64_t>(whole.count() / 2 + 1)));
  }
  void Reset() { next_ = first_; }

 private:
  Duration first_;
  Duration most_;
  Duration next_;
  uint64_t state_;
};

}  // namespace klink
