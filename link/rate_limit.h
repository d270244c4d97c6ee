// What a link may read in a second (`limits.bytes_per_second`). Pure: the caller has the clock. One fetch is let
// through whole, since nobody knows its size before; the next one waits until the time it was worth is over.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace klink::link {

class RateLimit {
 public:
  static constexpr int64_t kFetchLeast = 64 << 10;  // of one fetch: smaller ones cost more than they spread

  void Set(int64_t bytes_per_second) { rate_ = std::max<int64_t>(0, bytes_per_second); }  // 0: none
  void Spend(int64_t bytes, Instant now) {
    if (rate_ == 0) return;
    free_at_ = std::max(free_at_, now) + Duration(static_cast<int64_t>(1e9 * static_cast<double>(bytes) / rate_));
  }
  Duration Wait(Instant now) const {
    return rate_ == 0 ? Duration::zero() : std::max(Duration::zero(), free_at_ - now);
  }
  // What one fetch should bring at most: a quarter of a second's worth, so that the flow is even.
  int64_t FetchMost(int64_t otherwise) const {
    return rate_ == 0 ? otherwise : std::min(otherwise, std::max(kFetchLeast, rate_ / 4));
  }

 private:
  int64_t rate_ = 0;
  Instant free_at_{};
};

}  // namespace klink::link
