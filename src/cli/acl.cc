// klink acl list: what the agent carries over. klink acl plan: the kafka-acls lines that give klink's own principals
// what this very configuration needs, no more. Reads the configuration alone; asks no cluster.
#include <cctype>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_fields.h"
#include "cli/acl_plan.h"
#include "cli/ask_and_show.h"
#include "cli/table.h"
#include "config/principal.h"
#include "http/views.h"

namespace klink::cli {
namespace {

using admin::AclOperation;
using admin::AclPattern;
using admin::AclResource;

// As kafka-acls.sh spells it: DescribeConfigs.
std::string ToolName(AclOperation operation) {
  std::string name;
  bool first = true;
  for (const char c : Name(operation)) {
    if (c != '_') name += first ? c : static_cast<char>(std::tolower(c));
    first = c == '_';
  }
  return name;
}

std::string ResourceArgument(const link::Right& right) {
  switch (right.resource) {
    case AclResource::kTopic:
      return "--topic " + ShellWord(right.name);
    case AclResource::kGroup:
      return "--group " + ShellWord(right.name);
    case AclResource::kTransactionalId:
      return "--transactional-id " + ShellWord(right.name);
    case AclResource::kCluster:
      return "--cluster";
  }
  return "";
}

bool SameLine(const link::Right& a, const link::Right& b) {
  return a.resource == b.resource && a.pattern == b.pattern && a.name == b.name && a.necessity == b.necessity;
}

GrantView ViewOf(std::vector<link::Right> rights, const SideView& side, const std::string& bootstrap) {
  const link::Right& first = rights.front();
  GrantView grant;
  grant.resource = Name(first.resource);
  grant.pattern = Name(first.pattern);
  grant.name = first.name;
  grant.optional = first.necessity == link::Necessity::kOptional;
  grant.command =
      fmt::format("kafka-acls.sh --bootstrap-server {} --command-config admin.properties --add {} {}{}",
                  ShellWord(bootstrap), "--allow-principal " + ShellWord(side.principal), ResourceArgument(first),
                  first.pattern == AclPattern::kPrefixed ? " --resource-pattern-type prefixed" : "");
  for (const link::Right& right : rights) {
    grant.operations.push_back({std::string(Name(right.operation)), right.features});
    grant.command += " --operation " + ToolName(right.operation);
  }
  return grant;
}

SideView SideOf(const std::string& name, const config::ClusterConfig& cluster, std::string principal,
                const std::vector<link::Right>& rights) {
  SideView side;
  side.cluster = name;
  side.principal = std::move(principal);
  std::vector<link::Right> line;
  for (const link::Right& right : rights) {
    if (!line.empty() && !SameLine(line.front(), right))
      side.grants.push_back(ViewOf(std::exchange(line, {}), side, cluster.bootstrap_servers));
    line.push_back(right);
  }
  if (!line.empty()) side.grants.push_back(ViewOf(std::move(line), side, cluster.bootstrap_servers));
  return side;
}

std::string SideText(const SideView& side, const std::string& link, const char* where) {
  std::string text = fmt::format("# {}: {} {}, as {}\n", link, where, side.cluster, side.principal);
  for (const GrantView& grant : side.grants) {
    std::string why;
    for (const OperationView& operation : grant.operations)
      why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", operation.operation, fmt::join(operation.features, ", "));
    text += fmt::format("# {}{}\n{}{}\n", grant.optional ? "optional, " : "", why, grant.optional ? "# " : "",
                        grant.command);
  }
  return text;
}

struct Principals {
  std::string source;
  std::string destination;
};

StatusOr<std::string> PrincipalAt(const std::string& name, const config::ClusterConfig& cluster,
                                  const std::string& asked, const char* flag) {
  if (!asked.empty()) return asked;
  if (auto own = config::OwnPrincipal(cluster)) return *std::move(own);
  return InvalidArgument(
      "only the brokers of cluster {} know who klink is there (a certificate or a token): name it with {}, e.g. "
      "{} \"User:CN=klink,O=Example\"",
      name, flag, flag);
}

Exit Plan(const Context& context, const Principals& asked) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  PlansView view;
  for (const config::LinkConfig& link : config->links) {
    if (!context.globals.link.empty() && context.globals.link != link.name) continue;
    const auto &source = config->clusters.at(link.source), &destination = config->clusters.at(link.destination);
    auto as_source = PrincipalAt(link.source, source, asked.source, "--source-principal");
    if (!as_source.ok()) return context.Fail(as_source.status());
    auto as_destination = PrincipalAt(link.destination, destination, asked.destination, "--destination-principal");
    if (!as_destination.ok()) return context.Fail(as_destination.status());
    const link::Rights rights = link::RightsFor(link, *config);
    view.links.push_back({link.name, SideOf(link.source, source, *std::move(as_source), rights.source),
                          SideOf(link.destination, destination, *std::move(as_destination), rights.destination)});
  }
  if (view.links.empty()) return context.Fail(NotFound("there is no link {}", context.globals.link));
  if (context.globals.output != Output::kHuman) {
    context.Print(ToJson(view));
    return Exit::kOk;
  }
  for (const PlanView& plan : view.links)
    context.io.out << SideText(plan.source, plan.link, "source") << "\n"
                   << SideText(plan.destination, plan.link, "destination");
  return Exit::kOk;
}

// In the order of interest: what is held back, then the rest.
std::string ListText(const http::AclsView& view, bool color) {
  if (!view.acls.enabled) return fmt::format("Link {} carries no ACLs over: acls.enabled is false\n", view.link);
  Table table({{"Standing"}, {"Permission"}, {"Principal"}, {"Operation"}, {"Resource"}, {"Host"}, {"Because"}});
  for (const std::string_view standing : {"held", "waiting", "skipped", "created"})
    for (const link::AclSnapshot& acl : view.acls.acls) {
      if (acl.standing != standing) continue;
      const bool prefixed = acl.pattern == Name(AclPattern::kPrefixed);
      table.Add({acl.standing, acl.permission, acl.principal, acl.operation,
                 fmt::format("{} {}{}", acl.resource, acl.name, prefixed ? "*" : ""), acl.host, Show(acl.reason)});
    }
  return fmt::format("Last compared: {}\n{}", Show(view.acls.synced), table.ToText(color));
}

}  // namespace

std::string ShellWord(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:,=/";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void AddAcl(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("acl", "Rights of klink itself, and the ACLs that it carries over");
  noun->require_subcommand(1);
  CLI::App* plan = noun->add_subcommand("plan", "The kafka-acls lines for klink's own principals; asks no cluster");
  auto asked = std::make_shared<Principals>();
  plan->add_option("--source-principal", asked->source, "Who klink is at the source, e.g. User:CN=klink")
      ->type_name("PRINCIPAL");
  plan->add_option("--destination-principal", asked->destination, "Who klink is at the destination")
      ->type_name("PRINCIPAL");
  noun->add_subcommand("list", "The source's ACLs: carried over, or held back while their topics are mirrored")
      ->callback([&context] {
        context.action = [&context] { return AskAndShow<http::AclsView>(context, "/acls", ListText); };
      });
  plan->callback([&context, asked] { context.action = [&context, asked] { return Plan(context, *asked); }; });
}

}  // namespace klink::cli
