#include "cli/drill_live.h"

#include <algorithm>

#include "cli/await.h"
#include "cli/promote.h"
#include "failover/direct.h"
#include "http/message.h"

namespace klink::cli {
namespace {

using link::PromotionSnapshot;

constexpr Duration kWatchEvery = 200ms;
constexpr Duration kSilenceMost = 40s;                    // of an agent, until another one leads the link
constexpr std::chrono::milliseconds kIncidentMost = 24h;  // no Duration: whoever types a year types any
constexpr auto kNothingTouched = static_cast<Exit>(failover::DrillOutcome::kPrecondition);

class AgentDoor final : public failover::DrillDoor {
 public:
  AgentDoor(const Context& context, AgentClient& agent) : context_(context), agent_(agent), steps_(context) {}

  Async<StatusOr<PromotionSnapshot>> Plan(link::PromoteRequest request) override {
    request.dry_run = true;
    co_return co_await Say(std::move(request));
  }
  // An agent that goes away is replaced by another one, which this one may be again.
  Async<StatusOr<PromotionSnapshot>> FailOver(link::PromoteRequest request) override {
    request.dry_run = false;
    CO_TRY(PromotionSnapshot view, co_await Say(std::move(request)));
    for (Instant heard = clock_.Now(); view.state == "RUNNING" && view.operation;) {
      steps_.Tell(view.step);
      CO_RETURN_IF_ERROR(co_await clock_.Sleep(kWatchEvery));
      auto next = Read(co_await agent_.Asking("/v1/operations/" + http::Escape(*view.operation), "", kAskDeadline));
      if (next.ok()) {
        heard = clock_.Now();
        view = *std::move(next);
      } else if (!IsUnavailable(next.status()) || clock_.Now() - heard > kSilenceMost) {
        co_return Annotate(next.status(), fmt::format("operation {} goes on without being watched", *view.operation));
      }
    }
    co_return view;
  }

 private:
  static StatusOr<PromotionSnapshot> Read(const StatusOr<Json>& json) {
    RETURN_IF_ERROR(json.status());
    PromotionSnapshot view;
    RETURN_IF_ERROR(Annotate(FromJson(*json, view), "reading the agent's answer"));
    return view;
  }
  Async<StatusOr<PromotionSnapshot>> Say(link::PromoteRequest request) {
    JsonObject body = ControlBody(context_);
    body["reason"] = request.reason;
    body["topics"] = ToJson(request.topics);
    body["dry_run"] = request.dry_run;
    const Json json = std::move(body);
    const std::string target = fmt::format("/v1/links/{}/mirrors:failover", http::Escape(request.link));
    co_return Read(co_await agent_.Asking(target, CompactJson(json), kChangeDeadline));
  }

  const Context& context_;
  AgentClient& agent_;
  SystemClock clock_;
  StepTeller steps_;
};

class DirectDoor final : public failover::DrillDoor {
 public:
  DirectDoor(const Context& context, const config::Config& config, const config::LinkConfig& link, Executor executor)
      : context_(context), direct_(config, link, DirectName(), std::move(executor)), steps_(context) {}

  Async<StatusOr<PromotionSnapshot>> Plan(link::PromoteRequest request) override {
    CO_RETURN_IF_ERROR(co_await direct_.Open());
    const auto members = co_await direct_.Members();
    ShowMembers(context_, members);
    request.dry_run = true;
    co_return co_await Say(std::move(request));
  }
  Async<StatusOr<PromotionSnapshot>> FailOver(link::PromoteRequest request) override {
    request.dry_run = false;
    co_return co_await Say(std::move(request));
  }
  Async<void> Close() { co_return co_await direct_.Close(); }

 private:
  Async<StatusOr<PromotionSnapshot>> Say(link::PromoteRequest request) {
    const std::function<void(const PromotionSnapshot&)> progress = [this](const PromotionSnapshot& now) {
      steps_.Tell(now.step);
    };
    co_return co_await direct_.Promote(std::move(request), progress);
  }

