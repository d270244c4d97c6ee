// klink diff: what differs between the two clusters of a link, of what the link carries over; exit 1 when something
// does.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/agent_client.h"
#include "cli/table.h"
#include "http/message.h"
#include "http/views.h"

namespace klink::cli {
namespace {

constexpr Duration kDiffDeadline = 60s;  // both clusters are read as a whole

int64_t CountOf(const link::LinkDiff& diff) {
  int64_t count = 0;
  for (const link::ComparedKind& kind : diff.kinds) count += kind.differences;
  return count;
}

std::string DiffText(const link::LinkDiff& diff, bool color) {
  const int64_t count = CountOf(diff);
  std::string text =
      fmt::format("Link {}: {} difference{} between {} and {}\n", diff.link, count == 0 ? "no" : std::to_string(count),
                  count == 1 ? "" : "s", diff.source, diff.destination);
  Table kinds({{"Kind"}, {"Compared", Align::kRight}, {"Different", Align::kRight}, {"Not compared"}});
  for (const link::ComparedKind& kind : diff.kinds)
    kinds.Add({kind.kind, kind.compared ? std::to_string(kind.items) : std::string(kUnknown),
               kind.compared ? std::to_string(kind.differences) : std::string(kUnknown), Show(kind.reason)});
  text += kinds.ToText(color);
  if (diff.differences.empty()) return text;
  Table table({{"Kind"}, {"Name"}, {"Key"}, {"At " + diff.source}, {"At " + diff.destination}, {"What it means"}});
  for (const link::ClusterDifference& one : diff.differences)
    table.Add({one.kind, one.name, Show(one.key), Show(one.source), Show(one.destination), one.text});
  text += "\n" + table.ToText(color);
  if (const auto listed = static_cast<int64_t>(diff.differences.size()); listed < count)
    text += fmt::format("and {} more\n", count - listed);
  return text;
}

Exit Diff(const Context& context) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  std::string target = "/v1/diff";
  if (!context.globals.link.empty()) target += "?link=" + http::Escape(context.globals.link);
  Json json;
  const StatusOr<http::DiffView> view = agent->Get<http::DiffView>(target, json, kDiffDeadline);
  if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
  if (context.globals.output != Output::kHuman) context.Print(json);
  for (const link::LinkDiff& diff : view->links) {
    if (context.globals.output == Output::kHuman)
      context.io.out << (&diff == &view->links.front() ? "" : "\n") << DiffText(diff, context.color());
    if (CountOf(diff) > 0) exit = Exit::kFailed;
  }
  return exit;
}

}  // namespace

void AddDiff(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("diff", "What differs between the two clusters; exit 1 when something does");
  verb->callback([&context] { context.action = [&context] { return Diff(context); }; });
}

}  // namespace klink::cli
