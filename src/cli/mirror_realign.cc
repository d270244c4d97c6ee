// klink mirror realign: the plan with its cost first, then consent; what is agreed to goes on by itself.
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/consent.h"
#include "cli/table.h"
#include "http/message.h"
#include "http/views.h"

namespace klink::cli {
namespace {

struct RealignChoice {
  std::vector<std::string> topics;
  bool all = false;
  Consent consent;
};

bool Realigns(const link::RealignedMirror& mirror) { return mirror.outcome == "realigning"; }

std::string PlanText(const http::RealignView& view, bool color) {
  if (view.mirrors.empty()) return fmt::format("Every mirror of link {} has the source's offsets.\n", view.link);
  Table table({{"Mirror Topic Name"},
               {"State"},
               {"Deletes", Align::kRight},
               {"Only In Copy", Align::kRight},
               {"Copies", Align::kRight},
               {"Prefills", Align::kRight},
               {"Outcome"}});
  std::vector<std::string> untold;
  bool any = false;
  for (const link::RealignedMirror& mirror : view.mirrors) {
    std::string outcome = mirror.outcome;
    if (mirror.error) outcome += ": " + *mirror.error;
    table.Add({mirror.topic, Show(mirror.state), Show(mirror.deletes), Show(mirror.only_in_copy), Show(mirror.copies),
               Show(mirror.prefills), outcome});
    if (!Realigns(mirror)) continue;
    any = true;
    untold = mirror.groups_not_told;
  }
  std::string text = table.ToText(color);
  if (!any) return text;
  text +=
      "The mirror topic is deleted; the brokers forget with it what groups have committed there. Then it is made "
      "again\n"
      "and copied from the source's log start. What is only in the copy is lost for good.\n";
  if (!untold.empty())
    text += fmt::format("Whether these groups read it cannot be told; make sure that they do not: {}\n",
                        fmt::join(untold, ", "));
  return text;
}

Exit Realign(const Context& context, const RealignChoice& choice) {
  if (choice.all != choice.topics.empty()) return context.Fail(InvalidArgument("name the mirrors, or say --all"));
  if (const Status may = MayAsk(context, choice.consent); !may.ok()) return context.Fail(may);
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  JsonObject body = ControlBody(context);
  body["topics"] = ToJson(choice.topics);
  body["all"] = choice.all;
  const auto text = [&](const http::RealignView& view) { return PlanText(view, context.color()); };
  const auto question = [](const http::RealignView& plan) -> std::string {
    const auto count = std::count_if(plan.mirrors.begin(), plan.mirrors.end(), Realigns);
    if (count == 0) return "";
    return fmt::format("DELETE {} mirror{} of link {} and make {} again?", count, count == 1 ? "" : "s", plan.link,
                       count == 1 ? "it" : "them");
  };
  const auto complete = [](const http::RealignView& view) {
    return std::none_of(view.mirrors.begin(), view.mirrors.end(), [](const auto& m) { return m.outcome == "refused"; });
  };
  return AskThenChange<http::RealignView>(context, choice.consent, *agent,
                                          fmt::format("/v1/links/{}/mirrors:realign", http::Escape(*link)),
                                          std::move(body), text, question, complete);
}

}  // namespace

void AddMirrorRealign(CLI::App& mirror, Context& context) {
  auto choice = std::make_shared<RealignChoice>();
  CLI::App* realign = mirror.add_subcommand("realign", "DELETE a translated copy and make it again, aligned");
  realign
      ->add_option("TOPIC", choice->topics,
                   "Mirrors by their name at the destination; * and ? stand for any characters")
      ->type_name("");
  realign->add_flag("--all", choice->all, "Every mirror of the link whose offsets are not the source's");
  AddConsent(*realign, choice->consent);
  realign->callback([&context, choice] { context.action = [&context, choice] { return Realign(context, *choice); }; });
}

}  // namespace klink::cli
