// klink promote|failover, also as klink mirror promote|failover: the copies become topics of their own. The plan with
// its loss first, then consent; the agent carries it out, and goes on when nobody watches any more.
#include "cli/promote.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/promote_page.h"
#include "cli/table.h"
#include "config/text.h"
#include "http/message.h"

namespace klink::cli {
namespace {

using link::PromotedMirror;
using link::PromotedPartition;
using link::PromotionSnapshot;

constexpr Duration kWatchEvery = 200ms;
constexpr Duration kWatchMost = 10min;   // beyond the wait that was asked for
constexpr Duration kSilenceMost = 40s;   // of an agent, until another one leads the link
constexpr size_t kPartitionsShown = 50;  // in the table; JSON has all of them

bool Concerned(const PromotedMirror& mirror) { return mirror.outcome == "would_stop"; }
bool Refused(const PromotedMirror& mirror) { return mirror.outcome == "refused" || mirror.outcome == "unfinished"; }

std::string LossText(const PromotionSnapshot& view) {
  const char* tense = view.dry_run ? "would be" : "are";
  if (!view.lost) return "How many records are lost is not known: the end of some partition of the source is not.\n";
  if (*view.lost == 0 && view.verb == "promote") return "No record is lost.\n";
  const std::string as_of =
      view.source_end_age ? fmt::format(", as the source stood {:.1f} s before", *view.source_end_age) : "";
  return fmt::format("{} records {} lost{}.\n", *view.lost, tense, as_of);
}

std::string GroupsText(const PromotionSnapshot& view) {
  std::string text;
  if (view.groups_age)
    text += fmt::format("Groups stand where they stood at the source {:.1f} s before.\n", *view.groups_age);
  if (view.groups.empty()) return text;
  Table table(
      {{"Group"}, {"Topic"}, {"Partition", Align::kRight}, {"Stood At", Align::kRight}, {"Behind", Align::kRight}});
  for (const link::PromotedGroup& group : view.groups)
    table.Add({group.group, group.topic, std::to_string(group.partition), std::to_string(group.source_offset),
               Show(group.behind)});
  return text + "These groups had read what is lost, and start at the end of the copy:\n" + table.ToText(false);
}

std::string PartitionsText(const PromotionSnapshot& view) {
  Table table({{"Mirror Topic Name"},
               {"Partition", Align::kRight},
               {"Replicated To", Align::kRight},
               {"Source End", Align::kRight},
               {"Lost", Align::kRight},
               {"Cut", Align::kRight},
               {"Transactions Cut", Align::kRight}});
  size_t rows = 0, all = 0;
  for (const PromotedMirror& mirror : view.mirrors) {
    for (const PromotedPartition& p : mirror.partitions) {
      if (p.lost == 0 && p.transactions_cut == 0) continue;
      if (++all > kPartitionsShown) continue;
      rows++;
      table.Add({mirror.topic, std::to_string(p.partition), Show(p.replicated_to), Show(p.source_end), Show(p.lost),
                 Show(p.cut), std::to_string(p.transactions_cut)});
    }
  }
  if (rows == 0) return "";
  std::string text = table.ToText(false);
  if (all > rows) text += fmt::format("and {} more partitions: -o json names all\n", all - rows);
  return text;
}

// For people.
std::string PromotionText(const PromotionSnapshot& view, bool color) {
  if (view.mirrors.empty())
    return fmt::format("Link {} has no mirrors: it {} paused, so that nothing new is copied.\n", view.link,
                       view.dry_run ? "would be" : "is");
  std::string text;
  if (view.operation)
    text += fmt::format("{} {} of link {}: {}{}\n", view.verb == "promote" ? "Promotion" : "Failover", *view.operation,
                        view.link, view.state, view.seconds ? fmt::format(" in {:.1f} s", *view.seconds) : "");
  Table table({{"Mirror Topic Name"}, {"State"}, {"Outcome"}, {"Partitions", Align::kRight}, {"Lost", Align::kRight}});
  bool any = false;
  for (const PromotedMirror& mirror : view.mirrors) {
    std::string outcome = mirror.outcome;
    std::replace(outcome.begin(), outcome.end(), '_', ' ');
    if (mirror.error)
      outcome += fmt::format(": {}{}", mirror.reason_code ? *mirror.reason_code + ": " : "", *mirror.error);
    any |= mirror.outcome != "refused" && mirror.outcome != "already_stopped";
    table.Add({mirror.topic, Show(mirror.state), outcome, std::to_string(mirror.partitions.size()), Show(mirror.lost)});
  }
  text += table.ToText(color);
  if (any) text += PartitionsText(view) + LossText(view) + GroupsText(view);
  if (view.remaining.empty()) return text;
  text += "What remains to be done:\n";
  for (const std::string& command : view.remaining) text += fmt::format("  {}\n", command);
  return text;
}

Json PromotionJson(const PromotionSnapshot& view, const std::vector<std::string>& unproven) {
  Json json = ToJson(view);
  if (!unproven.empty()) json.as_object()["unproven"] = ToJson(unproven);
  return json;
}

// Prints it as asked, and says how to end.
Exit ShowPromotion(const Context& context, const PromotionSnapshot& view, const std::vector<std::string>& unproven) {
  if (context.globals.output == Output::kHuman)
    context.io.out << PromotionText(view, context.color());
  else
    context.Print(PromotionJson(view, unproven));
  const bool refused = std::any_of(view.mirrors.begin(), view.mirrors.end(), Refused);
  return refused || view.state == "PARTIAL" ? Exit::kFailed : Exit::kOk;
}

// Empty when the plan changes nothing.
std::string PromotionQuestion(const PromoteChoice& choice, const PromotionSnapshot& plan) {
  const auto count = std::count_if(plan.mirrors.begin(), plan.mirrors.end(), Concerned);
  const bool stands = !plan.operation && std::none_of(plan.mirrors.begin(), plan.mirrors.end(), Refused);
  if (count == 0 && choice.all && stands)
    return fmt::format("Pause link {}? No mirror is left, and nothing new is copied from then on.", plan.link);
  if (count == 0) return "";
  return fmt::format("{} {} mirror{} of link {}? They are not copied any more, for good.",
                     choice.verb == "promote" ? "Promote" : "Fail over", count, count == 1 ? "" : "s", plan.link);
}

// As a page when the file's name says so, else as JSON; OK without --report.
Status WriteReport(const PromoteChoice& choice, const PromotionSnapshot& view,
                   const std::vector<std::string>& unproven) {
  if (choice.report.empty()) return absl::OkStatus();
  std::ofstream out(choice.report);
  const bool page = choice.report.ends_with(".html") || choice.report.ends_with(".htm");
  out << (page ? PromotionPage(view) : CompactJson(PromotionJson(view, unproven)) + "\n");
  out.close();
  if (out) return absl::OkStatus();
  return FailedPrecondition(
      "the {} is {}, but its report could not be written to {}: is there room, and may klink write there?", view.verb,
      view.state, choice.report);
}

}  // namespace

bool AgreedTo(const Context& context, const PromoteChoice& choice, const PromotionSnapshot& plan) {
  const std::string question = PromotionQuestion(choice, plan);
  if (question.empty()) return true;
  context.io.err << PromotionText(plan, context.color());
  return Agreed(context, question);
}

void StepTeller::Tell(const std::optional<std::string>& step) {
  if (context_.io.in != nullptr && step && *step != told_) context_.io.err << "klink: " << *step << "\n" << std::flush;
  told_ = step.value_or("");
}

Exit EndPromotion(const Context& context, const PromoteChoice& choice, const PromotionSnapshot& view, bool declined,
                  const std::vector<std::string>& unproven) {
  if (declined) {
    context.io.err << "klink: nothing was changed\n";
    return Exit::kFailed;
  }
  const Exit exit = ShowPromotion(context, view, unproven);
  if (choice.consent.dry_run) return exit;
  const Status written = WriteReport(choice, view, unproven);
  return written.ok() ? exit : context.Fail(written, Exit::kFailed);
}

namespace {

// Follows it to its end; an agent that goes away is replaced by another one, which this one may be again.
StatusOr<PromotionSnapshot> Watch(const Context& context, AgentClient& agent, PromotionSnapshot view, Duration limit,
                                  Json& json) {
  StepTeller steps(context);
  const auto until = std::chrono::steady_clock::now() + limit;
  auto heard = std::chrono::steady_clock::now();
  while (view.state == "RUNNING") {
    steps.Tell(view.step);
    std::this_thread::sleep_for(kWatchEvery);
    auto next = agent.Get<PromotionSnapshot>("/v1/operations/" + http::Escape(*view.operation), json);
    const auto now = std::chrono::steady_clock::now();
    if (next.ok()) {
      heard = now;
      view = *std::move(next);
    } else if (!IsUnavailable(next.status()) || now - heard > kSilenceMost) {
      return Annotate(next.status(), fmt::format("operation {} goes on without being watched", *view.operation));
    }
    if (now > until)
      return Unavailable("operation {} is still at {}: it goes on; see klink mirror list", *view.operation,
                         view.step.value_or("an unknown step"));
  }
  return view;
}

Status CheckChoice(const Context& context, const PromoteChoice& choice) {
  if (choice.all + !choice.topics.empty() + !choice.sets.empty() != 1)
    return InvalidArgument("name the mirrors, or say --set or --all");
  RETURN_IF_ERROR(Annotate(config::ParseDuration(choice.timeout).status(), "--timeout"));
  RETURN_IF_ERROR(CheckForce(context, choice));
  RETURN_IF_ERROR(MayAsk(context, choice.consent));
  if (choice.report.empty() || choice.consent.dry_run) return absl::OkStatus();
  std::ofstream probe(choice.report, std::ios::app);  // before anything is done
  if (!probe)
    return InvalidArgument("--report {}: the file cannot be written; is its directory there? Nothing was changed",
                           choice.report);
  return absl::OkStatus();
}

// Planned, agreed to, begun, and followed to its end.
StatusOr<PromotionSnapshot> Carry(const Context& context, const PromoteChoice& choice, AgentClient& agent,
                                  const std::string& link, bool& declined) {
  TRY(const Duration timeout, config::ParseDuration(choice.timeout));
  const std::string target = fmt::format("/v1/links/{}/mirrors:{}", http::Escape(link), choice.verb);
  JsonObject body = ControlBody(context);
  body["topics"] = ToJson(choice.topics);
  body["sets"] = ToJson(choice.sets);
  body["all"] = choice.all;
  if (choice.verb == "promote") body["timeout_ms"] = ToMillis(timeout);
  Json json;
  if (choice.consent.dry_run || !choice.consent.yes) {
    body["dry_run"] = true;
    TRY(const PromotionSnapshot plan, agent.Change<PromotionSnapshot>(target, body, json));
    if (choice.consent.dry_run) return plan;
    declined = !AgreedTo(context, choice, plan);
    if (declined) return plan;
  }
  body["dry_run"] = false;
  TRY(PromotionSnapshot begun, agent.Change<PromotionSnapshot>(target, body, json));
  return Watch(context, agent, std::move(begun), timeout + kWatchMost, json);
}

Exit Promote(const Context& context, const PromoteChoice& choice) {
  if (const Status may = CheckChoice(context, choice); !may.ok()) return context.Fail(may);
  if (choice.force) return PromoteForced(context, choice);
  if (choice.direct) return PromoteDirect(context, choice);
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  bool declined = false;
  const auto done = Carry(context, choice, *agent, *link, declined);
  if (!done.ok()) return context.Fail(done.status(), agent->ExitFor(done.status()));
  return EndPromotion(context, choice, *done, declined);
}

void AddVerb(CLI::App& parent, Context& context, const std::string& name, const std::string& about) {
  auto choice = std::make_shared<PromoteChoice>();
  choice->verb = name;
  CLI::App* verb = parent.add_subcommand(name, about);
  verb->add_option("TOPIC", choice->topics,
                   "Mirrors by their name at the destination; * and ? stand for any characters")
      ->type_name("");
  verb->add_option("--set", choice->sets, "The mirrors of this set of the configuration; may be said again")
      ->type_name("SET")
      ->expected(1)
      ->take_all();
  verb->add_flag("--all", choice->all, "Every mirror of the link; the link is paused, so that nothing new is copied");
  if (name == "promote")
    verb->add_option("--timeout", choice->timeout, "How long to wait for the source to be quiet and copied")
        ->type_name("DURATION")
        ->default_str("60s");
  verb->add_option("--report", choice->report,
                   "Write the outcome with its losses to this file: a page when it ends in .html, else JSON")
      ->type_name("FILE");
  if (name == "failover") {
    verb->add_flag("--direct", choice->direct,
                   "Without an agent: on the destination, with this machine's configuration");
    verb->add_flag("--force", choice->force,
                   "--direct although the link's state cannot be read; needs --reason, and says what is not proven");
  }
  AddConsent(*verb, choice->consent);
  auto inhibit = std::make_shared<std::string>();
  CLI::Option* asked = nullptr;
  if (name == "failover")
    asked = verb->add_option("--inhibit", *inhibit,
                             "Fail nothing over: klink is not to do it by itself from now on (auto_failover); off: it "
                             "may, also once more after it did")
                ->type_name("[off]")
                ->expected(0, 1);
  verb->callback([&context, choice, inhibit, asked] {
    const bool inhibits = asked != nullptr && asked->count() > 0;
    context.action = [&context, choice, inhibit, inhibits] {
      if (!inhibits) return Promote(context, *choice);
      if (choice->all || !choice->topics.empty() || !choice->sets.empty())
        return context.Fail(InvalidArgument("--inhibit concerns the whole link: name no mirrors with it"));
      return InhibitFailover(context, inhibit->empty() ? "on" : *inhibit, choice->consent);
    };
  });
}

}  // namespace

void AddPromote(CLI::App& parent, Context& context) {
  AddVerb(parent, context, "promote", "Planned: once nothing is left to copy, make mirrors topics of their own");
  AddVerb(parent, context, "failover", "Now, whatever the source does: make mirrors topics of their own");
}

}  // namespace klink::cli
