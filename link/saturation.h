// Do transactions end at the source faster than their markers can be written here? Pure: told now and then how far a
// partition is behind and how long it has waited for markers in all.
#pragma once

#include <deque>

#include "base/clock.h"

namespace klink::link {

class Saturation {
 public:
  static constexpr Duration kWindow = 60s;

  // True while, over a window, the lag grew although a good part of the time went to markers; then until it shrinks.
  bool Look(Instant now, int64_t lag, Duration waited) {
    looks_.push_back({now, lag, waited});
    while (looks_.size() > 2 && now - looks_[1].when >= kWindow) looks_.pop_front();
    const Seen& then = looks_.front();
    if (lag < then.lag || lag == 0) saturated_ = false;
    const bool long_enough = now - then.when >= kWindow;
    if (long_enough && lag > then.lag && (waited - then.waited) * kPart >= now - then.when) saturated_ = true;
    return saturated_;
  }

 private:
  static constexpr int kPart = 4;  // a transaction is half appends, a quarter or more markers
  struct Seen {
    Instant when;
    int64_t lag;
    Duration waited;
  };
  std::deque<Seen> looks_;
  bool saturated_ = false;
};

}  // namespace klink::link
