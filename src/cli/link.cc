// klink link list|describe|pause|resume, and where delete joins: a link as a whole.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/ask_and_show.h"
#include "cli/consent.h"
#include "cli/link_delete.h"
#include "cli/link_text.h"
#include "cli/table.h"
#include "http/views.h"

namespace klink::cli {
namespace {

// Confluent's columns, then ours.
std::string ListText(const http::LinksView& view, bool color) {
  Table table({{"Name"},
               {"Source Cluster"},
               {"Destination Cluster"},
               {"State"},
               {"Mirrors", Align::kRight},
               {"Lag", Align::kRight},
               {"Reason"}});
  for (const http::LinkView& link : view.links) {
    int64_t mirrors = 0;
    for (const auto& [state, count] : link.mirrors) mirrors += count;
    const auto cluster = [](const link::ClusterSnapshot& c) {
      return fmt::format("{} ({})", c.name, Show(c.cluster_id));
    };
    table.Add({link.name, cluster(link.source), cluster(link.destination), link.state, std::to_string(mirrors),
               Show(link.lag), Show(link.reason_code)});
  }
  return table.ToText(color);
}

Exit List(const Context& context) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  Json json;
  const StatusOr<http::LinksView> view = agent->Get<http::LinksView>("/v1/links", json);
  if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
  if (context.globals.output == Output::kHuman) {
    context.io.out << ListText(*view, context.color());
  } else {
    context.Print(json);
  }
  return Exit::kOk;
}

std::string ResultText(const http::LinkControlView& view, bool color) {
  const std::string_view tense = view.dry_run ? "would be" : "is";
  return fmt::format("Link {} was {}, {} {}: {}. Mirrors concerned: {}\n", view.link,
                     Paint(view.result.state_before, color), tense, Paint(view.result.state, color),
                     view.result.outcome, view.result.mirrors);
}

Exit Control(const Context& context, const std::string& verb, const Consent& consent) {
  if (const Status may = MayAsk(context, consent); !may.ok()) return context.Fail(may);
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  const auto text = [&](const http::LinkControlView& view) { return ResultText(view, context.color()); };
  const auto question = [&](const http::LinkControlView& plan) -> std::string {
    if (plan.result.outcome == "unchanged") return "";
    return fmt::format("{} link {}?", verb == "pause" ? "Pause" : "Resume", plan.link);
  };
  const auto complete = [](const http::LinkControlView&) { return true; };
  return AskThenChange<http::LinkControlView>(context, consent, *agent,
                                              fmt::format("/v1/links/{}:{}", http::Escape(*link), verb),
                                              ControlBody(context), text, question, complete);
}

// The link may stand behind the verb as well as behind --link.
CLI::App* AddOfOne(CLI::App& noun, Context& context, const char* name, const char* about) {
  CLI::App* verb = noun.add_subcommand(name, about);
  verb->add_option("LINK", context.globals.link, "Which link; needed when there are several")->type_name("");
  return verb;
}

void AddControl(CLI::App& noun, Context& context, const char* name, const char* about) {
  CLI::App* verb = AddOfOne(noun, context, name, about);
  auto consent = std::make_shared<Consent>();
  AddConsent(*verb, *consent);
  verb->callback([&context, name = std::string(name), consent] {
    context.action = [&context, name, consent] { return Control(context, name, *consent); };
  });
}

}  // namespace

void AddLink(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("link", "Links");
  noun->require_subcommand(1);
  noun->add_subcommand("list", "Every link with its state")->callback([&context] {
    context.action = [&context] { return List(context); };
  });
  AddOfOne(*noun, context, "describe", "One link: can it fail over now, and what would be lost?")->callback([&context] {
    context.action = [&context] { return AskAndShow<http::LinkView>(context, "", LinkText); };
  });
  AddControl(*noun, context, "pause", "Stop every mirror and make none; the copies stay as they are");
  AddControl(*noun, context, "resume", "Let every mirror go on that is not paused itself");
  AddLinkDelete(*noun, context);
}

}  // namespace klink::cli
