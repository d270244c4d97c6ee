// klink verify: proves from raw batches of both clusters that the copy is the original. It asks no agent.
#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "base/json_fields.h"
#include "cli/context.h"
#include "cli/verify_run.h"

namespace klink::cli {
namespace {

StatusOr<config::LinkConfig> PickLink(const config::Config& config, const std::string& wanted) {
  std::vector<std::string> names;
  for (const config::LinkConfig& link : config.links) {
    if (link.name == wanted || (wanted.empty() && config.links.size() == 1)) return link;
    names.push_back(link.name);
  }
  if (wanted.empty()) {
    return InvalidArgument("there are {} links: say which with --link ({})", names.size(), fmt::join(names, ", "));
  }
  return NotFound("the configuration has no link {}: it has {}", wanted, fmt::join(names, ", "));
}

Exit Verify(const Context& context, const VerifyAsk& ask) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const StatusOr<config::LinkConfig> link = PickLink(*config, context.globals.link);
  if (!link.ok()) return context.Fail(link.status());
  const StatusOr<VerifyView> view = VerifyLink(*config, *link, ask);
  if (!view.ok()) return context.Fail(view.status());
  if (context.globals.output == Output::kHuman) {
    context.io.out << VerifyText(*view, context.color());
  } else {
    context.Print(ToJson(*view));
  }
  if (view->verdict == "equal") return Exit::kOk;
  return view->verdict == "different" ? Exit::kFailed : Exit::kTryLater;
}

}  // namespace

void AddVerify(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("verify", "Prove that the copies equal their source; exit 1 on any difference");
  auto ask = std::make_shared<VerifyAsk>();
  verb->add_option("TOPIC", ask->topics, "Mirror names at the destination; none: every mirror of the link")
      ->type_name("");
  verb->add_option("--from", ask->from, "Source offset to begin at; else the log start")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""))
      ->type_name("OFFSET");
  verb->add_flag("--full", ask->full, "Compare bytes, not only checksums");
  verb->callback([&context, ask] { context.action = [&context, ask] { return Verify(context, *ask); }; });
}

}  // namespace klink::cli
