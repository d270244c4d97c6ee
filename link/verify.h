// Proves that a copy is exact: reads the raw batches of both logs side by side and compares them (verify_comparison.h).
// A difference is named; everything below the first one is proven equal.
//
// Ask for the ends of both logs first and for the map after: a change of shift is durable before anything is appended
// under it, so that map then says where everything below those ends stands.
#pragma once

#include <vector>

#include "kafka/cluster.h"
#include "link/verify_proof.h"
#include "link/verify_reader.h"
#include "offsets/translation.h"

namespace klink::link {

Async<StatusOr<LogEnds>> EndsOf(kafka::Cluster& source, kafka::Cluster& destination, TopicPartition source_tp,
                                TopicPartition destination_tp);

// `map` says where source offsets stand at the destination; null: at the same offsets.
Async<StatusOr<PartitionProof>> VerifyPartition(kafka::Cluster& source, kafka::Cluster& destination,
                                                TopicPartition source_tp, TopicPartition destination_tp, LogEnds ends,
                                                const offsets::Translation* map, VerifyOptions options, Pace& pace);

// Where the comparison begins: what both logs still hold, or later when asked for.
int64_t VerifyFrom(const LogEnds& ends, const offsets::Translation* map, std::optional<int64_t> asked);

// A part of a log: [from, to).
struct OffsetWindow {
  int64_t from = 0;
  int64_t to = 0;
  friend bool operator==(const OffsetWindow&, const OffsetWindow&) = default;
};
// Windows at random places that make up `percent` of the range, at least one, in order, none overlapping.
std::vector<OffsetWindow> SampleWindows(OffsetWindow range, double percent, uint64_t seed);

}  // namespace klink::link
