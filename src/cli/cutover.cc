// klink cutover: a planned move. Producers are kept away from the source where --block says so, what is left is copied,
// nobody writes for a while, and the mirrors are promoted. The agent carries it out; said again, it goes on.
#include <algorithm>
#include <chrono>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/promote.h"
#include "cli/table.h"
#include "config/text.h"
#include "http/message.h"
#include "link/cutover_snapshot.h"

namespace klink::cli {
namespace {

using link::CutoverSnapshot;
using link::MovedMirror;

constexpr Duration kWatchEvery = 200ms;
constexpr Duration kSilenceMost = 40s;  // of an agent, until another one leads the link

struct CutoverChoice {
  std::vector<std::string> topics;
  std::vector<std::string> sets;
  bool block = false;
  bool undo = false;
  std::string settle = "10s";
  std::string timeout = "10m";
  Consent consent;
};

std::string Head(const CutoverSnapshot& view) {
  if (view.state == "REFUSED") return "The move cannot be made as a whole, so nothing is moved.\n";
  if (!view.operation) return "";
  return fmt::format("Cutover {} of link {}: {}{}\n", *view.operation, view.link, view.state,
                     view.seconds ? fmt::format(" in {:.1f} s", *view.seconds) : "");
}

std::string BlockText(const CutoverSnapshot& view) {
  if (view.denied.empty()) {
    if (!view.dry_run || view.state != "PLANNED") return "";
    return view.block ? "Producers are denied writing at the source already.\n"
                      : "Producers are not denied writing at the source: stop them, or say --block.\n";
  }
  const char* tense = view.dry_run && !view.operation ? "would be" : "is";
  return fmt::format("Writing {} denied to everybody at the source: {}\n", tense, fmt::join(view.denied, ", "));
}

// For people.
std::string CutoverText(const CutoverSnapshot& view, bool color) {
  std::string text = Head(view);
  Table table({{"Mirror Topic Name"}, {"State"}, {"Outcome"}, {"Lag", Align::kRight}});
  std::vector<MovedMirror> by_name = view.mirrors;  // which moves first is decided by lags, from moment to moment
  std::sort(by_name.begin(), by_name.end(), [](const auto& a, const auto& b) { return a.topic < b.topic; });
  for (const MovedMirror& mirror : by_name) {
    std::string outcome = mirror.outcome;
    std::replace(outcome.begin(), outcome.end(), '_', ' ');
    if (mirror.error) outcome += ": " + *mirror.error;
    table.Add({mirror.topic, Show(mirror.state), outcome, Show(mirror.lag)});
  }
  text += table.empty() ? "No mirror is concerned.\n" : table.ToText(color);
  text += BlockText(view);
  if (view.halted) text += fmt::format("It waits: {}\n", *view.halted);
  if (view.remaining.empty()) return text;
  text += "To go on, or to end it:\n";
  for (const std::string& command : view.remaining) text += fmt::format("  {}\n", command);
  return text;
}

Exit ShowMove(const Context& context, const CutoverSnapshot& view) {
  if (context.globals.output == Output::kHuman)
    context.io.out << CutoverText(view, context.color());
  else
    context.Print(ToJson(view));
  return view.state == "REFUSED" || view.state == "HALTED" ? Exit::kFailed : Exit::kOk;
}

std::string Question(const CutoverChoice& choice, const CutoverSnapshot& plan) {
  if (choice.undo) return fmt::format("Undo the planned move {} of link {}?", plan.operation.value_or(""), plan.link);
  if (plan.operation) return fmt::format("Go on with the planned move {} of link {}?", *plan.operation, plan.link);
  const auto count = std::count_if(plan.mirrors.begin(), plan.mirrors.end(),
                                   [](const MovedMirror& m) { return m.outcome == "would_move"; });
  if (count == 0 || plan.state == "REFUSED") return "";
  return fmt::format("Move {} mirror{} of link {}? They are not copied any more, for good.", count,
                     count == 1 ? "" : "s", plan.link);
}

Status CheckChoice(const Context& context, const CutoverChoice& choice) {
  const int said = !choice.topics.empty() + !choice.sets.empty();
  if (choice.undo && said != 0) return InvalidArgument("a move is undone as a whole: name nothing with --undo");
  if (!choice.undo && said != 1) return InvalidArgument("name the mirrors, or say --set");
  RETURN_IF_ERROR(Annotate(config::ParseDuration(choice.timeout).status(), "--timeout"));
  RETURN_IF_ERROR(Annotate(config::ParseDuration(choice.settle).status(), "--settle"));
  return MayAsk(context, choice.consent);
}

// Follows it until it is over, or waits for somebody; an agent that goes away is replaced by another one.
StatusOr<CutoverSnapshot> Watch(const Context& context, AgentClient& agent, const std::string& target,
                                CutoverSnapshot view) {
  StepTeller steps(context);
  Json json;
  auto heard = std::chrono::steady_clock::now();
  while (view.state == "RUNNING") {
    steps.Tell(view.step);
    std::this_thread::sleep_for(kWatchEvery);
    auto next = agent.Get<CutoverSnapshot>(target, json);
    const auto now = std::chrono::steady_clock::now();
    if (next.ok()) {
      heard = now;
      view = *std::move(next);
    } else if (!IsUnavailable(next.status()) || now - heard > kSilenceMost) {
      return Annotate(next.status(), "the move goes on without being watched");
    }
  }
  return view;
}

StatusOr<CutoverSnapshot> Carry(const Context& context, const CutoverChoice& choice, AgentClient& agent,
                                const std::string& link, bool& declined) {
  TRY(const Duration timeout, config::ParseDuration(choice.timeout));
  TRY(const Duration settle, config::ParseDuration(choice.settle));
  const std::string target = fmt::format("/v1/links/{}/mirrors:cutover", http::Escape(link));
  JsonObject body = ControlBody(context);
  body["order"] = choice.undo ? "undo" : "move";
  body["topics"] = ToJson(choice.topics);
  body["sets"] = ToJson(choice.sets);
  body["block"] = choice.block;
  body["timeout_ms"] = ToMillis(timeout);
  body["settle_ms"] = ToMillis(settle);
  Json json;
  if (choice.consent.dry_run || !choice.consent.yes) {
    body["dry_run"] = true;
    TRY(const CutoverSnapshot plan, agent.Change<CutoverSnapshot>(target, body, json));
    if (choice.consent.dry_run) return plan;
    const std::string question = Question(choice, plan);
    if (!question.empty()) {
      context.io.err << CutoverText(plan, context.color());
      declined = !Agreed(context, question);
    }
    if (declined) return plan;
  }
  body["dry_run"] = false;
  TRY(CutoverSnapshot begun, agent.Change<CutoverSnapshot>(target, body, json));
  return Watch(context, agent, target, std::move(begun));
}

Exit Cut(const Context& context, const CutoverChoice& choice) {
  if (const Status may = CheckChoice(context, choice); !may.ok()) return context.Fail(may);
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  bool declined = false;
  const auto done = Carry(context, choice, *agent, *link, declined);
  if (!done.ok()) return context.Fail(done.status(), agent->ExitFor(done.status()));
  if (!declined) return ShowMove(context, *done);
  context.io.err << "klink: nothing was changed\n";
  return Exit::kFailed;
}

}  // namespace

void AddCutover(CLI::App& app, Context& context) {
  auto choice = std::make_shared<CutoverChoice>();
  CLI::App* verb = app.add_subcommand("cutover", "Planned: block producers, drain, verify nobody writes, promote");
  verb->add_option("TOPIC", choice->topics,
                   "Mirrors by their name at the destination; * and ? stand for any characters")
      ->type_name("");
  verb->add_option("--set", choice->sets, "The mirrors of this set of the configuration; may be said again")
      ->type_name("SET")
      ->expected(1)
      ->take_all();
  verb->add_flag("--block", choice->block,
                 "Deny everybody writing to the topics at the source, by ACLs; needs ALTER on that cluster");
  verb->add_option("--settle", choice->settle, "How long nobody may have written to the source")
      ->type_name("DURATION")
      ->default_str("10s");
  verb->add_option("--timeout", choice->timeout, "How long to wait for that; then it waits for you to say how to go on")
      ->type_name("DURATION")
      ->default_str("10m");
  verb->add_flag("--undo", choice->undo,
                 "End the move that is under way, before anything is promoted: let producers write");
  AddConsent(*verb, choice->consent);
  verb->callback([&context, choice] { context.action = [&context, choice] { return Cut(context, *choice); }; });
}

}  // namespace klink::cli
