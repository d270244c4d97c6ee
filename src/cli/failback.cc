// klink mirror failback: after a failover, with the old source back, what each side has and what would be lost. It asks
// both clusters, no agent.
#include <CLI/CLI.hpp>

#include "cli/await.h"
#include "cli/context.h"
#include "cli/failback_text.h"

namespace klink::cli {
namespace {

struct Flags {
  failover::FailbackAsk ask;
  bool plan = false;
  bool recreate = false;
  bool keep_and_map = false;
};

// What this version does not carry out, and how it is done by hand.
Status Refusal(const Flags& flags) {
  if (flags.recreate && flags.keep_and_map)
    return InvalidArgument("--recreate and --keep-and-map are two ways: choose one");
  if (flags.recreate)
    return Unimplemented(
        "--recreate: not available in this version. By hand: keep what never crossed (klink mirror failback --plan "
        "--export DIR), delete the topic at the old source, then mirror it from the new primary with a link of the "
        "other direction, which makes it again at the same offsets; its topic id and the offsets committed there go");
  if (flags.keep_and_map)
    return Unimplemented(
        "--keep-and-map: not available in this version. By hand: klink mirror failback --plan shows the tail that "
        "never crossed; --export DIR keeps it");
  if (!flags.plan && flags.ask.export_folder.empty())
    return InvalidArgument("say --plan to see what each side has; --export DIR also writes what never crossed");
  return absl::OkStatus();
}

Exit Failback(const Context& context, const Flags& flags) {
  if (const Status refusal = Refusal(flags); !refusal.ok()) return context.Fail(refusal);
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const StatusOr<config::LinkConfig> link = context.PickLink(*config);
  if (!link.ok()) return context.Fail(link.status());
  const StatusOr<failover::FailbackView> view = Await(failover::ReadFailback(*config, *link, flags.ask));
  if (!view.ok()) return context.Fail(view.status());
  if (context.globals.output == Output::kHuman)
    context.io.out << FailbackText(*view, context.color());
  else
    context.Print(ToJson(*view));
  return view->complete ? Exit::kOk : Exit::kTryLater;
}

}  // namespace

void AddMirrorFailback(CLI::App& mirror, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* verb = mirror.add_subcommand(
      "failback", "After a failover, with the old source back: what each side has, and what would be lost");
  verb->add_option("TOPIC", flags->ask.topics, "Mirror names at the destination; none: every mirror that was promoted")
      ->type_name("");
  verb->add_flag("--plan", flags->plan, "Show it, change nothing at either cluster");
  verb->add_option("--export", flags->ask.export_folder,
                   "Write the records that never crossed into this folder, new or empty: raw batches and JSON lines")
      ->type_name("DIR");
  verb->add_flag("--recreate", flags->recreate, "Not in this version: the text says how it is done by hand");
  verb->add_flag("--keep-and-map", flags->keep_and_map, "Not in this version: the text says how by hand");
  verb->callback([&context, flags] { context.action = [&context, flags] { return Failback(context, *flags); }; });
}

}  // namespace klink::cli
