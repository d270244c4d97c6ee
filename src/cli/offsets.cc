// klink offsets translate|runs: the exact map between the two logs.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/agent_client.h"
#include "cli/offsets_from.h"
#include "cli/table.h"
#include "http/message.h"
#include "http/views.h"

namespace klink::cli {
namespace {

struct Where {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  bool reverse = false;
  std::string from;  // a file of positions instead
};

std::string TranslationText(const http::TranslateView& view) {
  const bool to_source = view.direction == "source";
  std::string text;
  for (const link::TranslationSnapshot& t : view.translations) {
    text += fmt::format("{}-{}: {} offset {} = {} offset {} ({})", view.topic, view.partition,
                        to_source ? "destination" : "source", t.offset, to_source ? "source" : "destination",
                        Show(t.translated), t.answer);
    text += t.reason ? ": " + *t.reason + "\n" : "\n";
  }
  return text;
}

std::string RunsText(const http::RunsView& view, bool color) {
  Table table({{"Source Start", Align::kRight},
               {"Source End", Align::kRight},
               {"Destination Start", Align::kRight},
               {"Destination End", Align::kRight},
               {"Shift", Align::kRight},
               {"Reason"}});
  for (const link::RunSnapshot& run : view.runs) {
    table.Add({std::to_string(run.source_start), std::to_string(run.source_start + run.length),
               std::to_string(run.destination_start), std::to_string(run.destination_start + run.length),
               fmt::format("{:+}", run.destination_start - run.source_start), Show(run.reason)});
  }
  std::string text = table.ToText(color);
  if (view.filled && view.filled->copies + view.filled->markers > 0)
    text += fmt::format("Filled since {}: {} offsets by copies of the next record, {} by markers\n",
                        Show(view.filled->since), view.filled->copies, view.filled->markers);
  return text;
}

Exit Translate(const Context& context, const Where& where) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  Json json;
  const std::string target =
      fmt::format("/v1/links/{}/offsets:translate?topic={}&partition={}&offset={}&direction={}", http::Escape(*link),
                  http::Escape(where.topic), where.partition, where.offset, where.reverse ? "source" : "destination");
  const StatusOr<http::TranslateView> view = agent->Get<http::TranslateView>(target, json);
  if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
  if (context.globals.output == Output::kHuman) {
    context.io.out << TranslationText(*view);
  } else {
    context.Print(json);
  }
  for (const link::TranslationSnapshot& t : view->translations) {
    if (t.answer == "unknown") return Exit::kTryLater;
  }
  return Exit::kOk;
}

Exit Runs(const Context& context, const Where& where) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  Json json;
  const std::string target = fmt::format("/v1/links/{}/mirrors/{}/runs?partition={}", http::Escape(*link),
                                         http::Escape(where.topic), where.partition);
  const StatusOr<http::RunsView> view = agent->Get<http::RunsView>(target, json);
  if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
  if (context.globals.output == Output::kHuman) {
    context.io.out << RunsText(*view, context.color());
  } else {
    context.Print(json);
  }
  return Exit::kOk;
}

const CLI::Validator kNatural = CLI::Validator(CLI::NonNegativeNumber).description("");

enum Place { kRequired, kOrFile };

void AddPlace(CLI::App& verb, Where& where, Place place) {
  const bool required = place == kRequired;
  verb.add_option("TOPIC", where.topic, "The mirror's name at the destination")->required(required)->type_name("");
  verb.add_option("PARTITION", where.partition, "Its partition")->required(required)->check(kNatural)->type_name("");
}

}  // namespace

void AddOffsets(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("offsets", "The map between the offsets of both logs");
  noun->require_subcommand(1);
  auto where = std::make_shared<Where>();
  CLI::App* translate = noun->add_subcommand("translate", "Where a source offset stands at the destination");
  AddPlace(*translate, *where, kOrFile);
  CLI::Option* offset = translate->add_option("OFFSET", where->offset, "The source's offset");
  offset->check(kNatural)->type_name("");
  CLI::Option* from = translate->add_option("--from", where->from,
                                            "Instead of one: many, a line each: topic partition offset; - reads them "
                                            "from standard input");
  from->type_name("FILE")->excludes(translate->get_option("TOPIC"));
  translate->add_flag("--reverse", where->reverse, "Offsets are the destination's; answer the source's");
  translate->callback([&context, where, offset] {
    if (where->from.empty() && offset->empty()) throw CLI::RequiredError("TOPIC PARTITION OFFSET, or --from FILE,");
    context.action = [&context, where] {
      return where->from.empty() ? Translate(context, *where) : TranslateFrom(context, where->from, where->reverse);
    };
  });
  CLI::App* runs = noun->add_subcommand("runs", "The runs of a partition: stretches with one shift");
  AddPlace(*runs, *where, kRequired);
  runs->callback([&context, where] { context.action = [&context, where] { return Runs(context, *where); }; });
  AddOffsetsAt(*noun, context);
  AddOffsetsGroup(*noun, context);
}

}  // namespace klink::cli
