#include <algorithm>

#include <fmt/format.h>

#include "tests/oracle/judge.h"

namespace klink::oracle {

std::vector<Anomaly> JudgeTimes(const Log& source, const Log& destination, const Claim& claim,
                                const std::vector<TimeLookUp>& answers) {
  const std::vector<int64_t> fillers = Examine(source, destination, claim).fillers;
  const auto ours_at = [&](int64_t offset) {
    if (std::find(fillers.begin(), fillers.end(), offset) != fillers.end()) return true;
    return std::any_of(destination.batches.begin(), destination.batches.end(), [offset](const Batch& batch) {
      return batch.control() && batch.base_offset <= offset && offset <= batch.last_offset();
    });
  };
  std::vector<Anomaly> anomalies;
  for (const TimeLookUp& one : answers) {
    if (one.source_offset >= claim.replicated_to || one.destination_offset == -1) {
      if (one.destination_offset == -1 && one.source_offset >= 0 && one.source_offset < claim.replicated_to)
        anomalies.push_back({"L15 TIME", one.source_offset, -1, fmt::format("nothing is found for time {}", one.time)});
      continue;
    }
    const std::optional<int64_t> expected =
        one.source_offset < 0 ? std::nullopt : claim.ToDestination(one.source_offset);
    if (expected == one.destination_offset) continue;
    const bool later = expected && one.destination_offset > *expected;
    if (!later && ours_at(one.destination_offset)) continue;
    anomalies.push_back({"L15 TIME", one.source_offset, one.destination_offset,
                         fmt::format("time {} finds {} record", one.time, later ? "a later" : "another")});
  }
  return anomalies;
}

}  // namespace klink::oracle
