#include "cli/verify_report.h"

#include <fmt/format.h>

#include "cli/table.h"

namespace klink::cli {
namespace {

constexpr size_t kDifferencesKept = 100;  // of one partition, in a verification that goes on

std::optional<std::string> OrNothing(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void Count(VerifiedPartitionView& view, const link::PartitionProof& proof) {
  view.source_end = proof.source_end;
  view.destination_end = proof.destination_end;
  view.batches += proof.batches;
  view.bytes += proof.bytes;
  view.rebuilt_batches += proof.rebuilt_batches;
  view.markers += proof.markers;
  view.fillers += proof.fillers;
  view.foreign += proof.foreign;
  view.cleaned += proof.cleaned;
  view.differences_total += proof.differences_total;
  for (const link::Difference& d : proof.differences) {
    if (view.differences.size() >= kDifferencesKept) break;
    view.differences.push_back({d.source_offset, d.destination_offset, d.kind, d.detail, OrNothing(d.source_header),
                                OrNothing(d.destination_header)});
  }
  view.verdict = view.differences_total == 0 ? "equal" : "different";
  view.reason.reset();
}

std::string DifferenceText(const VerifiedPartitionView& p, const DifferenceView& d) {
  std::string text = fmt::format("{}-{}: {} at source offset {}, destination offset {}: {}\n", p.topic, p.partition,
                                 d.kind, Show(d.source_offset), Show(d.destination_offset), d.detail);
  if (d.source_header) text += fmt::format("  source header       {}\n", *d.source_header);
  if (d.destination_header) text += fmt::format("  destination header  {}\n", *d.destination_header);
  return text;
}

}  // namespace

void TakeProof(VerifiedPartitionView& view, const link::PartitionProof& proof, WallTime at, Coverage coverage) {
  view.from = proof.from;
  if (coverage == Coverage::kWhole) view.proven_equal_up_to = proof.proven_equal_up_to;
  view.proven_at = at;
  Count(view, proof);
}

bool AddProof(VerifiedPartitionView& view, const link::PartitionProof& proof, WallTime at) {
  const bool first = !view.from;
  const std::optional<int64_t> before = view.proven_equal_up_to;
  const bool unbroken = view.differences_total == 0;
  if (first) view.from = proof.from;
  if (unbroken) {
    view.proven_equal_up_to = std::max(proof.proven_equal_up_to, before.value_or(proof.from));
    view.proven_at = at;
  }
  const bool said = view.verdict == "unknown" || proof.differences_total > 0;
  Count(view, proof);
  return said || view.proven_equal_up_to != before;
}

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
               {"At"},
               {"Source End", Align::kRight},
               {"Destination End", Align::kRight},
               {"Batches", Align::kRight},
               {"Bytes", Align::kRight},
               {"Rebuilt", Align::kRight},
               {"Markers", Align::kRight},
               {"Fillers", Align::kRight},
               {"Differences", Align::kRight}});
  int64_t differences = 0, cleaned = 0, foreign = 0;
  for (const VerifiedPartitionView& p : view.partitions) {
    differences += p.differences_total;
    cleaned += p.cleaned;
    foreign += p.foreign;
    table.Add({p.topic, std::to_string(p.partition), p.verdict, Show(p.from), Show(p.proven_equal_up_to),
               Show(p.proven_at), Show(p.source_end), Show(p.destination_end), std::to_string(p.batches),
               std::to_string(p.bytes), std::to_string(p.rebuilt_batches), std::to_string(p.markers),
               std::to_string(p.fillers), std::to_string(p.differences_total)});
  }
  std::string text = table.ToText(color);
  for (const VerifiedPartitionView& p : view.partitions) {
    if (p.reason) text += fmt::format("{}-{}: {}\n", p.topic, p.partition, *p.reason);
    for (const DifferenceView& d : p.differences) text += DifferenceText(p, d);
  }
  if (foreign > 0) text += fmt::format("{} records are somebody else's, where the map says so\n", foreign);
  if (cleaned > 0)
    text += fmt::format("{} records were removed by only one of the two logs' cleaners so far\n", cleaned);
  if (view.sampled_percent)
    text += fmt::format("sampled: {} % of each log, at random places; nothing is proven of the rest\n",
                        *view.sampled_percent);
  text += fmt::format("{} differences in {} partitions, {} compared: {}\n", differences, view.partitions.size(),
                      view.full ? "bytes" : "checksums", view.verdict);
  return text;
}

std::string ProgressText(const VerifiedPartitionView& view, size_t seen) {
  std::string text = fmt::format("{}-{}: ", view.topic, view.partition);
  if (view.verdict == "unknown")
    text += view.reason.value_or("not compared yet");
  else
    text +=
        fmt::format("proven equal up to source offset {} at {}", Show(view.proven_equal_up_to), Show(view.proven_at));
  if (view.differences_total > 0) text += fmt::format("; {} differences", view.differences_total);
  text += "\n";
  for (size_t i = seen; i < view.differences.size(); i++) text += DifferenceText(view, view.differences[i]);
  return text;
}

}  // namespace klink::cli
