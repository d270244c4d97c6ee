// klink mirror pause|resume: mirrors stop and go on, each answered for itself; one that could not is exit 1.
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/consent.h"
#include "cli/table.h"
#include "http/message.h"
#include "http/views.h"
#include "state/control.h"

namespace klink::cli {
namespace {

struct MirrorChoice {
  std::vector<std::string> topics;
  bool all = false;
  bool truncation = false;
  bool restart_as_new = false;
  bool gap = false;
  Consent consent;

  state::Accept accept() const {
    using enum state::Accept;
    return truncation ? kTruncation : restart_as_new ? kRestartAsNew : gap ? kGap : kNone;
  }
};

bool Changes(const link::ControlledMirror& mirror) {
  return mirror.outcome != "refused" && mirror.outcome != "unchanged";
}

std::string ResultText(const http::MirrorsControlView& view, bool color) {
  if (view.mirrors.empty()) return fmt::format("No mirror of link {} can be {}d.\n", view.link, view.verb);
  Table table({{"Mirror Topic Name"}, {"Was"}, {view.dry_run ? "Would Be" : "Is"}, {"Outcome"}});
  for (const link::ControlledMirror& mirror : view.mirrors) {
    std::string outcome = mirror.outcome;
    if (mirror.error) outcome += ": " + *mirror.error;
    table.Add({mirror.topic, Show(mirror.state_before), Show(mirror.state), outcome});
  }
  return table.ToText(color);
}

Exit Control(const Context& context, const std::string& verb, const MirrorChoice& choice) {
  if (choice.all != choice.topics.empty()) return context.Fail(InvalidArgument("name the mirrors, or say --all"));
  if (choice.truncation + choice.restart_as_new + choice.gap > 1)
    return context.Fail(InvalidArgument("--accept-truncation, --restart-as-new and --accept-gap exclude each other"));
  if (const Status may = MayAsk(context, choice.consent); !may.ok()) return context.Fail(may);
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  JsonObject body = ControlBody(context);
  body["topics"] = ToJson(choice.topics);
  body["all"] = choice.all;
  if (choice.accept() != state::Accept::kNone) body["accept"] = Name(choice.accept());
  const auto text = [&](const http::MirrorsControlView& view) { return ResultText(view, context.color()); };
  const auto question = [&](const http::MirrorsControlView& plan) -> std::string {
    const auto count = std::count_if(plan.mirrors.begin(), plan.mirrors.end(), Changes);
    if (count == 0) return "";
    const char* how = choice.restart_as_new ? ", DELETE what was copied and begin anew" : "";
    return fmt::format("{} {} mirror{} of link {}{}?", verb == "pause" ? "Pause" : "Resume", count,
                       count == 1 ? "" : "s", plan.link, how);
  };
  const auto complete = [](const http::MirrorsControlView& view) {
    return std::none_of(view.mirrors.begin(), view.mirrors.end(), [](const auto& m) { return m.outcome == "refused"; });
  };
  const std::string target = fmt::format("/v1/links/{}/mirrors:{}", http::Escape(*link), verb);
  return AskThenChange<http::MirrorsControlView>(context, choice.consent, *agent, target, std::move(body), text,
                                                 question, complete);
}

std::shared_ptr<MirrorChoice> AddChoice(CLI::App& verb, Context& context, const std::string& name) {
  auto choice = std::make_shared<MirrorChoice>();
  verb.add_option("TOPIC", choice->topics, "Mirrors by their name at the destination; * and ? stand for any characters")
      ->type_name("");
  verb.add_flag("--all", choice->all, "Every mirror of the link to which it applies");
  AddConsent(verb, choice->consent);
  verb.callback([&context, name, choice] {
    context.action = [&context, name, choice] { return Control(context, name, *choice); };
  });
  return choice;
}

}  // namespace

void AddMirrorControl(CLI::App& mirror, Context& context) {
  AddChoice(*mirror.add_subcommand("pause", "Stop copying; what is copied stays as it is"), context, "pause");
  CLI::App* resume = mirror.add_subcommand("resume", "Go on where it stopped, also after a failure");
  const auto choice = AddChoice(*resume, context, "resume");
  resume->add_flag("--accept-truncation", choice->truncation,
                   "After SOURCE_TRUNCATED: keep what the source lost, go on with translated offsets");
  resume->add_flag("--restart-as-new", choice->restart_as_new,
                   "After SOURCE_TOPIC_ID_CHANGED and the like: DELETE the copy and begin a new one");
  resume->add_flag("--accept-gap", choice->gap, "After RETENTION_GAP: go on behind the records that are gone");
}

}  // namespace klink::cli
