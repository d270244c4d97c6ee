// klink drill run|list|show|clean: failovers that are rehearsed. No agent is asked, but by a live one: both clusters
// are, and the folder of the reports. The history is that folder and what the links remember.
#include "failover/drill.h"

#include <map>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "base/digest.h"
#include "base/log.h"
#include "cli/await.h"
#include "cli/consent.h"
#include "cli/drill_live.h"
#include "cli/drill_text.h"
#include "config/load.h"
#include "failover/drill_clean.h"
#include "failover/drill_history.h"
#include "state/audit_file.h"

namespace klink::cli {
namespace {

using failover::DrillOutcome;
using failover::DrillReport;

struct RunFlags {
  std::string name;
  std::string kind;
  std::string report_dir;
  std::string approver;
  LiveFlags live;
};

// As promised to scripts: 0 passed, 1 missed, 2 nothing was touched, 3 rolled back, 4 something is left.
Exit ExitOf(DrillOutcome outcome) { return static_cast<Exit>(outcome); }

std::string FolderOf(const Context& context, const config::DrillConfig& drill, const std::string& asked) {
  return asked.empty() ? context.FileOfConfig(drill.report_dir) : asked;
}

StatusOr<config::DrillConfig> PickDrill(const Context& context, const config::Config& config, const RunFlags& flags) {
  std::vector<std::string> names;
  for (const config::DrillConfig& drill : config.drills) {
    names.push_back(drill.name);
    if (drill.name != flags.name) continue;
    config::DrillConfig picked = drill;
    if (flags.kind == "live") picked.kind = config::DrillKind::kLive;
    if (flags.kind == "dry") picked.kind = config::DrillKind::kDry;
    if (flags.kind == "isolated") picked.kind = config::DrillKind::kIsolated;
    picked.report_dir = FolderOf(context, drill, flags.report_dir);
    return picked;
  }
  return NotFound("{} has no drill {}: {}", context.ConfigPath(), flags.name,
                  names.empty() ? std::string("it has none; add it under drills")
                                : fmt::format("it has {}", fmt::join(names, ", ")));
}

failover::DrillAsk AskOf(const Context& context, const config::Config& config, const RunFlags& flags) {
  failover::DrillAsk ask;
  ask.operator_name = context.io.env("USER").value_or("");
  ask.approver = flags.approver;
  ask.reason = context.globals.reason;
  if (const auto text = config::ReadConfigFile(context.ConfigPath()); text.ok())
    ask.config_sha256 = Sha256Hex(std::string_view(*text));
  if (!config.agent.audit.file.empty()) {
    const auto audit = state::VerifyAuditFile(config.agent.data_dir + "/" + config.agent.audit.file);
    if (audit.ok() && audit->head.sequence > 0) ask.audit_head = state::ToText(audit->head);
  }
  ask.tell = [&context](const std::string& step) {
    if (context.io.in != nullptr || context.globals.verbose) context.io.err << "klink: " << step << "\n" << std::flush;
  };
  return ask;
}

// A drill provokes refusals, which librdkafka tells as errors. What went wrong stands in the report.
void SayNothing() {
  SetLogger(std::make_shared<Logger>(LogOptions(), [](Level, std::string_view) {}, [] { return WallTime(); }));
}

// That it is remembered changes no verdict.
void Remember(const Context& context, const config::Config& config, const DrillReport& report,
              const std::string& written) {
  if (!failover::IsRemembered(report)) return;
  const std::string name = written.substr(written.rfind('/') + 1);
  if (const Status kept = Await(failover::RememberDrill(config, report, name)); !kept.ok())
    context.io.err << fmt::format("klink: link {} does not remember this drill: {}\n", report.scope.link, Text(kept));
}

// What was found, in one line, and what the link remembers of it.
Exit EndDrill(const Context& context, const config::Config& config, const failover::DrillFolder& folder,
              const DrillReport& report) {
  const StatusOr<std::string> written = folder.Write(report);
  if (context.globals.output == Output::kHuman)
    context.io.out << report.summary << (written.ok() ? fmt::format("; {}.html", *written) : "") << "\n";
  else
    context.Print(ToJson(report));
  context.io.err << WayBackText(report);
  const Exit exit = static_cast<Exit>(report.exit_code);
  if (written.ok()) {
    Remember(context, config, report, *written);
    return exit;
  }
  // What was found counts more than that it could not be kept; but a pass that nobody can show is none.
  return context.Fail(written.status(), exit == Exit::kOk ? ExitOf(DrillOutcome::kMissed) : exit);
}

Exit RunOne(const Context& context, const RunFlags& flags) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const Exit nothing_touched = ExitOf(DrillOutcome::kPrecondition);
  const StatusOr<config::DrillConfig> drill = PickDrill(context, *config, flags);
  if (!drill.ok()) return context.Fail(drill.status(), nothing_touched);
  if (const Status may = CheckLive(context, *drill, flags.live); !may.ok())
    return context.Fail(may, absl::IsInvalidArgument(may) ? Exit::kUsage : nothing_touched);
  StatusOr<failover::DrillFolder> folder = failover::DrillFolder::Open(drill->report_dir);
  if (!folder.ok()) return context.Fail(folder.status(), nothing_touched);
  if (!context.globals.verbose) SayNothing();
  failover::DrillAsk ask = AskOf(context, *config, flags);
  if (drill->kind != config::DrillKind::kLive)
    return EndDrill(context, *config, *folder, Await(failover::RunDrill(*config, *drill, std::move(ask), *folder)));
  const LiveRun run = RunLive(context, *config, *drill, std::move(ask), flags.live, *folder);
  return run.ended ? *run.ended : EndDrill(context, *config, *folder, run.report);
}

// What a folder or a link knows of the past, and what keeps others from telling.
struct History {
  std::map<std::string, DrillReport> reports;  // by id, so the oldest first
  std::vector<std::string> troubles;
  int told = 0;

