// What most verbs do: ask the agent about one link, and show the answer.
#pragma once

#include <string>

#include "cli/agent_client.h"
#include "http/message.h"

namespace klink::cli {

// Asks `path` under the link and shows the answer: as `text(View, color)` or as the JSON it came in.
template <class View, class F>
Exit AskAndShow(const Context& context, const std::string& path, F text) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  Json json;
  const StatusOr<View> view = agent->Get<View>("/v1/links/" + http::Escape(*link) + path, json);
  if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
  if (context.globals.output == Output::kHuman) {
    context.io.out << text(*view, context.color());
  } else {
    context.Print(json);
  }
  return Exit::kOk;
}

}  // namespace klink::cli
