// klink audit verify: is the audit log whole, by its chain of digests? klink audit tail: what was done lately, and by
// whom.
#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "base/json_fields.h"
#include "cli/agent_client.h"
#include "cli/agent_file.h"
#include "cli/await.h"
#include "cli/table.h"
#include "http/audit_topics.h"
#include "http/views.h"
#include "state/audit_file.h"

namespace klink::cli {
namespace {

struct VerifyView {
  std::string file;
  bool whole = false;
  state::AuditHead head;                   // of what holds
  std::optional<state::AuditHead> anchor;  // the last
  std::vector<std::string> anchored_by;    // agent, topic, head
  std::optional<int64_t> fault_at;
  std::optional<std::string> fault;

  static void Describe(auto& m, auto& field) {
    field("file", m.file);
    field("whole", m.whole);
    field("head", m.head);
    field("anchor", m.anchor);
    field("anchored_by", m.anchored_by);
    field("fault_at", m.fault_at);
    field("fault", m.fault);
  }
};

struct VerifyAsked {
  std::string file;
  std::string head;
  bool agent = false;
  bool topic = false;
  bool offline = false;
};

struct Anchors {
  std::vector<state::AuditHead> heads;
  std::vector<std::string> by;
  void Take(std::string name, std::vector<state::AuditHead> found) {
    by.push_back(std::move(name));
    heads.insert(heads.end(), found.begin(), found.end());
  }
};

std::string FileOf(const config::Config& config) {
  return (std::filesystem::path(config.agent.data_dir) / config.agent.audit.file).string();
}

bool IsSameFile(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return std::filesystem::weakly_canonical(a, ignored) == std::filesystem::weakly_canonical(b, ignored);
}

StatusOr<std::vector<state::AuditHead>> HeadOfAgent(const Context& context, Exit& exit) {
  TRY(AgentClient agent, AgentClient::Find(context, exit));
  Json json;
  const StatusOr<http::AuditView> now = agent.Get<http::AuditView>("/v1/audit?events=0", json);
  if (now.ok()) return std::vector{now->head};
  exit = context.Fail(now.status(), agent.ExitFor(now.status()));
  return now.status();
}

// What was asked for by name must be had.
Exit TakeAsked(const Context& context, const VerifyAsked& asked, const StatusOr<config::Config>& config, Anchors& out) {
  constexpr Duration kReadLimit = 30s;
  if (!asked.head.empty()) {
    const StatusOr<state::AuditHead> head = state::ParseAuditHead(asked.head);
    if (!head.ok()) return context.Fail(head.status());
    out.Take("head", {*head});
  }
  if (asked.agent) {
    Exit exit = Exit::kOk;
    StatusOr<std::vector<state::AuditHead>> heads = HeadOfAgent(context, exit);
    if (!heads.ok()) return exit;
    out.Take("agent", *std::move(heads));
  }
  if (asked.topic) {
    if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
    StatusOr<std::vector<state::AuditHead>> heads = Await(http::ReadAuditAnchors(*config, kReadLimit));
    if (!heads.ok()) return context.Fail(heads.status());
    out.Take("topic", *std::move(heads));
  }
  return Exit::kOk;
}

// The agent's own log and nothing asked for: whoever can be reached says where it ends. Who cannot is no error.
void TakeWhatAnswers(const Context& context, const config::Config& config, Anchors& out) {
  constexpr Duration kReadLimit = 10s;
  if (ReadAgentFile(config.agent.data_dir).ok()) {
    Exit ignored = Exit::kOk;
    StatusOr<std::vector<state::AuditHead>> heads = HeadOfAgent(context, ignored);
    if (heads.ok()) out.Take("agent", *std::move(heads));
  }
  if (!config.agent.audit.topic) return;
  StatusOr<std::vector<state::AuditHead>> heads = Await(http::ReadAuditAnchors(config, kReadLimit));
  if (heads.ok()) return out.Take("topic", *std::move(heads));
  context.io.err << fmt::format("klink: not compared with _klink.<link>.audit: {}\n", Text(heads.status()));
}

std::string VerifyText(const VerifyView& view) {
  if (!view.whole) return fmt::format("{}: NOT WHOLE: {}\n", view.file, *view.fault);
  return fmt::format("{}: whole, {} events{}\nhead {}\n", view.file, view.head.sequence,
                     view.anchor
                         ? fmt::format(", and event {} is the one that was anchored ({})", view.anchor->sequence,
                                       fmt::join(view.anchored_by, ", "))
                         : "; a tail that was cut off shows against an anchor alone: --topic, --agent or --head",
                     state::ToText(view.head));
}

Exit Verify(const Context& context, const VerifyAsked& asked) {
  const StatusOr<config::Config> config = context.LoadConfig();
  VerifyView view;
  view.file = asked.file;
  if (view.file.empty()) {
    if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
    if (config->agent.audit.file.empty())
      return context.Fail(NotFound("agent.audit.file is empty: there is no audit log"), Exit::kConfiguration);
    view.file = FileOf(*config);
  }
  Anchors anchors;
  if (const Exit exit = TakeAsked(context, asked, config, anchors); exit != Exit::kOk) return exit;
  const bool own = config.ok() && IsSameFile(view.file, FileOf(*config));
  if (own && anchors.by.empty() && !asked.offline) TakeWhatAnswers(context, *config, anchors);
  const auto last = std::max_element(anchors.heads.begin(), anchors.heads.end(),
                                     [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  if (last != anchors.heads.end()) view.anchor = *last;
  view.anchored_by = anchors.by;
  const StatusOr<state::AuditVerdict> verdict = state::VerifyAuditFile(view.file, std::move(anchors.heads));
  if (!verdict.ok()) return context.Fail(verdict.status());
  view.whole = verdict->fault.empty();
  view.head = verdict->head;
  if (!view.whole) view.fault_at = verdict->fault_at, view.fault = verdict->fault;
  if (context.globals.output == Output::kHuman) {
    context.io.out << VerifyText(view);
  } else {
    context.Print(ToJson(view));
  }
  return view.whole ? Exit::kOk : Exit::kBadData;
}

// Callers wrote some of it: nothing of theirs steers a terminal.
std::string TextAt(const Json& event, std::string_view key) {
  const Json* value = FindJson(event, key);
  if (value == nullptr || value->is_null()) return std::string(kUnknown);
  std::string text = value->is_string() ? std::string(TextOf(value->get_string())) : CompactJson(*value);
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return text;
}

std::string TailText(const http::AuditView& view) {
  Table table({{"SEQUENCE", Align::kRight},
               {"TIME"},
               {"TYPE"},
               {"LINK"},
               {"PRINCIPAL"},
               {"FROM"},
               {"STATUS", Align::kRight},
               {"REASON"}});
  for (const Json& event : view.events) {
    const Json* found = FindJson(event, "data");
    const Json data = found == nullptr ? Json(nullptr) : *found;
    const std::string sequence = TextAt(event, "sequence");
    table.Add({sequence.substr(std::min(sequence.find_first_not_of('0'), sequence.size())), TextAt(event, "time"),
               TextAt(event, "type"), TextAt(event, "subject"), TextAt(data, "principal"), TextAt(data, "from"),
               TextAt(data, "status"), TextAt(data, "reason")});
  }
  return table.ToText(false);
}

Exit Tail(const Context& context, int64_t events) {
  Exit exit = Exit::kOk;
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return exit;
  Json json;
  const StatusOr<http::AuditView> view = agent->Get<http::AuditView>(fmt::format("/v1/audit?events={}", events), json);
  if (!view.ok()) return context.Fail(view.status(), agent->ExitFor(view.status()));
  if (context.globals.output == Output::kHuman) {
    context.io.out << TailText(*view);
  } else {
    context.Print(json);
  }
  return Exit::kOk;
}

}  // namespace

void AddAudit(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("audit", "The audit log: who changed what");
  noun->require_subcommand(1);
  CLI::App* verify = noun->add_subcommand("verify", "Is the log whole? Finds edits, missing and moved events");
  auto asked = std::make_shared<VerifyAsked>();
  verify
      ->add_option("FILE", asked->file,
                   "The log; else the one of the configuration, compared with the agent and the topic")
      ->type_name("");
  verify->add_option("--head", asked->head, "SEQUENCE:SHA256 that was kept elsewhere: the log must hold it")
      ->type_name("HEAD");
  verify->add_flag("--agent", asked->agent, "The log must hold what the running agent wrote last");
  verify->add_flag("--topic", asked->topic, "The log must hold what stands in _klink.<link>.audit");
  verify->add_flag("--offline", asked->offline, "Ask nobody; without anchors a tail that was cut off does not show");
  verify->callback([&context, asked] { context.action = [&context, asked] { return Verify(context, *asked); }; });
  CLI::App* tail = noun->add_subcommand("tail", "The last events of the running agent");
  auto events = std::make_shared<int64_t>(20);
  tail->add_option("-n,--events", *events, "How many, 1000 at most")->type_name("N");
  tail->callback([&context, events] { context.action = [&context, events] { return Tail(context, *events); }; });
}

}  // namespace klink::cli