  const Context& context_;
  failover::Direct direct_;
  StepTeller steps_;
};

// What a person was shown and said.
struct Asked {
  std::optional<PromotionSnapshot> plan;
  bool declined = false;
};

Async<failover::DrillReport> RunDirect(const Context& context, const config::Config& config,
                                       const config::DrillConfig& drill, failover::DrillAsk ask,
                                       failover::DrillFolder& folder) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto of = [&drill](const config::LinkConfig& link) { return link.name == drill.link; };
  const auto link = std::find_if(config.links.begin(), config.links.end(), of);  // the configuration was checked
  DirectDoor door(context, config, *link, executor);
  ask.live.door = &door;
  failover::DrillReport report = co_await failover::RunDrill(config, drill, std::move(ask), folder);
  co_await door.Close();
  co_return report;
}

Async<failover::DrillReport> RunThrough(const Context& context, AgentClient& agent, const config::Config& config,
                                        const config::DrillConfig& drill, failover::DrillAsk ask,
                                        failover::DrillFolder& folder) {
  AgentDoor door(context, agent);
  ask.live.door = &door;
  co_return co_await failover::RunDrill(config, drill, std::move(ask), folder);
}

}  // namespace

Status CheckLive(const Context& context, const config::DrillConfig& drill, const LiveFlags& flags) {
  const bool live = drill.kind == config::DrillKind::kLive;
  if (!live && flags.consent.dry_run)
    return InvalidArgument(
        "--dry-run shows the plan of a live drill, and {} is {}: --kind dry looks at everything and writes nothing",
        drill.name, ToText(drill.kind));
  if (!live && !flags.incident.empty())
    return InvalidArgument("--incident is of a live drill, and {} is {}", drill.name, ToText(drill.kind));
  if (!live) return absl::OkStatus();
  if (flags.no_live)
    return FailedPrecondition("drill {} is live: it fails production over, and --no-live was said; nothing was touched",
                              drill.name);
  if (!flags.incident.empty()) {
    const auto at = ParseRfc3339(flags.incident);
    RETURN_IF_ERROR(Annotate(at.status(), "--incident"));
    const auto ago = SystemClock().Wall() - *at;
    if (ago < 0ms || ago > kIncidentMost)
      return InvalidArgument("--incident {} is not a time of the last 24 hours", flags.incident);
  }
  return MayAsk(context, flags.consent);
}

LiveRun RunLive(const Context& context, const config::Config& config, const config::DrillConfig& drill,
                failover::DrillAsk ask, const LiveFlags& flags, failover::DrillFolder& folder) {
  PromoteChoice choice;
  choice.verb = "failover";
  choice.consent = flags.consent;
  Asked asked;
  if (!flags.incident.empty()) ask.live.incident = *ParseRfc3339(flags.incident);
  ask.live.look_only = flags.consent.dry_run;
  ask.live.agree = [&](const PromotionSnapshot& plan) {
    asked.plan = plan;
    asked.declined = !flags.consent.dry_run && !flags.consent.yes && !AgreedTo(context, choice, plan);
    return !asked.declined;
  };
  LiveRun run;
  if (flags.direct) {
    run.report = Await(RunDirect(context, config, drill, std::move(ask), folder));
  } else {
    Exit exit = Exit::kOk;
    StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
    if (!agent.ok()) {
      run.ended = kNothingTouched;
      return run;
    }
    run.report = Await(RunThrough(context, *agent, config, drill, std::move(ask), folder));
  }
  if (asked.declined) {
    context.io.err << "klink: nothing was changed\n";
    run.ended = kNothingTouched;
  } else if (flags.consent.dry_run && asked.plan) {
    run.ended = EndPromotion(context, choice, *asked.plan, false) == Exit::kOk ? Exit::kOk : kNothingTouched;
  } else if (flags.consent.dry_run) {
    context.io.err << "klink: " << run.report.summary << "\n";
    run.ended = kNothingTouched;
  }
  return run;
}

}  // namespace klink::cli
