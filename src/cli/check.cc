// klink check: a plugin for monitoring systems that run a command (Nagios, Icinga and others). One line, and the exit
// codes of such plugins, not klink's own: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. With --live or --ready a probe for
// whatever starts processes: 0, or 2.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/agent_client.h"
#include "cli/check_judge.h"
#include "config/text.h"

namespace klink::cli {
namespace {

constexpr const char* kCheckFooter =
    "Exit codes: 0 OK, 1 WARNING, 2 CRITICAL (also when no agent answers), 3 UNKNOWN\n"
    "Global flags: klink --help";

struct CheckChoice {
  std::string warning = "1m";
  std::string critical = "5m";
  std::optional<int64_t> records_warning;
  std::optional<int64_t> records_critical;
  bool live = false;
  bool ready = false;
};

Exit End(const Context& context, Health health, const CheckView& view) {
  if (context.globals.output == Output::kHuman) {
    context.io.out << PluginLine(view) << "\n";
  } else {
    context.Print(ToJson(view));
  }
  return static_cast<Exit>(health);
}

Exit End(const Context& context, Health health, std::string text) {
  CheckView view;
  view.state = ToText(health);
  view.text = std::move(text);
  return End(context, health, view);
}

// An agent that does not answer does not mirror; whatever else keeps this command from an answer says nothing of it.
Exit EndWithout(const Context& context, const Status& status) {
  const bool gone = IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  return End(context, gone ? Health::kCritical : Health::kUnknown, Text(status));
}

Exit Probe(const Context& context, AgentClient& agent, const char* path) {
  const Status answer = agent.Probe(path);
  return answer.ok() ? End(context, Health::kOk, "ok") : End(context, Health::kCritical, Text(answer));
}

StatusOr<CheckLimits> LimitsOf(const CheckChoice& choice) {
  TRY(const Duration warning, config::ParseDuration(choice.warning));
  TRY(const Duration critical, config::ParseDuration(choice.critical));
  CheckLimits limits;
  limits.lag_warning_s = std::chrono::duration<double>(warning).count();
  limits.lag_critical_s = std::chrono::duration<double>(critical).count();
  limits.records_warning = choice.records_warning;
  limits.records_critical = choice.records_critical;
  return limits;
}

Exit Check(const Context& context, const CheckChoice& choice) {
  const StatusOr<CheckLimits> limits = LimitsOf(choice);
  if (!limits.ok()) return EndWithout(context, limits.status());
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return EndWithout(context, agent.status());
  if (choice.live) return Probe(context, *agent, "/livez");
  if (choice.ready) return Probe(context, *agent, "/readyz");
  Json json;
  StatusOr<http::StatusView> view = agent->Get<http::StatusView>("/v1/status", json);
  if (!view.ok()) return EndWithout(context, view.status());
  if (const std::string& wanted = context.globals.link; !wanted.empty()) {
    std::erase_if(view->links, [&](const http::LinkView& link) { return link.name != wanted; });
    if (view->links.empty()) return EndWithout(context, NotFound("there is no link {}", wanted));
  }
  const Judged judged = Judge(*view, *limits);
  return End(context, judged.health, judged.view);
}

}  // namespace

void AddCheck(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("check", "Plugin for monitoring systems: one line, exit 0, 1, 2 or 3");
  auto choice = std::make_shared<CheckChoice>();
  verb->add_option("--warning", choice->warning, "WARNING when a link is so far behind; 1m unless said")
      ->type_name("TIME");
  verb->add_option("--critical", choice->critical, "CRITICAL when it is so far behind; 5m unless said")
      ->type_name("TIME");
  verb->add_option("--warning-records", choice->records_warning, "The same in records; no limit unless said")
      ->type_name("N");
  verb->add_option("--critical-records", choice->records_critical, "The same in records; no limit unless said")
      ->type_name("N");
  CLI::Option* live = verb->add_flag("--live", choice->live, "Only whether the agent works; needs no token");
  verb->add_flag("--ready", choice->ready, "Only whether every cluster has answered it once; needs no token")
      ->excludes(live);
  verb->callback([&context, choice] { context.action = [&context, choice] { return Check(context, *choice); }; });
  verb->footer(kCheckFooter);
}

}  // namespace klink::cli
