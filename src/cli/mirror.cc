// klink mirror list|describe, and where its other verbs join: what is mirrored, how far, and why not.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/ask_and_show.h"
#include "cli/table.h"
#include "http/views.h"

namespace klink::cli {
namespace {

// Confluent's columns, then ours.
std::string ListText(const http::MirrorsView& view, bool color) {
  Table table({{"Link Name"},
               {"Mirror Topic Name"},
               {"Source Topic Name"},
               {"Mirror Status"},
               {"Status Time (ms)", Align::kRight},
               {"Num Partition", Align::kRight},
               {"Max Per Partition Mirror Lag", Align::kRight},
               {"Offsets"},
               {"Reason"}});
  for (const http::MirrorView& mirror : view.mirrors) {
    const auto since = mirror.since ? std::optional<int64_t>(mirror.since->time_since_epoch().count()) : std::nullopt;
    table.Add({view.link, mirror.topic, mirror.source_topic, mirror.state, Show(since),
               std::to_string(mirror.partitions), Show(mirror.lag_max), Show(mirror.offsets),
               Show(mirror.reason_code)});
  }
  return table.ToText(color);
}

std::string DescribeText(const http::MirrorDetailView& view, bool color) {
  const link::MirrorSnapshot& mirror = view.mirror;
  std::string text = fmt::format("Mirror {} of {} in link {}: {}\n", mirror.topic, mirror.source_topic, view.link,
                                 Paint(mirror.state, color));
  Table table({{"Partition", Align::kRight},
               {"State"},
               {"Offsets"},
               {"Identical From", Align::kRight},
               {"Source Start", Align::kRight},
               {"Source HWM", Align::kRight},
               {"Source LSO", Align::kRight},
               {"Dest Start", Align::kRight},
               {"Dest End", Align::kRight},
               {"Replicated To", Align::kRight},
               {"Partition Mirror Lag", Align::kRight},
               {"Lag Time"},
               {"Last Source Fetch Offset", Align::kRight}});
  for (const link::PartitionSnapshot& p : mirror.partitions) {
    table.Add({std::to_string(p.partition), p.state, Show(p.offsets), Show(p.identical_from), Show(p.source_log_start),
               Show(p.source_high_watermark), Show(p.source_last_stable), Show(p.destination_log_start),
               Show(p.destination_end), Show(p.replicated_to), Show(p.lag), Show(p.lag_seconds),
               Show(p.last_source_fetch_offset)});
  }
  text += table.ToText(color);
  if (mirror.partitions.empty() && (mirror.reason_code || mirror.reason))  // it was never made
    text += fmt::format("{} since {}: {}\n", Show(mirror.reason_code), Show(mirror.since), Show(mirror.reason));
  for (const link::PartitionSnapshot& p : mirror.partitions) {
    if (!p.reason_code && !p.reason) continue;
    text +=
        fmt::format("Partition {}: {} since {}: {}\n", p.partition, Show(p.reason_code), Show(p.since), Show(p.reason));
  }
  return text;
}

}  // namespace

void AddMirror(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("mirror", "Mirror topics");
  noun->require_subcommand(1);
  CLI::App* list = noun->add_subcommand("list", "Every mirror topic with its state and lag");
  list->callback([&context] {
    context.action = [&context] { return AskAndShow<http::MirrorsView>(context, "/mirrors", ListText); };
  });
  CLI::App* describe = noun->add_subcommand("describe", "One mirror topic, partition by partition");
  auto topic = std::make_shared<std::string>();
  describe->add_option("TOPIC", *topic, "The mirror's name at the destination")->required()->type_name("");
  describe->callback([&context, topic] {
    context.action = [&context, topic] {
      return AskAndShow<http::MirrorDetailView>(context, "/mirrors/" + http::Escape(*topic), DescribeText);
    };
  });
  AddMirrorControl(*noun, context);
  AddMirrorRealign(*noun, context);
  AddMirrorErrors(*noun, context);
  AddMirrorFailback(*noun, context);
  AddReverse(*noun, context);
  AddPromote(*noun, context);
}

}  // namespace klink::cli
