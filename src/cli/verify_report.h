// What `klink verify` found, as it is printed: its own JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "link/verify_proof.h"

namespace klink::cli {

struct DifferenceView {
  std::optional<int64_t> source_offset;
  std::optional<int64_t> destination_offset;
  std::string kind;
  std::string detail;
  std::optional<std::string> source_header{};  // the 61 bytes of the batch header, in hex
  std::optional<std::string> destination_header{};

  static void Describe(auto& m, auto& field) {
    field("source_offset", m.source_offset);
    field("destination_offset", m.destination_offset);
    field("kind", m.kind);
    field("detail", m.detail);
    field("source_header", m.source_header);
    field("destination_header", m.destination_header);
  }
};

struct VerifiedPartitionView {
  std::string topic;
  std::string source_topic;
  int32_t partition = 0;
  std::string verdict = "unknown";            // equal | different | unknown (could not be read to the end)
  std::optional<int64_t> from;                // source offset the comparison began at
  std::optional<int64_t> proven_equal_up_to;  // source offset: everything from `from` to here is the same
  std::optional<WallTime> proven_at;          // when both ends were read
  std::optional<int64_t> source_end;          // as it stood then
  std::optional<int64_t> destination_end;
  int64_t batches = 0;  // equal ones; of these:
  int64_t bytes = 0;
  int64_t rebuilt_batches = 0;  // equal record by record
  int64_t markers = 0;          // of transactions
  int64_t fillers = 0;          // offsets of the copy that stand for holes of the source
  int64_t foreign = 0;          // records of somebody else, where the map says so (on_foreign_write: record)
  int64_t cleaned = 0;          // records that one log's cleaner has removed and the other's not yet
  int64_t differences_total = 0;
  std::vector<DifferenceView> differences;  // the first ones
  std::optional<std::string> reason;        // why it is unknown

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("partition", m.partition);
    field("verdict", m.verdict);
    field("from", m.from);
    field("proven_equal_up_to", m.proven_equal_up_to);
    field("proven_at", m.proven_at);
    field("source_end", m.source_end);
    field("destination_end", m.destination_end);
    field("batches", m.batches);
    field("bytes", m.bytes);
    field("rebuilt_batches", m.rebuilt_batches);
    field("markers", m.markers);
    field("fillers", m.fillers);
    field("foreign", m.foreign);
    field("cleaned", m.cleaned);
    field("differences_total", m.differences_total);
    field("differences", m.differences);
    field("reason", m.reason);
  }
};

struct VerifyView {
  std::string link;
  bool full = false;                      // bytes were compared, not only checksums
  std::optional<double> sampled_percent;  // of each log, at random places; then nothing is proven as a whole
  std::string verdict;                    // the worst of the partitions: different, unknown, equal
  std::vector<VerifiedPartitionView> partitions;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("full", m.full);
    field("sampled_percent", m.sampled_percent);
    field("verdict", m.verdict);
    field("partitions", m.partitions);
  }
};

// A proof of a whole log from its beginning, or of a sample of it.
enum class Coverage : uint8_t { kWhole, kSample };
void TakeProof(VerifiedPartitionView& view, const link::PartitionProof& proof, WallTime at, Coverage coverage);
// What was appended since the last proof: adds it up. True when it says something new.
bool AddProof(VerifiedPartitionView& view, const link::PartitionProof& proof, WallTime at);

// The worst verdict: one difference makes it "different", nothing compared makes it "unknown".
std::string WorstVerdict(const std::vector<VerifiedPartitionView>& partitions);
std::string VerifyText(const VerifyView& view, bool color);
// One line: how far it is proven. Then its differences from the `seen`th on.
std::string ProgressText(const VerifiedPartitionView& view, size_t seen);

}  // namespace klink::cli
