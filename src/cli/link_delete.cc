// klink link delete: the link's own topics at the destination are deleted, the copies stay. Asks no agent; the link's
// agents must be stopped, or know nothing of it any more.
#include "cli/link_delete.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/await.h"
#include "cli/consent.h"
#include "cli/table.h"

namespace klink::cli {
namespace {

using failover::LinkRemoval;

struct DeleteChoice {
  std::string link;
  std::string destination;
  Consent consent;
};

// The file may have the link no more: then the cluster must be named.
StatusOr<std::string> DestinationOf(const config::Config& config, const DeleteChoice& choice) {
  for (const config::LinkConfig& link : config.links) {
    if (link.name != choice.link) continue;
    if (choice.destination.empty() || choice.destination == link.destination) return link.destination;
    return InvalidArgument("link {} writes to {}, not to {}", link.name, link.destination, choice.destination);
  }
  if (choice.destination.empty())
    return InvalidArgument("the configuration has no link {}: name the cluster it wrote to with --destination",
                           choice.link);
  if (config.clusters.contains(choice.destination)) return choice.destination;
  return NotFound("the configuration has no cluster {}", choice.destination);
}

Exit End(const Context& context, const LinkRemoval& removal) {
  if (context.globals.output == Output::kHuman) {
    context.io.out << RemovalText(removal, context.color());
  } else {
    context.Print(ToJson(removal));
  }
  return removal.dry_run || IsComplete(removal) ? Exit::kOk : Exit::kFailed;
}

Exit Delete(const Context& context, const DeleteChoice& choice) {
  if (const Status may = MayAsk(context, choice.consent); !may.ok()) return context.Fail(may);
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const StatusOr<std::string> cluster = DestinationOf(*config, choice);
  if (!cluster.ok()) return context.Fail(cluster.status());
  const auto visit = [&](failover::RemovalMode mode) {
    return Await(failover::RemoveLink(*config, choice.link, *cluster, mode));
  };
  const StatusOr<LinkRemoval> plan = visit(failover::RemovalMode::kShow);
  if (!plan.ok()) return context.Fail(plan.status());
  if (choice.consent.dry_run) return End(context, *plan);
  if (const Status may = MayRemove(*plan); !may.ok()) return context.Fail(may);
  if (!choice.consent.yes) {
    context.io.err << RemovalText(*plan, context.color());
    if (!Agreed(context, fmt::format("Delete link {} at {} for good?", plan->link, plan->destination))) {
      context.io.err << "klink: nothing was changed\n";
      return Exit::kFailed;
    }
  }
  const StatusOr<LinkRemoval> done = visit(failover::RemovalMode::kRemove);
  return done.ok() ? End(context, *done) : context.Fail(done.status());
}

}  // namespace

std::string RemovalText(const LinkRemoval& removal, bool color) {
  std::string text = fmt::format("Link {} at {}\n", removal.link, removal.destination);
  Table topics({{"Topic of the link"}, {"Outcome"}, {"Error"}});
  for (const failover::RemovedTopic& topic : removal.topics)
    topics.Add({topic.topic, topic.outcome, Show(topic.error)});
  text += topics.ToText(color);
  if (!removal.agents.empty()) text += "\nAgents that still run it, and keep it from being deleted:\n";
  for (const std::string& agent : removal.agents) text += "  " + agent + "\n";
  Table mirrors({{"Mirror that is kept"}, {"Mirror Status"}});
  for (const failover::KeptMirror& mirror : removal.mirrors) mirrors.Add({mirror.topic, mirror.state});
  if (!mirrors.empty())
    text += "\n" + mirrors.ToText(color) + "Nothing is copied to them any more; their offset maps go.\n";
  text += "\nWhat remains:\n";
  for (const std::string& line : removal.remains) text += "  " + line + "\n";
  return text;
}

void AddLinkDelete(CLI::App& link, Context& context) {
  CLI::App* verb = link.add_subcommand("delete", "Delete what klink keeps of a link; the copies stay. Asks no agent");
  auto choice = std::make_shared<DeleteChoice>();
  verb->add_option("LINK", choice->link, "Which link")->required()->type_name("");
  verb->add_option("--destination", choice->destination, "The cluster it wrote to, when the file has the link no more")
      ->type_name("CLUSTER");
  AddConsent(*verb, choice->consent);
  verb->callback([&context, choice] { context.action = [&context, choice] { return Delete(context, *choice); }; });
}

}  // namespace klink::cli
