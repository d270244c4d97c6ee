#include "cli/failback_text.h"

#include <algorithm>

#include "cli/table.h"

namespace klink::cli {
namespace {

using failover::FailbackPartition;
using failover::FailbackView;
using failover::TailView;
using failover::TornPart;

constexpr size_t kTornShown = 20;      // transactions
constexpr size_t kTornPartsShown = 8;  // of each, on either side

std::string Records(int64_t count) { return fmt::format("{} record{}", count, count == 1 ? "" : "s"); }

std::string Count(const std::optional<TailView>& tail) {
  return Show(tail ? std::optional<int64_t>(tail->records) : std::nullopt);
}

// "50 records, 4096 bytes, from … to …; 2 transactions: 1 committed, 1 aborted"
std::string TailText(const TailView& tail) {
  std::string text = fmt::format("{}, {} bytes", Records(tail.records), tail.bytes);
  if (tail.first_time) text += fmt::format(", from {} to {}", Show(tail.first_time), Show(tail.last_time));
  const int64_t transactions = tail.transactions_committed + tail.transactions_aborted + tail.transactions_open;
  if (transactions == 0) return text;
  text += fmt::format("; {} transaction{}:", transactions, transactions == 1 ? "" : "s");
  auto part = [&text, first = true](int64_t count, std::string_view what) mutable {
    if (count > 0) text += fmt::format("{}{} {}", std::exchange(first, false) ? " " : ", ", count, what);
  };
  part(tail.transactions_committed, "committed");
  part(tail.transactions_aborted, "aborted");
  part(tail.transactions_open, "open");
  part(tail.transactions_torn, "torn (begun before)");
  return text;
}

std::string Details(const FailbackView& view, const FailbackPartition& p) {
  std::string text;
  const auto say = [&](const std::string& line) { text += fmt::format("{}-{}: {}\n", p.topic, p.partition, line); };
  if (p.reason) say(*p.reason);
  if (p.gone_at_source.value_or(0) > 0)
    say(fmt::format("{} removed {} offsets behind {} before they were read; what they held cannot be told",
                    view.old_source, *p.gone_at_source, *p.parted_at));
  if (p.relation == "diverged")
    say(fmt::format("{} does not have any more what was copied from offset {} on", view.old_source, *p.parted_at));
  const auto tail = [&](const std::optional<TailView>& t, const std::string& what) {
    if (!t || (t->records == 0 && t->markers == 0)) return;
    say(fmt::format("{}, offsets {} to {}: {}", what, t->from, t->to - 1, TailText(*t)));
  };
  tail(p.never_crossed, fmt::format("never crossed from {}", view.old_source));
  if (p.copied_only && p.copied_only->records > 0)
    tail(p.copied_only, fmt::format("copied, now at {} alone", view.new_primary));
  tail(p.written_since, fmt::format("written at {} since", view.new_primary));
  return text;
}

// "orders-0 (98 to 101), orders-2 (to 77) and 3 more"
std::string PartsText(const std::vector<TornPart>& parts) {
  std::string text;
  const size_t shown = std::min(parts.size(), kTornPartsShown);
  for (size_t i = 0; i < shown; i++) {
    const TornPart& p = parts[i];
    text += fmt::format("{}{}-{} ({}to {})", i == 0 ? "" : ", ", p.topic, p.partition,
                        p.first_offset ? fmt::format("{} ", *p.first_offset) : "", p.marker_offset);
  }
  if (shown < parts.size()) text += fmt::format(" and {} more", parts.size() - shown);
  return text;
}

std::string TornText(const FailbackView& view) {
  const failover::TornTransactions& torn = view.torn_across_partitions;
  std::string text;
  if (torn.total > 0)
    text += fmt::format(
        "\n{} transaction{} of {} {} torn: committed there, a part crossed, another never did. Offsets are those "
        "there.\n",
        torn.total, torn.total == 1 ? "" : "s", view.old_source, torn.total == 1 ? "is" : "are");
  const size_t shown = std::min(torn.listed.size(), kTornShown);
  for (size_t i = 0; i < shown; i++) {
    const failover::TornTransaction& t = torn.listed[i];
    text += fmt::format("producer {} epoch {}{}: {} crossed; {} did not\n", t.producer_id, t.producer_epoch,
                        t.certain ? "" : ", not certain", PartsText(t.crossed), PartsText(t.not_crossed));
  }
  if (const int64_t more = torn.total - static_cast<int64_t>(shown); more > 0)
    text += fmt::format("and {} more: -o json lists them\n", more);
  if (torn.left_out > 0)
    text += fmt::format("{} parts of committed transactions were not joined: too many\n", torn.left_out);
  return text;
}

std::string Consequences(const FailbackView& view) {
  std::string text = fmt::format("\nGoing on with the log of {} loses {} of {} that never crossed.\n", view.new_primary,
                                 Records(view.never_crossed_records), view.old_source);
  text += fmt::format("Going on with the log of {} loses {} of {}.\n", view.old_source,
                      Records(view.written_since_records + view.copied_only_records), view.new_primary);
  if (!view.complete) text += "At least: partitions that are unknown are not counted.\n";
  return text;
}

std::string ExportText(const FailbackView& view) {
  std::string text = fmt::format("Exported to {}:\n", *view.exported_to);
  for (const failover::ExportedFile& file : view.files)
    text += fmt::format("{}  {}  {} bytes\n", file.sha256, file.name, file.bytes);
  if (view.files.empty()) text += "nothing: every record crossed\n";
  return text;
}

std::string ActionsText(const FailbackView& view, bool color) {
  Table table({{fmt::format("Topic At {}", view.old_source)}, {"Outcome"}, {"Link Back"}});
  bool deletes = false, reverses = false;
  std::string kept;
  for (const failover::FailbackAction& action : view.actions) {
    table.Add({action.source_topic, action.error ? action.outcome + ": " + *action.error : action.outcome,
               Show(action.link_back)});
    deletes |= action.outcome == "would_delete" || action.outcome == "deleted";
    reverses |= action.outcome == "would_reverse" || action.outcome == "reversed";
    for (size_t p = 0; p < action.partitions.size(); p++)
      if (const auto& [from, at] = action.partitions[p]; at > from)
        kept += fmt::format("{}-{}: offsets {} to {} stay at {}; offset {} of {} stands at {}\n", action.source_topic,
                            p, from, at - 1, view.old_source, from, view.new_primary, at);
  }
  std::string text = "\n" + table.ToText(color) + kept;
  if (deletes)
    text += fmt::format(
        "With a topic go its id and what groups committed at {}. A link that makes it again copies what "
        "{} still holds, at the same offsets.\n",
        view.old_source, view.new_primary);
  if (reverses)
    text += fmt::format(
        "A topic that is reversed is a mirror at {}, as any other: nothing of it is deleted, and nobody but klink may "
        "write to it.\n",
        view.old_source);
  return text;
}

}  // namespace

std::string FailbackText(const FailbackView& view, bool color) {
  std::string text = fmt::format("Link {}: {} is the old source, {} the new primary\n\n", view.link, view.old_source,
                                 view.new_primary);
  for (const failover::FailbackMirror& mirror : view.mirrors)
    if (mirror.state != "STOPPED")
      text += fmt::format("{} is {}, not STOPPED: nothing has been cut, and what is shown may change.\n", mirror.topic,
                          mirror.state);
  Table table({{"Topic"},
               {"Partition", Align::kRight},
               {"Relation"},
               {"Equal From", Align::kRight},
               {"Parted At", Align::kRight},
               {"Evidence"},
               {"Source End", Align::kRight},
               {"Never Crossed", Align::kRight},
               {"Parted At Destination", Align::kRight},
               {"Destination End", Align::kRight},
               {"Copied Only", Align::kRight},
               {"Written Since", Align::kRight}});
  std::string details;
  for (const FailbackPartition& p : view.partitions) {
    table.Add({p.topic, std::to_string(p.partition), p.relation, Show(p.equal_from), Show(p.parted_at), p.evidence,
               Show(p.source_end), Count(p.never_crossed), Show(p.parted_at_destination), Show(p.destination_end),
               Count(p.copied_only), Count(p.written_since)});
    details += Details(view, p);
  }
  text += table.ToText(color) + details + TornText(view) + Consequences(view);
  if (view.exported_to) text += ExportText(view);
  if (!view.actions.empty()) text += ActionsText(view, color);
  return text;
}

}  // namespace klink::cli
