// klink status: the first screen. Could the copies stand in for the source now, and what would be missing?
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/agent_client.h"
#include "cli/link_text.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "http/views.h"

namespace klink::cli {
namespace {

std::string StatusText(const http::StatusView& view, bool color) {
  std::string text = fmt::format("Agent {} {}, up since {}, {}\n", view.agent.id, view.agent.version,
                                 Show(view.agent.started), view.agent.ready ? "ready" : "not ready yet");
  bool all_active = true;
  for (const http::LinkView& link : view.links) {
    text += "\n" + LinkText(link, color);
    for (const auto& [state, count] : link.mirrors) all_active = all_active && state == "ACTIVE";
  }
  if (!all_active) text += "\nklink mirror list shows what is not ACTIVE, and why.\n";
  text +=
      "\nklink failover --all --dry-run shows what a failover would do, klink promote what a planned move waits for.\n";
  return text;
}

Exit PrintStatus(const Context& context, AgentClient& agent) {
  Json json;
  StatusOr<http::StatusView> view = agent.Get<http::StatusView>("/v1/status", json);
  if (!view.ok()) return context.Fail(view.status(), agent.ExitFor(view.status()));
  const std::string& wanted = context.globals.link;
  if (!wanted.empty()) {
    std::erase_if(view->links, [&](const http::LinkView& link) { return link.name != wanted; });
    if (view->links.empty()) return context.Fail(NotFound("there is no link {}", wanted));
    json = ToJson(*view);
  }
  if (context.globals.output == Output::kHuman) {
    context.io.out << StatusText(*view, context.color());
  } else {
    context.Print(json);
  }
  return Exit::kOk;
}

Exit ShowStatus(const Context& context, const WatchChoice& choice) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  return ShowOrWatch(context, choice, [&] { return PrintStatus(context, *agent); });
}

}  // namespace

void AddStatus(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("status", "Can I fail over now, and what would I lose?");
  auto choice = std::make_shared<WatchChoice>();
  AddWatch(*verb, *choice);
  verb->callback([&context, choice] { context.action = [&context, choice] { return ShowStatus(context, *choice); }; });
}

}  // namespace klink::cli
