// klink mirror reverse: after a promotion the old source becomes the mirror. Both logs are compared by this command,
// and what was found equal is given as an order to the agent that leads the link of the other direction.
#include "cli/reverse.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/await.h"
#include "cli/failback_text.h"
#include "http/message.h"
#include "http/views.h"

namespace klink::cli {
namespace {

struct Flags {
  failover::FailbackAsk ask;
  Consent consent;
};

size_t Count(const failover::FailbackView& view, std::string_view outcome) {
  return static_cast<size_t>(
      std::count_if(view.actions.begin(), view.actions.end(), [&](const auto& a) { return a.outcome == outcome; }));
}

// Each link back is asked about its topics, or told; what it answers goes into the actions.
Status Order(const Context& context, AgentClient& agent, failover::FailbackView& view, Exit& exit, bool dry_run) {
  for (const auto& [link, topics] : failover::ReverseOrders(view)) {
    JsonObject body = ControlBody(context);
    body["topics"] = ToJson(topics);
    body["dry_run"] = dry_run;
    Json json;
    const auto answer =
        agent.Change<http::AdoptionView>(fmt::format("/v1/links/{}/mirrors:reverse", http::Escape(link)), body, json);
    if (!answer.ok()) {
      exit = agent.ExitFor(answer.status());
      return answer.status();
    }
    for (const link::AdoptedMirror& mirror : answer->mirrors)
      for (failover::FailbackAction& action : view.actions) {
        if (action.link_back != link || action.source_topic != mirror.topic) continue;
        if (mirror.outcome == "adopting") action.outcome = dry_run ? "would_reverse" : "reversed";
        if (mirror.outcome == "unchanged") action.outcome = "unchanged";
        if (mirror.outcome == "refused") action.outcome = "refused", action.error = mirror.error;
      }
  }
  return absl::OkStatus();
}

Exit Reverse(const Context& context, const Flags& flags) {
  if (const Status may = MayAsk(context, flags.consent); !may.ok()) return context.Fail(may);
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const StatusOr<config::LinkConfig> link = context.PickLink(*config);
  if (!link.ok()) return context.Fail(link.status());
  const StatusOr<failover::FailbackView> view = Await(failover::ReadFailback(*config, *link, flags.ask));
  if (!view.ok()) return context.Fail(view.status());
  return ReverseMirrors(context, *config, *link, *view, failover::OldTail::kNone, flags.consent);
}

}  // namespace

void ShowFailback(const Context& context, const failover::FailbackView& view) {
  if (context.globals.output == Output::kHuman)
    context.io.out << FailbackText(view, context.color());
  else
    context.Print(ToJson(view));
}

Exit ReverseMirrors(const Context& context, const config::Config& config, const config::LinkConfig& link,
                    failover::FailbackView view, failover::OldTail tail, const Consent& consent) {
  view.actions = failover::PlanReverse(view, config, link, tail);
  if (Count(view, "refused") > 0) {
    ShowFailback(context, view);
    return Exit::kFailed;
  }
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  if (const Status asked = Order(context, *agent, view, exit, true); !asked.ok()) return context.Fail(asked, exit);
  const bool refused = Count(view, "refused") > 0;
  const size_t topics = Count(view, "would_reverse");
  if (consent.dry_run || refused || topics == 0) {
    ShowFailback(context, view);
    return refused ? Exit::kFailed : Exit::kOk;
  }
  if (!consent.yes) {
    context.io.err << FailbackText(view, context.color());
    if (!Agreed(context,
                fmt::format("Make {} topic{} of {} a mirror again?", topics, topics == 1 ? "" : "s", link.source))) {
      context.io.err << "klink: nothing was changed\n";
      return Exit::kFailed;
    }
  }
  if (const Status told = Order(context, *agent, view, exit, false); !told.ok()) return context.Fail(told, exit);
  ShowFailback(context, view);
  return Count(view, "refused") > 0 ? Exit::kFailed : Exit::kOk;
}

void AddReverse(CLI::App& parent, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = parent.add_subcommand(
      "reverse", "After a promotion: the old source, where it is equal, becomes the mirror of the new primary");
  verb->add_option("TOPIC", flags->ask.topics, "Mirror names at the destination; none: every mirror that was promoted")
      ->type_name("");
  AddConsent(*verb, flags->consent);
  verb->callback([&context, flags] { context.action = [&context, flags] { return Reverse(context, *flags); }; });
}

}  // namespace klink::cli
