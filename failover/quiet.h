// Has a planned promotion reached its moment? Pure: the source's ends as they were told, and what is copied.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/types.h"

namespace klink::failover {

inline constexpr Duration kQuietFor = 2s;

class Quiet {
 public:
  explicit Quiet(Duration quiet_for = kQuietFor) : quiet_for_(quiet_for) {}
  // As the source told them at that time. A partition that is not named was not told.
  void Ends(const std::map<TopicPartition, SourceOffset>& ends, Instant at);
  // Nothing when that partition's end stood still for that long and is copied; else what is missing, in words.
  std::optional<std::string> Missing(const TopicPartition& tp, std::optional<SourceOffset> replicated_to,
                                     Instant now) const;
  std::optional<SourceOffset> end(const TopicPartition& tp) const;

 private:
  struct Told {
    SourceOffset end;
    Instant since;
    Instant last;
  };
  Duration quiet_for_;
  std::map<TopicPartition, Told> told_;
};

}  // namespace klink::failover
