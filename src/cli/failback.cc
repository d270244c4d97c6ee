// klink mirror failback: after a failover, with the old source back, what each side has and what would be lost; then,
// once that is confirmed, the old topics are deleted so that they can be mirrored back, or kept with what they alone
// have. It asks both clusters; only what is kept is an order to an agent.
#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/await.h"
#include "cli/consent.h"
#include "cli/failback_text.h"
#include "cli/reverse.h"
#include "failover/failback_recreate.h"

namespace klink::cli {
namespace {

struct Flags {
  failover::FailbackAsk ask;
  Consent consent;
  bool plan = false;
  bool recreate = false;
  bool keep_and_map = false;
};

Status Refusal(const Context& context, const Flags& flags) {
  if (flags.recreate && flags.keep_and_map)
    return InvalidArgument("--recreate and --keep-and-map are two ways: choose one");
  if (flags.recreate || flags.keep_and_map) return MayAsk(context, flags.consent);
  if (!flags.plan && flags.ask.export_folder.empty())
    return InvalidArgument("say --plan to see what each side has; --export DIR also writes what never crossed");
  return absl::OkStatus();
}

size_t Count(const failover::FailbackView& view, std::string_view outcome) {
  return static_cast<size_t>(
      std::count_if(view.actions.begin(), view.actions.end(), [&](const auto& a) { return a.outcome == outcome; }));
}

// All of them or none: what is refused of one topic keeps the others.
Exit Recreate(const Context& context, const config::Config& config, const config::LinkConfig& link,
              const Consent& consent, failover::FailbackView view) {
  view.actions = failover::PlanRecreate(view, config, link);
  const size_t topics = Count(view, "would_delete");
  const bool refused = Count(view, "refused") > 0;
  if (consent.dry_run || refused || topics == 0) {
    ShowFailback(context, view);
    return refused ? Exit::kFailed : Exit::kOk;
  }
  if (!consent.yes) {
    context.io.err << FailbackText(view, context.color());
    if (!Agreed(context, fmt::format("DELETE {} topic{} of {}?", topics, topics == 1 ? "" : "s", link.source))) {
      context.io.err << "klink: nothing was changed\n";
      return Exit::kFailed;
    }
  }
  auto done = Await(failover::Recreate(config, link, view, view.actions));
  if (!done.ok()) return context.Fail(done.status());
  view.actions = *std::move(done);
  ShowFailback(context, view);
  return Count(view, "refused") > 0 ? Exit::kFailed : Exit::kOk;
}

Exit Failback(const Context& context, const Flags& flags) {
  if (const Status refusal = Refusal(context, flags); !refusal.ok()) return context.Fail(refusal);
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const StatusOr<config::LinkConfig> link = context.PickLink(*config);
  if (!link.ok()) return context.Fail(link.status());
  const StatusOr<failover::FailbackView> view = Await(failover::ReadFailback(*config, *link, flags.ask));
  if (!view.ok()) return context.Fail(view.status());
  if (flags.recreate) return Recreate(context, *config, *link, flags.consent, *view);
  if (flags.keep_and_map)
    return ReverseMirrors(context, *config, *link, *view, failover::OldTail::kKept, flags.consent);
  ShowFailback(context, *view);
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
  verb->add_flag("--recreate", flags->recreate, "DELETE the topics at the old source; a link back makes them again");
  verb->add_flag("--keep-and-map", flags->keep_and_map,
                 "Keep what the old source alone has; the mirror goes on behind it, with an exact map around it");
  AddConsent(*verb, flags->consent);
  verb->callback([&context, flags] {
    flags->consent.dry_run |= flags->plan;
    context.action = [&context, flags] { return Failback(context, *flags); };
  });
}

}  // namespace klink::cli
