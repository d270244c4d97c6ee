// What `klink verify` found, as it is printed: its own JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klink::cli {

struct DifferenceView {
  std::optional<int64_t> source_offset;
  std::optional<int64_t> destination_offset;
  std::string kind;
  std::string detail;

  static void Describe(auto& m, auto& field) {
    field("source_offset", m.source_offset);
    field("destination_offset", m.destination_offset);
    field("kind", m.kind);
    field("detail", m.detail);
  }
};

struct VerifiedPartitionView {
  std::string topic;
  std::string source_topic;
  int32_t partition = 0;
  std::string verdict = "unknown";            // equal | different | unknown (could not be read to the end)
  std::optional<int64_t> from;                // source offset the comparison began at
  std::optional<int64_t> proven_equal_up_to;  // source offset: everything from `from` to here is the same
  std::optional<int64_t> source_end;          // as it stood when verification began
  std::optional<int64_t> destination_end;
  int64_t batches = 0;
  int64_t bytes = 0;
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
    field("source_end", m.source_end);
    field("destination_end", m.destination_end);
    field("batches", m.batches);
    field("bytes", m.bytes);
    field("differences_total", m.differences_total);
    field("differences", m.differences);
    field("reason", m.reason);
  }
};

struct VerifyView {
  std::string link;
  bool full = false;    // bytes were compared, not only checksums
  std::string verdict;  // the worst of the partitions: different, unknown, equal
  std::vector<VerifiedPartitionView> partitions;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("full", m.full);
    field("verdict", m.verdict);
    field("partitions", m.partitions);
  }
};

// The worst verdict: one difference makes it "different", nothing compared makes it "unknown".
std::string WorstVerdict(const std::vector<VerifiedPartitionView>& partitions);
std::string VerifyText(const VerifyView& view, bool color);

}  // namespace klink::cli