  void Add(const StatusOr<std::vector<DrillReport>>& some) {
    if (!some.ok()) return troubles.push_back(std::string(Text(some.status())));
    told++;
    for (const DrillReport& report : *some) reports.emplace(report.id, report);  // the first one to know it tells more
  }
};

StatusOr<std::vector<DrillReport>> InFolder(const Context& context, const std::string& folder) {
  TRY(failover::DrillHistory history, failover::ReadHistory(folder));
  for (const std::string& name : history.unreadable)
    context.io.err << "klink: " << folder << "/" << name << " is no report of a drill\n";
  return std::move(history.reports);
}

// Of every drill in the configuration: each folder once, then each link. With `asked` only of that folder.
StatusOr<History> Past(const Context& context, const std::string& asked) {
  TRY(const config::Config config, context.LoadConfig());
  History past;
  if (!asked.empty()) {
    TRY(const std::vector<DrillReport> reports, InFolder(context, asked));
    past.Add(reports);
    return past;
  }
  std::set<std::string> folders, links;
  for (const config::DrillConfig& drill : config.drills) {
    if (!context.globals.link.empty() && drill.link != context.globals.link) continue;
    folders.insert(FolderOf(context, drill, ""));
    links.insert(drill.link);
  }
  if (links.empty()) return NotFound("{} has no drills: add one under drills", context.ConfigPath());
  for (const std::string& folder : folders) past.Add(InFolder(context, folder));
  for (const std::string& link : links) past.Add(Await(failover::RememberedDrills(config, link)));
  if (past.told == 0) return Unavailable("{}", fmt::join(past.troubles, "; "));
  for (const std::string& trouble : past.troubles) context.io.err << "klink: " << trouble << "\n";
  return past;
}

Exit List(const Context& context, const std::string& folder) {
  const auto past = Past(context, folder);
  if (!past.ok()) return context.Fail(past.status());
  std::vector<DrillReport> reports;
  for (const auto& [id, report] : past->reports) reports.push_back(report);
  if (context.globals.output == Output::kHuman)
    context.io.out << DrillsText(reports, context.color());
  else
    context.Print(DrillsJson(reports));
  return Exit::kOk;
}

Exit ShowOne(const Context& context, const std::string& folder, const std::string& id) {
  const auto past = Past(context, folder);
  if (!past.ok()) return context.Fail(past.status());
  const auto found = past->reports.find(id);
  if (found == past->reports.end())
    return context.Fail(NotFound("nobody knows of a drill {}: klink drill list names those there are", id));
  if (context.globals.output == Output::kHuman)
    context.io.out << DrillText(found->second, context.color());
  else
    context.Print(ToJson(found->second));
  return Exit::kOk;
}

// The destinations of all links, or of the one that was named.
std::vector<std::string> ClustersOf(const Context& context, const config::Config& config) {
  std::vector<std::string> clusters;
  for (const config::LinkConfig& link : config.links)
    if ((context.globals.link.empty() || link.name == context.globals.link) &&
        std::find(clusters.begin(), clusters.end(), link.destination) == clusters.end())
      clusters.push_back(link.destination);
  return clusters;
}

Exit Clean(const Context& context, const Consent& consent) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  if (!context.globals.link.empty())
    if (const auto link = context.PickLink(*config); !link.ok()) return context.Fail(link.status());
  std::vector<CleanedDrill> cleaned;
  const auto visit = [&](failover::CleanMode mode) -> Status {
    cleaned.clear();
    for (const std::string& cluster : ClustersOf(context, *config)) {
      TRY(const auto all, Await(failover::CleanDrills(*config, cluster, mode)));
      for (const auto& [id, rollback] : all) cleaned.push_back({cluster, id, rollback});
    }
    return absl::OkStatus();
  };
  if (const Status seen = visit(failover::CleanMode::kShow); !seen.ok()) return context.Fail(seen);
  const bool asks = context.io.in != nullptr && !consent.yes && !cleaned.empty();
  if (!consent.dry_run && asks) {
    context.io.err << CleanText(cleaned, CleanTense::kWould);
    if (!Agreed(context, "Remove all of it? A drill that is under way ends.")) {
      context.io.err << "klink: nothing was changed\n";
      return Exit::kFailed;
    }
  }
  if (!consent.dry_run && !cleaned.empty())
    if (const Status done = visit(failover::CleanMode::kRemove); !done.ok()) return context.Fail(done);
  if (context.globals.output == Output::kHuman)
    context.io.out << CleanText(cleaned, consent.dry_run ? CleanTense::kWould : CleanTense::kDid);
  else
    context.Print(CleanJson(cleaned));
  if (consent.dry_run) return Exit::kOk;
  const bool complete =
      std::all_of(cleaned.begin(), cleaned.end(), [](const CleanedDrill& one) { return one.rollback.complete; });
  return complete ? Exit::kOk : ExitOf(DrillOutcome::kLeftOver);
}

