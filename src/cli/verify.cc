// klink verify: proves from raw batches of both clusters that the copy is the original. It asks no agent.
#include <CLI/CLI.hpp>

#include "base/json_fields.h"
#include "cli/context.h"
#include "cli/verify_run.h"
#include "cli/yaml.h"
#include "config/text.h"

namespace klink::cli {
namespace {

Exit ExitOf(const VerifyView& view) {
  if (view.verdict == "equal") return Exit::kOk;
  return view.verdict == "different" ? Exit::kFailed : Exit::kTryLater;
}

struct Flags {
  VerifyAsk ask;
  std::string rate;
  bool watch = false;
};

// One line, or one document, for each step forward.
WatchEvents Tell(const Context& context) {
  WatchEvents events;
  events.progress = [&context](const VerifiedPartitionView& view, size_t seen) {
    if (context.globals.output == Output::kHuman)
      context.io.out << ProgressText(view, seen);
    else if (context.globals.output == Output::kJson)
      context.io.out << CompactJson(ToJson(view)) << "\n";
    else
      context.io.out << "---\n" << ToYaml(ToJson(view));
    context.io.out << std::flush;
  };
  events.trouble = [&context](const Status& status) { (void)context.Fail(status); };
  return events;
}

Exit Verify(const Context& context, Flags flags) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const StatusOr<config::LinkConfig> link = context.PickLink(*config);
  if (!link.ok()) return context.Fail(link.status());
  if (!flags.rate.empty()) flags.ask.bytes_per_second = *config::ParseSize(flags.rate);  // checked with the flags
  if (flags.watch) {
    const StatusOr<VerifyView> view = WatchLink(*config, *link, flags.ask, Tell(context));
    if (!view.ok()) return context.Fail(view.status());
    if (context.globals.output == Output::kHuman) context.io.out << VerifyText(*view, context.color());
    return ExitOf(*view);
  }
  const StatusOr<VerifyView> view = VerifyLink(*config, *link, flags.ask);
  if (!view.ok()) return context.Fail(view.status());
  if (context.globals.output == Output::kHuman) {
    context.io.out << VerifyText(*view, context.color());
  } else {
    context.Print(ToJson(*view));
  }
  return ExitOf(*view);
}

std::string RateComplaint(const std::string& text) {
  const StatusOr<int64_t> size = config::ParseSize(text);
  if (!size.ok()) return Text(size.status());
  return *size > 0 ? "" : "0 would never end";
}

}  // namespace

void AddVerify(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("verify", "Prove that the copies equal their source; exit 1 on any difference");
  auto flags = std::make_shared<Flags>();
  verb->add_option("TOPIC", flags->ask.topics, "Mirror names at the destination; none: every mirror of the link")
      ->type_name("");
  verb->add_option("--from", flags->ask.from, "Source offset to begin at; else the log start")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""))
      ->type_name("OFFSET");
  CLI::Option* sample = verb->add_option("--sample", flags->ask.sample_percent,
                                         "Compare so much of each log, at random places, instead of all of it")
                            ->check(CLI::Validator(CLI::Range(0.001, 100.0)).description(""))
                            ->type_name("PERCENT");
  verb->add_flag("--full", flags->ask.full, "Compare bytes, not only checksums");
  verb->add_flag("--watch", flags->watch, "Go on with what is copied meanwhile, until interrupted")->excludes(sample);
  verb->add_option("--rate", flags->rate, "Read at most so much in a second, from both clusters together")
      ->check(CLI::Validator(RateComplaint, ""))
      ->type_name("SIZE");
  verb->callback([&context, flags] { context.action = [&context, flags] { return Verify(context, *flags); }; });
}

}  // namespace klink::cli
