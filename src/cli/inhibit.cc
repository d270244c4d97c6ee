// klink failover --inhibit [off]: may klink fail over by itself, where auto_failover is configured? What a person asks
// for is not concerned.
#include <fmt/format.h>

#include "cli/promote.h"
#include "http/message.h"
#include "http/views.h"

namespace klink::cli {
namespace {

std::string ResultText(const http::InhibitView& view) {
  const link::InhibitSnapshot& result = view.result;
  std::string text = fmt::format("Link {}: klink {}{} fail over by itself", view.link, view.dry_run ? "then " : "",
                                 result.inhibited ? "may not" : "may");
  text += result.outcome == "unchanged" ? ", as before" : "";
  if (!result.enabled) text += "; auto_failover.enabled is false, so it would not anyway";
  if (result.rearmed_of && !result.rearmed_of->empty())
    text += fmt::format("; it did so by {}, and may once more", *result.rearmed_of);
  return text + ".\n";
}

}  // namespace

Exit InhibitFailover(const Context& context, const std::string& order, const Consent& consent) {
  if (order != "on" && order != "off")
    return context.Fail(InvalidArgument("--inhibit takes off or nothing; it was given {}", order));
  if (const Status may = MayAsk(context, consent); !may.ok()) return context.Fail(may);
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  JsonObject body = ControlBody(context);
  body["inhibit"] = order == "on";
  const auto question = [](const http::InhibitView& plan) -> std::string {
    if (plan.result.outcome == "unchanged") return "";
    return fmt::format("{} automatic failover of link {}?", plan.result.inhibited ? "Inhibit" : "Permit", plan.link);
  };
  const auto complete = [](const http::InhibitView&) { return true; };
  return AskThenChange<http::InhibitView>(context, consent, *agent,
                                          fmt::format("/v1/links/{}:inhibit", http::Escape(*link)), std::move(body),
                                          ResultText, question, complete);
}

}  // namespace klink::cli
