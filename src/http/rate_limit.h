// How often one caller may call: a bucket of `burst` calls that fills up with `per_second`. Callers beyond those that
// are remembered take the place of those that have not called lately.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/limits.h"

namespace klink::http {

struct Rate {
  double per_second = 0;
  double burst = 0;
};
inline constexpr Rate kCallsOfOneCaller = {100, limits::kHttpCallsAtOnce};
inline constexpr Rate kUnknownOfOneAddress = {20, limits::kHttpGuessesAtOnce};  // tokens are not guessed faster
inline constexpr size_t kCallersKnownMost = 1024;

class RateLimit {
 public:
  explicit RateLimit(Rate rate) : rate_(rate) {}

  bool Take(const std::string& who, Instant now) {
    if (buckets_.size() >= kCallersKnownMost && !buckets_.contains(who)) {
      std::erase_if(buckets_, [&](const auto& known) { return Level(known.second, now) >= rate_.burst; });
      if (buckets_.size() >= kCallersKnownMost) return false;  // a flood from many: nobody new until it ebbs
    }
    Bucket& bucket = buckets_.try_emplace(who, Bucket{rate_.burst, now}).first->second;
    bucket.level = Level(bucket, now);
    bucket.at = now;
    if (bucket.level < 1) return false;
    bucket.level -= 1;
    return true;
  }

 private:
  struct Bucket {
    double level = 0;
    Instant at;
  };
  double Level(const Bucket& bucket, Instant now) const {
    const double seconds = std::chrono::duration<double>(now - bucket.at).count();
    return std::min(rate_.burst, bucket.level + seconds * rate_.per_second);
  }

  Rate rate_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace klink::http
