#include "cli/verify_report.h"

#include <fmt/format.h>

#include "cli/table.h"

namespace klink::cli {

std::string WorstVerdict(const std::vector<VerifiedPartitionView>& partitions) {
  std::string worst = partitions.empty() ? "unknown" : "equal";
  for (const VerifiedPartitionView& p : partitions) {
    if (p.verdict == "different") return "different";
    if (p.verdict != "equal") worst = "unknown";
  }
  return worst;
}

std::string VerifyText(const VerifyView& view, bool color) {
  Table table({{"Topic"},
               {"Partition", Align::kRight},
               {"Verdict"},
               {"From", Align::kRight},
               {"Proven Equal Up To", Align::kRight},
               {"Source End", Align::kRight},
               {"Destination End", Align::kRight},
               {"Batches", Align::kRight},
               {"Bytes", Align::kRight},
               {"Differences", Align::kRight}});
  int64_t differences = 0;
  for (const VerifiedPartitionView& p : view.partitions) {
    differences += p.differences_total;
    table.Add({p.topic, std::to_string(p.partition), p.verdict, Show(p.from), Show(p.proven_equal_up_to),
               Show(p.source_end), Show(p.destination_end), std::to_string(p.batches), std::to_string(p.bytes),
               std::to_string(p.differences_total)});
  }
  std::string text = table.ToText(color);
  for (const VerifiedPartitionView& p : view.partitions) {
    if (p.reason) text += fmt::format("{}-{}: {}\n", p.topic, p.partition, *p.reason);
    for (const DifferenceView& d : p.differences) {
      text += fmt::format("{}-{}: {} at source offset {}, destination offset {}: {}\n", p.topic, p.partition, d.kind,
                          Show(d.source_offset), Show(d.destination_offset), d.detail);
    }
  }
  text += fmt::format("{} differences in {} partitions, {} compared: {}\n", differences, view.partitions.size(),
                      view.full ? "bytes" : "checksums", view.verdict);
  return text;
}

}  // namespace klink::cli