void AddRunVerb(CLI::App& drill, Context& context) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* verb = drill.add_subcommand(
      "run", "Rehearse a failover: the mirrors are not touched, and copying goes on; a live drill is the real thing");
  verb->footer(
      "Exit codes: 0 passed, 1 an objective or invariant missed, 2 a precondition failed and nothing was touched,\n"
      "3 aborted and rolled back, 4 aborted and something is left: klink drill clean, or what is printed");
  verb->add_option("NAME", flags->name, "A drill of the configuration")->type_name("")->required();
  verb->add_option("--kind", flags->kind, "dry, isolated or live; else as the configuration says")
      ->type_name("KIND")
      ->check(CLI::IsMember({"dry", "isolated", "live"}).description(""));
  verb->add_option("--report-dir", flags->report_dir, "Where the report goes; else as the configuration says")
      ->type_name("DIR");
  verb->add_option("--approver", flags->approver, "Who approved it, for the report")->type_name("NAME");
  verb->add_option("--incident", flags->live.incident, "Of a live drill: when the incident was declared; else now")
      ->type_name("RFC3339");
  verb->add_flag("--direct", flags->live.direct, "Of a live drill: without an agent; the other kinds never ask one");
  verb->add_flag("--no-live", flags->live.no_live, "Refuse a live drill: for timers");
  verb->add_flag("--dry-run", flags->live.consent.dry_run, "Of a live drill: show what would happen, change nothing");
  verb->add_flag("--yes", flags->live.consent.yes,
                 "Do not ask; a live drill needs it where nobody can be asked, the other kinds change nothing in use");
  verb->callback([&context, flags] { context.action = [&context, flags] { return RunOne(context, *flags); }; });
}

}  // namespace

void AddDrill(CLI::App& app, Context& context) {
  CLI::App* drill = app.add_subcommand("drill", "Failovers that are rehearsed, and their reports");
  drill->require_subcommand(1);
  AddRunVerb(*drill, context);
  auto folder = std::make_shared<std::string>();
  CLI::App* list =
      drill->add_subcommand("list", "The drills that were run: by their reports, and as the links remember them");
  list->add_option("--report-dir", *folder, "Only of this folder")->type_name("DIR");
  list->callback([&context, folder] { context.action = [&context, folder] { return List(context, *folder); }; });
  auto id = std::make_shared<std::string>();
  CLI::App* show = drill->add_subcommand("show", "One of them: objectives, invariants, steps");
  show->add_option("ID", *id, "As klink drill list names it")->type_name("")->required();
  show->add_option("--report-dir", *folder, "Only of this folder")->type_name("DIR");
  show->callback(
      [&context, folder, id] { context.action = [&context, folder, id] { return ShowOne(context, *folder, *id); }; });
  auto consent = std::make_shared<Consent>();
  CLI::App* clean = drill->add_subcommand("clean", "Remove what drills left at the destinations");
  AddConsent(*clean, *consent);
  clean->callback([&context, consent] { context.action = [&context, consent] { return Clean(context, *consent); }; });
}

}  // namespace klink::cli
