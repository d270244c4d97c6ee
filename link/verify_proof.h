// What `klink verify` is asked and what it answers, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klink::link {

struct VerifyOptions {
  std::optional<int64_t> from = {};  // source offset; none: where both logs begin
  // Checksums: each batch's own, and the two against each other by combine. Bytes: the records compared as well.
  enum class Depth : uint8_t { kChecksums, kBytes } depth = Depth::kChecksums;
  // Of a LogAppendTime source: exact keeps the times its readers see, bytes those in the records.
  enum class Times : uint8_t { kExact, kBytes } times = Times::kExact;
  // Of the source's transactions: committed records may stand as plain ones, and a filler for what else there is.
  enum class Transactions : uint8_t { kReplayed, kCommitted } transactions = Transactions::kReplayed;
  enum class Cleaning : uint8_t { kNone, kCompacts } cleaning = Cleaning::kNone;  // of either topic
  std::optional<double> sample_percent = {};                                      // none: the whole range
  uint64_t sample_seed = 0;
  size_t differences_most = 10;  // kept; all are counted
};

// Both logs as they stood at the beginning. The copy's end is asked first: what it holds then, the source held before.
struct LogEnds {
  int64_t source_start = 0;
  int64_t source_end = 0;
  int64_t copy_start = 0;
  int64_t copy_end = 0;
};

struct Difference {
  std::optional<int64_t> source_offset;
  std::optional<int64_t> destination_offset;
  std::string kind;  // LOST PHANTOM CORRUPT
  std::string detail;
  // The 61 bytes of the batch headers as they stand in the logs, in hex; empty where there is none.
  std::string source_header = {};
  std::string destination_header = {};
};

struct PartitionProof {
  int64_t from = 0;                // source offset
  int64_t proven_equal_up_to = 0;  // of a sample: `from`
  int64_t compared_up_to = 0;      // differences or not
  int64_t source_end = 0;
  int64_t destination_end = 0;
  int64_t batches = 0;  // of the source that were found equal, markers and rebuilt ones among them
  int64_t bytes = 0;
  int64_t rebuilt_batches = 0;  // equal record by record
  int64_t markers = 0;          // of transactions, with the same verdict
  int64_t fillers = 0;          // offsets of the copy that stand for a hole of the source
  int64_t foreign = 0;          // records in the copy that the map lists as somebody else's
  int64_t cleaned = 0;          // records that only one of the two logs' cleaners has removed
  int64_t differences_total = 0;
  std::vector<Difference> differences;
};

}  // namespace klink::link
