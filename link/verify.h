// Proves that a copy is exact: reads the raw batches of both logs side by side and compares them. A difference is
// named; everything below the first one is proven equal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kafka/cluster.h"
#include "offsets/translation.h"

namespace klink::link {

struct VerifyOptions {
  std::optional<int64_t> from;  // source offset; none: where both logs begin
  // Checksums: each batch's own, and the two against each other by combine. Bytes: the records compared as well.
  enum class Depth { kChecksums, kBytes } depth = Depth::kChecksums;
  size_t differences_most = 10;  // kept; all are counted
};

struct Difference {
  std::optional<int64_t> source_offset;
  std::optional<int64_t> destination_offset;
  std::string kind;  // LOST PHANTOM CORRUPT
  std::string detail;
};

struct PartitionProof {
  int64_t from = 0;  // source offset
  int64_t proven_equal_up_to = 0;
  int64_t source_end = 0;  // both as they stood at the beginning
  int64_t destination_end = 0;
  int64_t batches = 0;
  int64_t bytes = 0;
  int64_t differences_total = 0;
  std::vector<Difference> differences;
};

// `map` says where source offsets stand at the destination; null: at the same offsets.
Async<StatusOr<PartitionProof>> VerifyPartition(kafka::Cluster& source, kafka::Cluster& destination,
                                                TopicPartition source_tp, TopicPartition destination_tp,
                                                const offsets::Translation* map, VerifyOptions options);

// Is `copy` the batch `original` but for what klink and brokers may change? Empty, or what differs. Pure.
std::string CompareBatches(ByteView original, ByteView copy, VerifyOptions::Depth depth);

}  // namespace klink::link
