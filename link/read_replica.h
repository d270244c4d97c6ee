// Which replica of a source partition is read (KIP-392, protocol.md L10). A leader that knows our rack may answer with
// the id of a follower there; that one is read until it fails, or for kReplicaFor, after which the leader is asked
// again. Pure.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "link/ports.h"

namespace klink::link {

inline constexpr Duration kReplicaFor = 5min;     // what consumers' metadata.max.age.ms is: a nearer one may be there
inline constexpr Duration kLeadersOnlyFor = 30s;  // after a follower's failure, so that no partition goes to and fro

class ReadReplica {
 public:
  void Prefer(int32_t broker, Instant now) { follower_ = broker, until_ = now + kReplicaFor; }
  void Leave() { follower_.reset(); }
  bool follows() const { return follower_.has_value(); }
  bool Over(Instant now) const { return follower_ && now >= until_; }
  int32_t BrokerOr(int32_t leader) const { return follower_.value_or(leader); }

 private:
  std::optional<int32_t> follower_;
  Instant until_;
};

// A follower hears of the leader's bounds with its next fetch. What was read of the log before `next` stood below both
// the high watermark and the last stable offset, and a log start never goes back.
inline SourceBounds BoundsFromFollower(SourceBounds told, SourceOffset next, SourceOffset log_start_before) {
  told.log_start = std::max(told.log_start, log_start_before);
  told.high_watermark = std::max(told.high_watermark, next);
  told.last_stable = std::max(told.last_stable, next);
  return told;
}

}  // namespace klink::link
