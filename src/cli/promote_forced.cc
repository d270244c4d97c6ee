// klink failover --force: --direct, although the link's state cannot be read. Refused while it can be: then nothing
// need be left unproven.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/metrics.h"
#include "cli/await.h"
#include "cli/promote.h"
#include "failover/direct.h"
#include "failover/forced.h"
#include "http/audit_log.h"
#include "link/control_plan.h"

namespace klink::cli {
namespace {

using link::PromotionSnapshot;

struct Outcome {
  StatusOr<PromotionSnapshot> view = Unavailable("nothing was done");
  std::vector<std::string> unproven;
  bool declined = false;
};

struct Wanted {
  const Context& context;
  const PromoteChoice& choice;
  const config::Config& config;
  const config::LinkConfig& link;
};

// `why`: the state cannot be read. An error: it can, or something else is wrong.
Async<Status> AskWhy(const Wanted& wanted, Status& why) {
  failover::Direct direct(wanted.config, wanted.link, DirectName(), co_await asio::this_coro::executor);
  why = co_await direct.Open();
  const bool read = direct.state_was_read();
  co_await direct.Close();
  if (IsCancelled(why) || (read && !why.ok())) co_return why;
  if (read)
    co_return FailedPrecondition(
        "the state of link {} can be read: say it without --force, so that nothing is unproven", wanted.link.name);
  co_return absl::OkStatus();
}

// Who, what and why, on this machine's disk and, where it can be had, in the link's topic.
StatusOr<std::unique_ptr<http::AuditLog>> OpenAudit(const Wanted& wanted, Metrics& metrics, const Clock& clock,
                                                    Executor executor) {
  const config::Audit& audit = wanted.config.agent.audit;
  if (audit.file.empty()) return std::unique_ptr<http::AuditLog>();
  state::AuditFile::Options options;
  options.path = (std::filesystem::path(wanted.config.agent.data_dir) / audit.file).string();
  options.agent = wanted.config.agent.id;
  std::error_code made;
  std::filesystem::create_directories(wanted.config.agent.data_dir, made);
  TRY(auto file, state::AuditFile::Open(executor, std::move(options)));
  std::unique_ptr<http::AuditTopics> topics;
  if (audit.topic) topics = std::make_unique<http::AuditTopics>(executor, wanted.config);
  return std::make_unique<http::AuditLog>(std::move(file), audit.on_failure, metrics, clock, std::move(topics));
}

state::AuditEvent EventOf(const Wanted& wanted, const Outcome& outcome, std::string_view stage) {
  state::AuditEvent event;
  event.type = fmt::format("klink.mirrors.failover_forced.{}", stage);
  event.subject = wanted.link.name;
  event.data["by"] = wanted.context.io.env("USER").value_or("");
  event.data["reason"] = wanted.context.globals.reason;
  event.data["topics"] = ToJson(wanted.choice.topics);
  event.data["unproven"] = ToJson(outcome.unproven);
  if (stage == "failed") event.data["error"] = Text(outcome.view.status());
  if (stage == "completed") event.data["state"] = outcome.view->state;
  return event;
}

Async<StatusOr<PromotionSnapshot>> Carry(const Wanted& wanted, failover::Forced& forced, http::AuditLog* audit,
                                         Outcome& outcome) {
  CO_RETURN_IF_ERROR(co_await forced.Open(wanted.choice.topics));
  link::PromoteRequest request;
  request.link = wanted.link.name;
  request.topics = wanted.choice.topics;
  request.by = wanted.context.io.env("USER").value_or("");
  request.reason = wanted.context.globals.reason;
  request.dry_run = true;
  CO_TRY(PromotionSnapshot plan, co_await forced.Promote(request));
  if (wanted.choice.consent.dry_run) co_return plan;
  if (!wanted.choice.consent.yes) {
    TellUnproven(wanted.context, outcome.unproven);
    outcome.declined = !AgreedTo(wanted.context, wanted.choice, plan);
    if (outcome.declined) co_return plan;
  }
  if (audit != nullptr) CO_RETURN_IF_ERROR(co_await audit->Before(EventOf(wanted, outcome, "requested")));
  request.dry_run = false;
  co_return co_await forced.Promote(std::move(request));
}

Async<Outcome> Run(const Wanted& wanted) {
  Outcome outcome;
  Status why;
  if (const Status forbidden = co_await AskWhy(wanted, why); !forbidden.ok()) {
    outcome.view = forbidden;
    co_return outcome;
  }
  outcome.unproven = failover::Unproven(wanted.link, wanted.choice.topics, why);
  const Executor executor = co_await asio::this_coro::executor;
  Metrics metrics;
  SystemClock clock;
  std::unique_ptr<http::AuditLog> audit;
  if (!wanted.choice.consent.dry_run) {
    auto opened = OpenAudit(wanted, metrics, clock, executor);
    if (!opened.ok() && wanted.config.agent.audit.on_failure == config::OnAuditFailure::kBlock) {
      outcome.view = Unavailable(
          "nothing was changed, because it could not be written down: {}; see "
          "agent.audit.on_failure",
          Text(opened.status()));
      co_return outcome;
    }
    if (opened.ok()) audit = *std::move(opened);
  }
  failover::Forced forced(wanted.config, wanted.link, executor);
  outcome.view = co_await Carry(wanted, forced, audit.get(), outcome);
  co_await forced.Close();
  if (audit != nullptr) {
    if (!outcome.declined) co_await audit->After(EventOf(wanted, outcome, outcome.view.ok() ? "completed" : "failed"));
    co_await audit->Close();
  }
  co_return outcome;
}

}  // namespace

Status CheckForce(const Context& context, const PromoteChoice& choice) {
  if (!choice.force) return absl::OkStatus();
  if (context.globals.reason.empty()) return InvalidArgument("--force needs --reason TEXT: it is written down");
  const bool pattern = std::any_of(choice.topics.begin(), choice.topics.end(),
                                   [](const std::string& topic) { return link::IsPattern(topic); });
  if (choice.topics.empty() || pattern)
    return InvalidArgument("--force: what the link mirrors cannot be read, so name each topic");
  return absl::OkStatus();
}

void TellUnproven(const Context& context, const std::vector<std::string>& unproven) {
  if (unproven.empty()) return;
  context.io.err << "klink: not proven:\n";
  for (const std::string& what : unproven) context.io.err << "  " << what << "\n";
}

Exit PromoteForced(const Context& context, const PromoteChoice& choice) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  const StatusOr<config::LinkConfig> link = context.PickLink(*config);
  if (!link.ok()) return context.Fail(link.status());
  const Wanted wanted{context, choice, *config, *link};
  const Outcome outcome = Await(Run(wanted));
  if (!outcome.view.ok()) return context.Fail(outcome.view.status());
  if (choice.consent.yes || choice.consent.dry_run) TellUnproven(context, outcome.unproven);
  return EndPromotion(context, choice, *outcome.view, outcome.declined, outcome.unproven);
}

}  // namespace klink::cli
