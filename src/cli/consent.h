// Verbs that change something: --dry-run shows the plan, a person at a terminal is asked, everybody else says --yes.
// What is asked about is the plan itself: the agent's answer to a dry run.
#pragma once

#include <string>

#include "cli/agent_client.h"

namespace klink::cli {

struct Consent {
  bool dry_run = false;
  bool yes = false;
};
void AddConsent(CLI::App& verb, Consent& consent);

// The body that every such call shares: who, why, and whether it is meant.
JsonObject ControlBody(const Context& context);
// Usage: nobody is there to be asked, and --yes was not given.
Status MayAsk(const Context& context, const Consent& consent);
// On err: "QUESTION [y/N] ", and whether the answer is yes.
bool Agreed(const Context& context, const std::string& question);

// The whole story. `target`: what to POST to; `text(View)`: the answer for people; `question(View)`: what to ask about
// the plan, empty when it changes nothing; `complete(View)`: whether all that was asked for came about.
template <class View, class Text, class Question, class Complete>
Exit AskThenChange(const Context& context, const Consent& consent, AgentClient& agent, const std::string& target,
                   JsonObject body, Text text, Question question, Complete complete) {
  Json json;
  const auto show = [&](const View& view) {
    if (context.globals.output == Output::kHuman) {
      context.io.out << text(view);
    } else {
      context.Print(json);
    }
    return complete(view) ? Exit::kOk : Exit::kFailed;
  };
  if (consent.dry_run || !consent.yes) {
    body["dry_run"] = true;
    const StatusOr<View> plan = agent.Change<View>(target, body, json);
    if (!plan.ok()) return context.Fail(plan.status(), agent.ExitFor(plan.status()));
    const std::string ask = question(*plan);
    if (consent.dry_run) return show(*plan);
    if (!ask.empty()) context.io.err << text(*plan);
    if (!ask.empty() && !Agreed(context, ask)) {
      context.io.err << "klink: nothing was changed\n";
      return Exit::kFailed;
    }
  }
  body["dry_run"] = false;
  const StatusOr<View> done = agent.Change<View>(target, body, json);
  return done.ok() ? show(*done) : context.Fail(done.status(), agent.ExitFor(done.status()));
}

}  // namespace klink::cli
