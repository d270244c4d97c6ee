#include "cli/drill_text.h"

#include "cli/table.h"

namespace klink::cli {
namespace {

using failover::DrillReport;

// A line of `klink drill list -o json`.
struct Listed {
  std::string id, drill, type, outcome;
  WallTime started;
  std::optional<double> rto_seconds, rpo_seconds;
  std::optional<int64_t> rpo_records;
  bool rpo_is_bound = false;
  static void Describe(auto& m, auto& field) {
    field("id", m.id);
    field("drill", m.drill);
    field("type", m.type);
    field("outcome", m.outcome);
    field("started", m.started);
    field("rto_seconds", m.rto_seconds);
    field("rpo_seconds", m.rpo_seconds);
    field("rpo_records", m.rpo_records);
    field("rpo_is_bound", m.rpo_is_bound);
  }
};

std::string Bounded(const std::optional<double>& seconds, bool is_bound) {
  return seconds && is_bound ? "at most " + Show(seconds) : Show(seconds);
}

}  // namespace

std::string DrillsText(const std::vector<DrillReport>& reports, bool color) {
  if (reports.empty()) return "No drill was run yet.\n";
  Table table({{"ID"}, {"Drill"}, {"Type"}, {"Outcome"}, {"RTO", Align::kRight}, {"RPO", Align::kRight}});
  for (const DrillReport& r : reports)
    table.Add({r.id, r.drill, r.type, r.outcome, Show(r.rto.seconds), Bounded(r.rpo.seconds, r.rpo.is_bound)});
  return table.ToText(color);
}

Json DrillsJson(const std::vector<DrillReport>& reports) {
  std::vector<Listed> listed;
  for (const DrillReport& r : reports)
    listed.push_back(
        {r.id, r.drill, r.type, r.outcome, r.started, r.rto.seconds, r.rpo.seconds, r.rpo.records, r.rpo.is_bound});
  JsonObject out;
  out["drills"] = ToJson(listed);
  return out;
}

std::string DrillText(const DrillReport& r, bool color) {
  std::string text = r.summary + "\n";
  text += fmt::format("{} of link {}, from {} to {}, by {}\n", r.type, r.scope.link, Rfc3339(r.started),
                      r.finished ? Rfc3339(*r.finished) : "-", r.operator_name.empty() ? "-" : r.operator_name);
  Table objectives({{"Objective"}, {"Target", Align::kRight}, {"Measured", Align::kRight}, {"Verdict"}, {"Seen"}});
  for (const auto& o : r.objectives)
    objectives.Add({o.objective, Show(std::optional(o.target_seconds)), Bounded(o.measured_seconds, o.is_bound),
                    o.verdict, o.detail});
  if (!objectives.empty()) text += objectives.ToText(color);
  Table invariants({{"Invariant"}, {"Verdict"}, {"Seen"}});
  for (const auto& i : r.invariants) invariants.Add({i.code + " " + i.name, i.verdict, i.detail});
  if (!invariants.empty()) text += invariants.ToText(color);
  Table steps({{"Step"}, {"Time", Align::kRight}, {"Verdict"}, {"Seen"}});
  for (const auto& s : r.steps) steps.Add({s.step, Show(std::optional(s.seconds)), s.verdict, s.evidence});
  if (!steps.empty()) text += steps.ToText(color);
  Table phases({{"Phase of the RTO"}, {"Time", Align::kRight}});
  for (const auto& p : r.rto.phases) phases.Add({p.phase, fmt::format("{:.3f} s", p.seconds)});
  if (!phases.empty()) text += phases.ToText(color);
  for (const std::string& deviation : r.deviations) text += fmt::format("Deviation: {}\n", deviation);
  return text + WayBackText(r);
}

std::string WayBackText(const DrillReport& r) {
  std::string text;
  if (r.type == "live" && !r.rollback.left.empty()) text += "What stands:\n";
  if (r.type == "live")
    for (const std::string& left : r.rollback.left) text += fmt::format("  {}\n", left);
  if (!r.failback || r.failback->commands.empty()) return text;
  text += r.rollback.left.empty() ? "The way back:\n" : "What remains to be done:\n";
  for (const auto& [purpose, command] : r.failback->commands) text += fmt::format("  # {}\n  {}\n", purpose, command);
  return text;
}

std::string CleanText(const std::vector<CleanedDrill>& drills, CleanTense tense) {
  if (drills.empty()) return "No drill left anything.\n";
  std::string text;
  for (const CleanedDrill& one : drills) {
    if (tense == CleanTense::kDid)
      text += fmt::format("drill {} at {}: {} topics and {} groups removed\n", one.drill, one.cluster,
                          one.rollback.topics_removed, one.rollback.groups_removed);
    else
      text += fmt::format("drill {} at {} would be removed:\n", one.drill, one.cluster);
    for (const std::string& left : one.rollback.left)
      text += fmt::format("  {}{}\n", tense == CleanTense::kDid ? "left: " : "", left);
  }
  return text;
}

Json CleanJson(const std::vector<CleanedDrill>& drills) {
  JsonObject out;
  out["drills"] = ToJson(drills);
  return out;
}

}  // namespace klink::cli
