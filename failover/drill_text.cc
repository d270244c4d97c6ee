#include "failover/drill_text.h"

#include <vector>

#include "failover/drill_judge.h"

namespace klink::failover {
namespace {

struct Case {
  std::string kind;  // step | objective | invariant
  std::string name;
  double seconds = 0;
  std::string verdict;
  std::string detail;
};

std::vector<Case> CasesOf(const DrillReport& report) {
  std::vector<Case> cases;
  for (const DrillStep& s : report.steps) cases.push_back({"step", s.step, s.seconds, s.verdict, s.evidence});
  for (const DrillObjective& o : report.objectives) cases.push_back({"objective", o.objective, 0, o.verdict, o.detail});
  for (const DrillInvariant& i : report.invariants)
    cases.push_back({"invariant", i.code + " " + i.name, 0, i.verdict, i.detail});
  return cases;
}

bool IsFailure(const Case& c) { return c.verdict == "FAILED" || c.verdict == "UNKNOWN"; }

std::string Row(const std::vector<std::string>& cells, const std::string& verdict = "") {
  std::string row = "<tr>";
  for (const std::string& cell : cells) row += fmt::format("<td>{}</td>", Escaped(cell));
  if (!verdict.empty()) row += fmt::format("<td class=\"{}\">{}</td>", Escaped(verdict), Escaped(verdict));
  return row + "</tr>\n";
}
std::string Head(const std::vector<std::string>& titles) {
  std::string row = "<tr>";
  for (const std::string& title : titles) row += fmt::format("<th>{}</th>", Escaped(title));
  return row + "</tr>\n";
}

std::string Number(const std::optional<int64_t>& value) { return value ? std::to_string(*value) : "not known"; }
std::string Time(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:.1f} s", *seconds) : "not known";
}

constexpr std::string_view kStyle =
    "body{font:14px/1.4 sans-serif;max-width:60em;margin:2em auto;color:#222}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #bbb;padding:.3em .5em;text-align:left;vertical-align:top}th{background:#eee}"
    ".PASSED{color:#060;font-weight:bold}.FAILED,.UNKNOWN{color:#a00;font-weight:bold}.NOT_CHECKED{color:#666}"
    ".sign td{height:3em;width:33%}@media print{body{margin:0}}";

std::string Facts(const DrillReport& r) {
  std::string topics;
  for (const DrillTopic& topic : r.scope.topics) topics += (topics.empty() ? "" : ", ") + topic.topic;
  std::string groups;
  for (const std::string& group : r.scope.groups) groups += (groups.empty() ? "" : ", ") + group;
  std::string out = "<table>\n";
  out += Row({"Drill", fmt::format("{} ({}), {}", r.drill, r.type, r.id)});
  out += Row({"Scenario", r.scenario});
  out += Row({"Link", fmt::format("{}, from {} to {}", r.scope.link, r.scope.source, r.scope.destination)});
  out += Row({"Topics", topics});
  out += Row({"Groups", groups.empty() ? "none" : groups});
  out += Row({"From, to", fmt::format("{}, {}", Rfc3339(r.started), r.finished ? Rfc3339(*r.finished) : "not ended")});
  out += Row({"Operator", r.operator_name});
  out += Row({"Approved by", r.approver.empty() ? "not named" : r.approver});
  out += Row({"Reason", r.reason.empty() ? "not given" : r.reason});
  out += Row({"klink", r.klink_version});
  out += Row({"Configuration", "SHA-256 " + r.config_sha256});
  out += Row({"Audit log", r.audit_head.value_or("none on this machine")});
  return out + "</table>\n";
}

std::string Measured(const DrillReport& r) {
  std::string out = "<h2>Time until applications work again</h2>\n<table>\n" + Head({"Phase", "Time"});
  for (const DrillPhase& phase : r.rto.phases) out += Row({phase.phase, fmt::format("{:.3f} s", phase.seconds)});
  out += Row({"from the declared incident to the first record read", Time(r.rto.seconds)});
  const bool live = r.type == "live";
  out += "</table>\n";
  if (!live) out += "<p>To notice an incident and to decide is not part of a drill.</p>\n";
  out += live ? "<h2>What the failover lost</h2>\n" : "<h2>What a failover would have lost</h2>\n";
  out += "<table>\n" + Head({"Topic", "Records", "Bytes", "Time"});
  for (const DrillLoss& loss : r.rpo.topics)
    out += Row(
        {loss.topic, Number(loss.records), Number(loss.bytes), (loss.is_bound ? "at most " : "") + Time(loss.seconds)});
  return out + "</table>\n";
}

std::string RolledBack(const DrillReport& r) {
  const std::string text = fmt::format(
      "{} topics and {} groups of the drill were removed{}.", r.rollback.topics_removed, r.rollback.groups_removed,
      r.rollback.complete ? "; nothing is left" : "; some are left: klink drill clean");
  return "<h2>Rolled back</h2>\n<p>" + Escaped(text) + "</p>\n";
}

// A live drill is brought back by commands, when somebody says them.
std::string WayBack(const DrillReport& r) {
  std::string out = "<h2>What stands, and the way back</h2>\n";
  for (const std::string& left : r.rollback.left) out += fmt::format("<p>{}</p>\n", Escaped(left));
  if (!r.failback) return out + (r.rollback.left.empty() ? "<p>Nothing was failed over.</p>\n" : "");
  out += "<table>\n" + Head({"Topic", "Way", "Link back", "Never crossed", "Written since", "Seen"});
  for (const DrillWayBack& way : r.failback->topics)
    out += Row({way.topic, way.way, way.link_back.value_or("none"), Number(way.never_crossed),
                Number(way.written_since), way.detail});
  out += "</table>\n<ol>\n";
  for (const DrillCommand& one : r.failback->commands)
    out += fmt::format("<li>{}:<br><code>{}</code></li>\n", Escaped(one.purpose), Escaped(one.command));
  return out + "</ol>\n";
}

std::string Lists(const DrillReport& r) {
  std::string out = "<h2>Deviations</h2>\n<ul>\n";
  for (const std::string& text : r.deviations) out += fmt::format("<li>{}</li>\n", Escaped(text));
  if (r.deviations.empty()) out += "<li>none</li>\n";
  out += "</ul>\n<h2>What remains to be done</h2>\n<table>\n" + Head({"Action", "Owner", "Due"});
  for (const DrillAction& action : r.remediation) out += Row({action.action, action.owner, action.due});
  return out + "</table>\n" + (r.type == "live" ? WayBack(r) : RolledBack(r));
}

}  // namespace

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;  // XML 1.0 has no others
    }
  return out;
}

