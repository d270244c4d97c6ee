// The simulator's only source of chance: everything follows from one seed.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace klink::sim {

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 … n − 1; 0 when there is nothing to choose from.
  int64_t Below(int64_t n) { return n <= 0 ? 0 : static_cast<int64_t>(Next() % static_cast<uint64_t>(n)); }
  // Both ends included.
  int64_t Between(int64_t least, int64_t most) { return least + Below(most - least + 1); }
  Duration Within(Duration least, Duration most) { return Duration(Between(least.count(), most.count())); }
  bool Chance(double probability) { return static_cast<double>(Next() >> 11) * 0x1p-53 < probability; }

 private:
  uint64_t state_;
};

}  // namespace klink::sim
