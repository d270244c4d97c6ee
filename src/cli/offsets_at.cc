// klink offsets at TOPIC TIME: where each partition's first record that is not older stands, in both logs.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_fields.h"
#include "cli/agent_client.h"
#include "cli/table.h"
#include "http/message.h"
#include "http/views.h"

namespace klink::cli {
namespace {

struct When {
  std::string topic;
  std::string time;
};

std::string AtText(const http::OffsetsAtView& view, bool color) {
  Table table({{"Partition", Align::kRight},
               {"Source Offset", Align::kRight},
               {"Destination Offset", Align::kRight},
               {"Answer"},
               {"Reason"}});
  for (const link::OffsetAtSnapshot& at : view.partitions)
    table.Add({std::to_string(at.partition), Show(at.source_offset), Show(at.destination_offset), at.answer,
               Show(at.reason)});
  return table.ToText(color);
}

Exit At(const Context& context, const When& when) {
  const StatusOr<WallTime> time = ParseRfc3339(when.time);
  if (!time.ok()) return context.Fail(time.status());
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  const StatusOr<std::string> link = agent->Link();
  if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
  Json json;
  const std::string target = fmt::format("/v1/links/{}/mirrors/{}/offsets?at={}", http::Escape(*link),
                                         http::Escape(when.topic), http::Escape(Rfc3339(*time)));
  const StatusOr<http::OffsetsAtView> view = agent->Get<http::OffsetsAtView>(target, json);
  if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
  if (context.globals.output == Output::kHuman) {
    context.io.out << AtText(*view, context.color());
  } else {
    context.Print(json);
  }
  for (const link::OffsetAtSnapshot& at : view->partitions)
    if (at.answer == "unknown") return Exit::kTryLater;
  return Exit::kOk;
}

}  // namespace

void AddOffsetsAt(CLI::App& offsets, Context& context) {
  auto when = std::make_shared<When>();
  CLI::App* at = offsets.add_subcommand("at", "Where the first record of a time or later stands, in every partition");
  at->add_option("TOPIC", when->topic, "The mirror's name at the destination")->required()->type_name("");
  at->add_option("TIME", when->time, "In UTC, like 2026-01-01T00:00:00Z")->required()->type_name("");
  at->callback([&context, when] { context.action = [&context, when] { return At(context, *when); }; });
}

}  // namespace klink::cli
