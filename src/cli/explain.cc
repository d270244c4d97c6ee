// klink explain topic|group NAME: walks the rules of every link concerned and says which one decided.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/agent_client.h"
#include "cli/table.h"
#include "http/message.h"
#include "http/views.h"

namespace klink::cli {
namespace {

constexpr Duration kExplainDeadline = 30s;  // a cluster that does not answer is waited for

std::string LinkText(const std::string& kind, const link::Explanation& link, bool color) {
  std::string name = link.name_at_source;
  if (link.name_at_destination != name) name += fmt::format(" (at the destination {})", link.name_at_destination);
  const std::string_view carried = kind == "topic" ? "mirrored" : "carried over";
  const std::string verdict = link.mirrored == "yes"  ? fmt::format("is {}", carried)
                              : link.mirrored == "no" ? fmt::format("is not {}", carried)
                                                      : fmt::format("is not {} yet", carried);
  std::string text = fmt::format("{}: {} {} {}\n", link.link, kind, name, verdict);
  text += fmt::format("  decided by  {}\n", link.decided_by);
  if (link.reason_code && *link.reason_code != link.decided_by)
    text += fmt::format("  reason      {}\n", *link.reason_code);
  text += fmt::format("  to do       {}\n\n", link.what_to_do);
  Table table({{"Rule"}, {"Answer"}, {"What was found"}});
  for (const link::ExplainStep& step : link.steps) table.Add({step.rule, step.answer, step.text});
  return text + table.ToText(color);
}

std::string ExplainText(const http::ExplainView& view, bool color) {
  std::string text;
  for (const link::Explanation& link : view.links) {
    if (!text.empty()) text += "\n";
    text += LinkText(view.kind, link, color);
  }
  return text;
}

// Mirrored by one link is enough; what will be by itself is worth another try.
Exit ExitOf(const http::ExplainView& view) {
  Exit exit = Exit::kFailed;
  for (const link::Explanation& link : view.links) {
    if (link.mirrored == "yes") return Exit::kOk;
    if (link.mirrored == "not yet") exit = Exit::kTryLater;
  }
  return exit;
}

Exit Explain(const Context& context, const std::string& kind, const std::string& name) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  std::string target = fmt::format("/v1/explain?{}={}", kind, http::Escape(name));
  if (!context.globals.link.empty()) target += "&link=" + http::Escape(context.globals.link);
  Json json;
  const StatusOr<http::ExplainView> view = agent->Get<http::ExplainView>(target, json, kExplainDeadline);
  if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
  if (context.globals.output == Output::kHuman) {
    context.io.out << ExplainText(*view, context.color());
  } else {
    context.Print(json);
  }
  return ExitOf(*view);
}

}  // namespace

void AddExplain(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("explain", "Why a topic or a group is mirrored, or is not");
  verb->require_subcommand(1);
  for (const std::string kind : {"topic", "group"}) {
    CLI::App* noun = verb->add_subcommand(
        kind, fmt::format("The rules for one {}, in order; exit 0 mirrored, 1 not, 75 not yet", kind));
    auto name = std::make_shared<std::string>();
    noun->add_option("NAME", *name, kind == "topic" ? "Its name, at either side" : "The group")
        ->required()
        ->check([](const std::string& text) { return text.empty() ? std::string("may not be empty") : std::string(); })
        ->type_name("");
    noun->callback(
        [&context, kind, name] { context.action = [&context, kind, name] { return Explain(context, kind, *name); }; });
  }
}

}  // namespace klink::cli
