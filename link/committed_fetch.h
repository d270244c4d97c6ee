// One look at a partition as consumers that read committed records see it. Its batches come whole, also those of
// aborted transactions and the markers: what of them counts, AbortedOf tells.
#pragma once

#include "kafka/cluster.h"
#include "kafka/messages/fetch.h"
#include "link/aborted_data.h"

namespace klink::link {

struct FetchBounds {
  int32_t bytes = 0;
  Duration deadline{};
};

// The leader's answer from `at` on, at once; what its error_code means is the caller's. DataLoss: it is about another
// partition.
Async<StatusOr<kafka::FetchPartitionResponse>> FetchCommittedFrom(kafka::Cluster& cluster, TopicPartition tp,
                                                                  int64_t at, FetchBounds bounds);
AbortedData AbortedOf(const kafka::FetchPartitionResponse& answer);

}  // namespace klink::link
