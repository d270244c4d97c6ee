// What a look-up by time may answer at the copy (guarantees L15): the source's record, or something of klink's or of
// others that stands before it. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "offsets/translation.h"

namespace klink::link {

struct TimeFacts {
  bool markers = false;  // of transactions, or that fill a gap: they have the time at which they were written
  bool copies = false;   // of records, in holes of compaction: they have the time of the record behind them
  const offsets::Translation* map = nullptr;
  std::optional<int64_t> log_start = std::nullopt;  // of the copy
};

// "exact", or "early" once anything may stand there that the source does not have.
inline std::string_view TimeLookUp(const TimeFacts& facts) {
  constexpr std::string_view kExact = "exact", kEarly = "early";
  if (facts.markers || facts.copies) return kEarly;
  if (facts.map == nullptr || facts.map->empty()) return kExact;
  const auto& runs = facts.map->runs();
  if (facts.log_start && *facts.log_start < runs.front().run.dest.value) return kEarly;  // others' records
  for (size_t i = 1; i < runs.size(); i++)
    if (runs[i].run.dest > runs[i - 1].run.dest_next()) return kEarly;
  return kExact;
}

}  // namespace klink::link