std::string JUnitOf(const DrillReport& report) {
  const std::vector<Case> cases = CasesOf(report);
  size_t failures = 0, skipped = 0;
  double seconds = 0;
  for (const Case& c : cases) {
    failures += IsFailure(c);
    skipped += c.verdict == "NOT_CHECKED";
    seconds += c.seconds;
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format(
      "<testsuites>\n<testsuite name=\"klink drill {}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" "
      "time=\"{:.3f}\" timestamp=\"{}\" id=\"{}\">\n",
      Escaped(report.drill), cases.size(), failures, skipped, seconds, Rfc3339(report.started).substr(0, 19),
      Escaped(report.id));
  for (const Case& c : cases) {
    out += fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">", c.kind, Escaped(c.name), c.seconds);
    if (IsFailure(c))
      out += fmt::format("<failure message=\"{}\" type=\"{}\"/>", Escaped(c.detail), Escaped(c.verdict));
    else if (c.verdict == "NOT_CHECKED")
      out += fmt::format("<skipped message=\"{}\"/>", Escaped(c.detail));
    out += "</testcase>\n";
  }
  out += fmt::format("<system-out>{}</system-out>\n</testsuite>\n</testsuites>\n", Escaped(report.summary));
  return out;
}

std::string HtmlOf(const DrillReport& r) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{1}</style></head>\n"
      "<body>\n<h1>Failover drill {0}</h1>\n<p class=\"{2}\">{3}</p>\n<p>{4}</p>\n",
      Escaped(fmt::format("{} {}", r.drill, r.id)), kStyle, r.outcome == "PASSED" ? "PASSED" : "FAILED",
      Escaped(r.outcome), Escaped(r.summary));
  out += Facts(r);
  out += "<h2>Objectives</h2>\n<table>\n" + Head({"Objective", "Target", "Measured", "", "Verdict"});
  for (const DrillObjective& o : r.objectives)
    out +=
        Row({o.objective, Time(o.target_seconds), (o.is_bound ? "at most " : "") + Time(o.measured_seconds), o.detail},
            o.verdict);
  if (r.objectives.empty()) out += Row({"none is set", "", "", "", ""});
  out += "</table>\n" + Measured(r);
  out += "<h2>Invariants</h2>\n<table>\n" + Head({"Code", "What must never happen", "Seen", "Verdict"});
  for (const DrillInvariant& i : r.invariants) out += Row({i.code, i.name, i.detail}, i.verdict);
  out += "</table>\n<h2>Groups</h2>\n<table>\n" +
         Head({"Group", "Topic", "Partition", "At the source", "At the destination", "Seen", "Ahead", "Behind"});
  for (const DrillPosition& p : r.groups)
    out += Row({p.group, p.topic, std::to_string(p.partition), Number(p.source_offset), Number(p.destination_offset),
                p.detail, p.ahead, p.behind});
  out += "</table>\n<h2>Steps</h2>\n<table>\n" + Head({"Step", "Time", "Seen", "Verdict"});
  for (const DrillStep& s : r.steps) out += Row({s.step, fmt::format("{:.3f} s", s.seconds), s.evidence}, s.verdict);
  out += "</table>\n" + Lists(r);
  out += "<h2>Signed</h2>\n<table class=\"sign\">\n" + Head({"Name", "Date", "Signature"}) + Row({"", "", ""}) +
         Row({"", "", ""});
  return out + "</table>\n</body></html>\n";
}

}  // namespace klink::failover
