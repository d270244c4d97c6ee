// klink offsets group GROUP: where a consumer group stands on both sides, and where it should.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/ask_and_show.h"
#include "cli/table.h"
#include "http/views.h"

namespace klink::cli {
namespace {

std::string SideText(std::string_view name, const link::GroupSideSnapshot& side) {
  if (!side.state) return fmt::format("{:<11}  no such group\n", name);
  std::string members;
  for (const link::GroupMemberSnapshot& member : side.members)
    members += fmt::format("{}{} {}", members.empty() ? ": " : ", ", member.client_id, member.host);
  return fmt::format("{:<11}  {} ({}), {} member{}{}\n", name, *side.state, Show(side.type), side.members.size(),
                     side.members.size() == 1 ? "" : "s", members);
}

std::string GroupText(const http::GroupView& view, bool color) {
  const link::GroupSnapshot& group = view.group;
  std::string text = fmt::format("{:<11}  {}\n", "group", group.group);
  text += fmt::format("{:<11}  {}: {}\n", "carried", group.selected ? "yes" : "no", group.filter);
  text += SideText("source", group.source);
  text += SideText("destination", group.destination);
  Table table({{"Topic"},
               {"Partition", Align::kRight},
               {"Source", Align::kRight},
               {"Translated", Align::kRight},
               {"Destination", Align::kRight},
               {"Delta", Align::kRight},
               {"Answer"},
               {"Reason"}});
  for (const link::GroupPositionSnapshot& p : group.positions)
    table.Add({p.destination_topic.value_or(p.topic), std::to_string(p.partition), Show(p.source_offset),
               Show(p.translated), Show(p.destination_offset), Show(p.delta), p.answer, Show(p.reason)});
  return table.empty() ? text : text + "\n" + table.ToText(color);
}

}  // namespace

void AddOffsetsGroup(CLI::App& offsets, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* group = offsets.add_subcommand("group", "Where a consumer group stands on both sides, and where it should");
  group->add_option("GROUP", *name, "The group")->required()->type_name("");
  group->callback([&context, name] {
    context.action = [&context, name] {
      return AskAndShow<http::GroupView>(context, "/groups/" + http::Escape(*name), GroupText);
    };
  });
}

}  // namespace klink::cli
