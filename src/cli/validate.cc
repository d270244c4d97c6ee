// klink validate [--connect]: is the configuration right, and do the clusters answer?
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_fields.h"
#include "cli/await.h"
#include "cli/cluster_check.h"
#include "cli/context.h"
#include "cli/rights_check.h"
#include "cli/table.h"
#include "config/load.h"

namespace klink::cli {
namespace {

struct FindingView {
  std::string severity;
  std::string path;
  int64_t line = 0;
  int64_t column = 0;
  std::string text;

  static void Describe(auto& m, auto& field) {
    field("severity", m.severity);
    field("path", m.path);
    field("line", m.line);
    field("column", m.column);
    field("text", m.text);
  }
};

struct ReportView {
  std::string file;
  bool valid = false;
  std::vector<FindingView> findings;
  std::vector<Reached> clusters;  // with --connect

  static void Describe(auto& m, auto& field) {
    field("file", m.file);
    field("valid", m.valid);
    field("findings", m.findings);
    field("clusters", m.clusters);
  }
};

void Note(ReportView& report, const config::Finding& finding) {
  const bool error = finding.severity == config::Severity::kError;
  report.findings.push_back(
      {error ? "error" : "warning", finding.path, finding.at.line, finding.at.column, finding.text});
  report.valid = report.valid && !error;
}

void NoteError(ReportView& report, std::string path, std::string text) {
  report.findings.push_back({"error", std::move(path), 0, 0, std::move(text)});
  report.valid = false;
}

// What klink may do there, and what others may.
Exit NoteRights(const config::Config& config, const config::LinkConfig& link, ReportView& report) {
  const RightsFound found = Await(CheckRights(config, link));
  const std::string path = "links." + link.name;
  for (const std::string& text : found.missing) NoteError(report, path, text + "; klink acl plan prints the line");
  for (const std::string& text : found.warnings) report.findings.push_back({"warning", path, 0, 0, text});
  return found.missing.empty() ? Exit::kOk : Exit::kNotAuthorised;
}

// What only the clusters themselves can tell: reachable, new enough, two different ones, and the rights.
Exit Connect(const config::Config& config, ReportView& report) {
  Exit exit = Exit::kOk;
  std::map<std::string, Reached> by_name;
  for (const auto& [name, cluster] : config.clusters) {
    Reached reached = Await(Reach(name, cluster));
    if (reached.error) {
      NoteError(report, "clusters." + name, *reached.error);
      exit = reached.reached.code() == Code::kUnauthenticated ? Exit::kNotAuthorised : Exit::kUnreachable;
    }
    report.clusters.push_back(reached);
    by_name[name] = std::move(reached);
  }
  for (const config::LinkConfig& link : config.links) {
    const Reached& source = by_name[link.source];
    const Reached& destination = by_name[link.destination];
    if (!destination.destination.ok()) {
      NoteError(report, "links." + link.name + ".destination", Text(destination.destination));
      if (exit == Exit::kOk) exit = Exit::kConfiguration;
    }
    if (source.cluster_id && source.cluster_id == destination.cluster_id) {
      NoteError(report, "links." + link.name,
                fmt::format("{} and {} are the same cluster ({}): correct bootstrap.servers of one of them",
                            link.source, link.destination, *source.cluster_id));
      if (exit == Exit::kOk) exit = Exit::kConfiguration;
    }
    if (!source.reached.ok() || !destination.reached.ok()) continue;
    if (const Exit rights = NoteRights(config, link, report); exit == Exit::kOk) exit = rights;
  }
  return exit;
}

std::string ReportText(const ReportView& report, const std::vector<config::Finding>& findings) {
  std::string text;
  for (const config::Finding& finding : findings) text += config::ToString(finding) + "\n";
  for (size_t i = findings.size(); i < report.findings.size(); i++) {
    const FindingView& finding = report.findings[i];
    const std::string_view warning = finding.severity == "warning" ? "warning: " : "";
    text += fmt::format("{}: {}: {}{}\n", report.file, finding.path, warning, finding.text);
  }
  for (const Reached& cluster : report.clusters) {
    if (cluster.error) continue;
    text += fmt::format("cluster {}: id {}, {} brokers, Kafka {}\n", cluster.name, Show(cluster.cluster_id),
                        cluster.brokers, Show(cluster.release));
  }
  if (report.valid) text += fmt::format("{}: valid\n", report.file);
  return text;
}

Exit Validate(const Context& context, bool connect) {
  ReportView report;
  report.file = context.ConfigPath();
  const StatusOr<std::string> text = config::ReadConfigFile(report.file);
  if (!text.ok()) return context.Fail(text.status(), Exit::kConfiguration);
  const config::Loaded loaded = config::Load(*text, report.file, context.io.env);
  report.valid = true;
  for (const config::Finding& finding : loaded.findings) Note(report, finding);
  Exit exit = report.valid ? Exit::kOk : Exit::kConfiguration;
  if (connect && report.valid) exit = Connect(loaded.config, report);
  if (context.globals.output == Output::kHuman) {
    (report.valid ? context.io.out : context.io.err) << ReportText(report, loaded.findings);
  } else {
    context.Print(ToJson(report));
  }
  return exit;
}

}  // namespace

void AddValidate(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("validate", "Check the configuration; with --connect the clusters too");
  auto connect = std::make_shared<bool>(false);
  verb->add_flag("--connect", *connect, "Also reach every cluster: ids, versions, rights");
  verb->callback([&context, connect] { context.action = [&context, connect] { return Validate(context, *connect); }; });
}

}  // namespace klink::cli
