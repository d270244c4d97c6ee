#include "cli/link_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/table.h"

namespace klink::cli {
namespace {

std::string ClusterLine(const link::ClusterSnapshot& cluster) {
  const char* reach = "not tried yet";
  if (cluster.reachable) reach = *cluster.reachable ? "reachable" : "DOES NOT ANSWER";
  return fmt::format("{} ({}), {}", cluster.name, Show(cluster.cluster_id), reach);
}

std::string MirrorsLine(const http::LinkView& link) {
  std::vector<std::string> parts;
  for (const auto& [state, count] : link.mirrors) parts.push_back(fmt::format("{} {}", count, state));
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string LossLine(const http::FailoverView& failover) {
  if (failover.possible == "unknown" || failover.possible == "no") return "unknown";
  std::string line = "unknown: not every partition's lag is known";
  if (failover.lost_records) {
    line = *failover.lost_records == 0
               ? "nothing"
               : fmt::format("{} records, {} of writes", *failover.lost_records, Show(failover.lost_seconds));
  }
  if (failover.as_of == "last_contact") line += ", and what the source took since it was last heard";
  return line;
}

std::string SetLine(const http::SetView& set) {
  std::string line = fmt::format("{} mirror{}", set.mirrors, set.mirrors == 1 ? "" : "s");
  line += set.lag ? fmt::format(", {} records, {}", *set.lag, Show(set.lag_seconds)) : ", lag unknown";
  if (!set.rpo_seconds) return line;
  const char* met = !set.rpo_met ? "whether it is met is not known" : *set.rpo_met ? "met" : "MISSED";
  return line + fmt::format("; at most {} may be lost: {}", Show(set.rpo_seconds), met);
}

}  // namespace

std::string LinkText(const http::LinkView& link, bool color) {
  std::string text = fmt::format("Link {}: {}", link.name, Paint(link.state, color));
  if (link.role == "standby") text += ", this agent stands by";
  text += "\n";
  const auto line = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<16} {}\n", name, value);
  };
  if (link.state != "ACTIVE") {
    std::string because = link.reason.value_or("no reason is known");
    if (link.reason_code) because += fmt::format(" ({})", *link.reason_code);
    if (link.since) because += ", since " + Show(link.since);
    line("Because", because);
  }
  line("Fail over now?", fmt::format("{}: {}", link.failover.possible, link.failover.reason));
  line("You would lose", LossLine(link.failover));
  line("Source", ClusterLine(link.source));
  line("Destination", ClusterLine(link.destination));
  line("Mirrors", MirrorsLine(link));
  const http::PartitionCounts& counts = link.partitions;
  line("Offsets", fmt::format("{} partitions identical, {} translated, {} not known yet", counts.identical,
                              counts.translated, counts.unknown));
  line("Lag", link.lag ? fmt::format("{} records, {}", *link.lag, Show(link.lag_seconds)) : "unknown");
  for (const http::SetView& set : link.sets) line("Set " + set.name, SetLine(set));
  for (const link::TaskSnapshot& task : link.tasks) {
    if (task.state == "ACTIVE" && !task.reason) continue;
    line("Task " + task.name, fmt::format("{}: {}", Paint(task.state, color), Show(task.reason)));
  }
  return text;
}

}  // namespace klink::cli
