// klink lag: how far each mirror is behind, the worst first.
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/ask_and_show.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "http/views.h"

namespace klink::cli {
namespace {

struct MirrorLag {
  std::string topic;
  std::string state;
  std::optional<int64_t> lag;      // null: unknown
  std::optional<int64_t> lag_max;  // of one partition
  std::optional<double> lag_seconds;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("state", m.state);
    field("lag", m.lag);
    field("lag_max", m.lag_max);
    field("lag_seconds", m.lag_seconds);
  }
};

struct LagView {
  std::string link;
  std::vector<MirrorLag> mirrors;  // the worst first; what is unknown before all

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("mirrors", m.mirrors);
  }
};

bool IsWorse(const MirrorLag& a, const MirrorLag& b) {
  if (a.lag_seconds.has_value() != b.lag_seconds.has_value()) return !a.lag_seconds;
  if (a.lag_seconds != b.lag_seconds) return a.lag_seconds > b.lag_seconds;
  if (a.lag != b.lag) return a.lag.value_or(0) > b.lag.value_or(0);
  return a.topic < b.topic;
}

LagView LagOf(const http::MirrorsView& mirrors) {
  LagView view;
  view.link = mirrors.link;
  for (const http::MirrorView& mirror : mirrors.mirrors)
    view.mirrors.push_back({mirror.topic, mirror.state, mirror.lag, mirror.lag_max, mirror.lag_seconds});
  std::sort(view.mirrors.begin(), view.mirrors.end(), IsWorse);
  return view;
}

std::string LagText(const LagView& view, bool color) {
  Table table({{"Mirror Topic Name"},
               {"Mirror Status"},
               {"Lag", Align::kRight},
               {"Max Per Partition Mirror Lag", Align::kRight},
               {"Lag Time", Align::kRight}});
  for (const MirrorLag& mirror : view.mirrors)
    table.Add({mirror.topic, mirror.state, Show(mirror.lag), Show(mirror.lag_max), Show(mirror.lag_seconds)});
  return table.ToText(color);
}

// One line of JSON a round, so that a script reads them as they come.
Exit ShowLag(const Context& context, const WatchChoice& choice) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  return ShowOrWatch(context, choice, [&] {
    const StatusOr<std::string> link = agent->Link();
    if (!link.ok()) return context.Fail(link.status(), agent->ExitFor(link.status()));
    Json json;
    const auto mirrors = agent->Get<http::MirrorsView>("/v1/links/" + http::Escape(*link) + "/mirrors", json);
    if (!mirrors.ok()) return context.Fail(mirrors.status(), agent->ExitFor(mirrors.status()));
    const LagView view = LagOf(*mirrors);
    if (context.globals.output == Output::kHuman) {
      context.io.out << LagText(view, context.color());
    } else if (choice.watch && context.globals.output == Output::kJson) {
      context.io.out << CompactJson(ToJson(view)) << "\n";
    } else {
      if (choice.watch) context.io.out << "---\n";
      context.Print(ToJson(view));
    }
    return Exit::kOk;
  });
}

}  // namespace

void AddLag(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("lag", "How far each mirror is behind, the worst first");
  auto choice = std::make_shared<WatchChoice>();
  AddWatch(*verb, *choice);
  verb->callback([&context, choice] { context.action = [&context, choice] { return ShowLag(context, *choice); }; });
}

}  // namespace klink::cli
