#include "cli/promote_page.h"

#include <fmt/format.h>

#include "base/html.h"
#include "cli/table.h"

namespace klink::cli {
namespace {

using link::PromotedMirror;
using link::PromotedPartition;
using link::PromotionSnapshot;

constexpr std::string_view kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1a1a1a}"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.3em .6em;text-align:left}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#a40000;font-weight:600}"
    "code{background:#f3f3f3;padding:.1em .3em}.sign{margin-top:4em;display:flex;gap:3em}"
    ".sign div{flex:1;border-top:1px solid #000;padding-top:.3em}@media print{body{margin:0}}";

std::string Cell(std::string_view text) { return fmt::format("<td>{}</td>", HtmlText(text)); }
std::string Number(std::string_view text) { return fmt::format("<td class=\"n\">{}</td>", HtmlText(text)); }
std::string Fact(std::string_view name, std::string_view text) {
  return fmt::format("<tr><th>{}</th>{}</tr>\n", HtmlText(name), Cell(text));
}

std::string Facts(const PromotionSnapshot& view) {
  std::string out = "<table>\n";
  out += Fact("Link", view.link);
  if (view.operation) out += Fact("Operation", *view.operation);
  out += Fact("State", view.state);
  if (view.by) out += Fact("By", *view.by);
  if (view.reason) out += Fact("Reason", *view.reason);
  if (view.started) out += Fact("Started", Rfc3339(*view.started));
  if (view.finished) out += Fact("Finished", Rfc3339(*view.finished));
  if (view.seconds) out += Fact("Took", fmt::format("{:.2f} s", *view.seconds));
  out += Fact("Source offsets that did not cross", view.lost ? std::to_string(*view.lost) : "not known");
  if (view.source_end_age)
    out += Fact("The source was last heard of", fmt::format("{:.1f} s before the start", *view.source_end_age));
  if (view.groups_age)
    out += Fact("Groups were last read at the source", fmt::format("{:.1f} s before the start", *view.groups_age));
  return out + "</table>\n";
}

std::string Steps(const PromotionSnapshot& view) {
  if (view.steps.empty()) return "";
  std::string out = "<h2>Where the time went</h2>\n<table>\n<tr><th>Step</th><th class=\"n\">Seconds</th></tr>\n";
  for (const link::PromotionStepTime& step : view.steps)
    out += fmt::format("<tr>{}{}</tr>\n", Cell(step.step), Number(fmt::format("{:.3f}", step.seconds)));
  return out + "</table>\n";
}

std::string Row(const PromotedMirror& mirror, const PromotedPartition& p) {
  return fmt::format("<tr>{}{}{}{}{}{}{}{}</tr>\n", Cell(mirror.topic), Number(std::to_string(p.partition)),
                     Number(Show(p.replicated_to)), Number(Show(p.source_end)), Number(Show(p.lost)),
                     Number(Show(p.cut)), Cell(p.tail_crc.value_or("-")), Number(std::to_string(p.transactions_cut)));
}

std::string Mirrors(const PromotionSnapshot& view) {
  std::string out = "<h2>Mirrors</h2>\n<table>\n<tr><th>Topic</th><th>Outcome</th><th class=\"n\">Lost</th></tr>\n";
  for (const PromotedMirror& mirror : view.mirrors) {
    std::string outcome = HtmlText(mirror.outcome);
    if (mirror.error)
      outcome += fmt::format(": <span class=\"bad\">{} {}</span>", HtmlText(mirror.reason_code.value_or("")),
                             HtmlText(*mirror.error));
    out += fmt::format("<tr>{}<td>{}</td>{}</tr>\n", Cell(mirror.topic), outcome, Number(Show(mirror.lost)));
  }
  out +=
      "</table>\n<h2>Partitions</h2>\n<table>\n<tr><th>Topic</th><th class=\"n\">Partition</th><th class=\"n\">Copied "
      "up to</th><th class=\"n\">Source end</th><th class=\"n\">Lost</th><th class=\"n\">Cut</th><th>CRC-32C of the "
      "tail</th><th class=\"n\">Transactions cut</th></tr>\n";
  for (const PromotedMirror& mirror : view.mirrors)
    for (const PromotedPartition& partition : mirror.partitions) out += Row(mirror, partition);
  return out + "</table>\n";
}

std::string Groups(const PromotionSnapshot& view) {
  if (view.groups.empty()) return "";
  std::string out =
      "<h2>Groups that had read what is lost</h2>\n<p>They start at the end of the copy.</p>\n<table>\n<tr><th>Group"
      "</th><th>Topic</th><th class=\"n\">Partition</th><th class=\"n\">Stood at</th><th "
      "class=\"n\">Behind</th></tr>\n";
  for (const link::PromotedGroup& group : view.groups)
    out += fmt::format("<tr>{}{}{}{}{}</tr>\n", Cell(group.group), Cell(group.topic),
                       Number(std::to_string(group.partition)), Number(std::to_string(group.source_offset)),
                       Number(Show(group.behind)));
  return out + "</table>\n";
}

std::string Remaining(const PromotionSnapshot& view) {
  if (view.remaining.empty()) return "";
  std::string out = "<h2 class=\"bad\">What remains to be done</h2>\n<ul>\n";
  for (const std::string& command : view.remaining) out += fmt::format("<li><code>{}</code></li>\n", HtmlText(command));
  return out + "</ul>\n";
}

}  // namespace

std::string PromotionPage(const PromotionSnapshot& view) {
  const std::string title =
      fmt::format("{} of link {}", view.verb == "promote" ? "Promotion" : "Failover", HtmlText(view.link));
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{0}</title>\n<style>{1}</style>\n"
      "</head>\n<body>\n<h1>{0}</h1>\n{2}{3}{4}{5}{6}<div class=\"sign\"><div>Date</div><div>Name</div><div>Signature"
      "</div></div>\n</body>\n</html>\n",
      title, kStyle, Facts(view), Remaining(view), Mirrors(view), Groups(view), Steps(view));
}

}  // namespace klink::cli
