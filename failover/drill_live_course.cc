// The live drill: the plan is shown and agreed to, the failover is the real one, and what it came to is looked at
// behind it. Nothing is rolled back: the way back is part of the report.
#include "base/time_limit.h"
#include "failover/drill_course.h"
#include "failover/drill_failback.h"

namespace klink::failover {
namespace {

constexpr Duration kLiveLimit = 45min;
constexpr Duration kFailbackLimit = 10min;

// What klink would not fail over, and why; empty: all of it can be.
std::string Refused(const link::PromotionSnapshot& plan) {
  for (const link::PromotedMirror& mirror : plan.mirrors)
    if (mirror.outcome != "would_stop")
      return fmt::format("{} is {}{}", mirror.topic, mirror.outcome, mirror.error ? ": " + *mirror.error : "");
  return plan.mirrors.empty() ? "there are no mirrors" : "";
}

}  // namespace

std::vector<FailbackMirror> Drill::Mirrors() const {
  std::vector<FailbackMirror> mirrors;
  for (const DrillTopic& topic : report_.scope.topics) {
    FailbackMirror& mirror = mirrors.emplace_back();
    mirror.topic = topic.topic;
    mirror.source_topic = topic.source_topic;
  }
  return mirrors;
}

// By their names, also when it is all of them: the link goes on with what it may copy besides.
link::PromoteRequest Drill::FailoverRequest() const {
  link::PromoteRequest request;
  request.link = link_.name;
  for (const DrillTopic& topic : report_.scope.topics) request.topics.push_back(topic.topic);
  request.by = report_.operator_name;
  request.reason = report_.reason.empty() ? "live drill " + report_.id : report_.reason;
  return request;
}

Async<Seen> Drill::PlanLive() {
  link::PromoteRequest request = FailoverRequest();
  request.dry_run = true;
  CO_TRY(const link::PromotionSnapshot plan, co_await ask_.live.door->Plan(std::move(request)));
  const std::string refused = Refused(plan);
  if (ask_.live.look_only) (void)ask_.live.agree(plan);
  if (!refused.empty()) co_return FailedPrecondition("{}", refused);
  if (ask_.live.look_only) co_return FailedPrecondition("it was only looked at: nothing was changed");
  if (!ask_.live.agree(plan)) co_return FailedPrecondition("it was not agreed to: nothing was changed");
  co_return fmt::format("{} mirrors would be failed over; {} records would be lost", plan.mirrors.size(),
                        plan.lost ? std::to_string(*plan.lost) : "it is not known how many");
}

Async<Seen> Drill::DeclareIncident() {
  CO_RETURN_IF_ERROR(co_await look_.NoteLoss());
  co_return ask_.live.incident ? fmt::format("it was declared at {}", Rfc3339(*ask_.live.incident))
                               : "it is declared now";
}

Async<Seen> Drill::FailOverLive() {
  CO_RETURN_IF_ERROR(co_await live_->FailOver(FailoverRequest(), report_));
  co_return fmt::format("operation {}: {} mirrors are topics of their own at {}", live_->operation(),
                        report_.scope.topics.size(), link_.destination);
}
Async<Seen> Drill::ReadLive() {
  CO_RETURN_IF_ERROR(co_await live_->Read(report_));
  co_return "every partition can be read up to its cut";
}
Async<Seen> Drill::PositionsLive() {
  report_.groups = co_await look_.ComparePositions(clock_.Now());
  if (!look_.source_answers()) report_.groups = WithoutSource(std::move(report_.groups));
  co_return fmt::format("{} positions of {} groups looked at", report_.groups.size(), drill_.groups.size());
}
Async<Seen> Drill::LookBehind() {
  CO_RETURN_IF_ERROR(co_await live_->LookBehind());
  co_return "what stands behind the cuts, and the last copied batches";
}
Async<Seen> Drill::CompareLive() {
  CO_RETURN_IF_ERROR(co_await live_->Compare(report_));
  co_return fmt::format("{} batches, {} bytes, {} differences", report_.verification.batches_equal,
                        report_.verification.bytes_compared, report_.verification.differences);
}

Async<Seen> Drill::PlanFailback() {
  WayBackAsk ask;
  ask.mirrors = Mirrors();
  ask.export_folder = "klink-failback-" + report_.id;
  Status read;
  if (look_.source_answers()) {
    FailbackAsk both;
    for (const FailbackMirror& mirror : ask.mirrors) both.topics.push_back(mirror.topic);
    auto view = co_await Within(executor_, clock_, kFailbackLimit, "comparing both logs",
                                ReadFailback(config_, link_, std::move(both)));
    read = view.status();
    if (view.ok()) ask.view = *std::move(view);
  }
  report_.failback = PlanWayBack(config_, link_, std::move(ask));
  CO_RETURN_IF_ERROR(read);
  co_return fmt::format("{} commands bring everything back{}", report_.failback->commands.size(),
                        report_.failback->compared ? "" : "; the old source has to answer first");
}

Async<Status> Drill::LiveBody() {
  CO_RETURN_IF_ERROR(co_await Step("incident", DeclareIncident()));
  CO_RETURN_IF_ERROR(co_await Step("failover", FailOverLive()));
  co_return co_await AfterFailover();
}

// What goes wrong from here on is what the drill was run for: the rest is looked at all the same.
Async<Status> Drill::AfterFailover() {
  const Instant now = clock_.Now();
  for (const std::string& command : live_->remaining())
    Note("remaining", now, clock_.Wall(), DrillVerdict::kFailed, command);
  report_.deviations.push_back("first_produce was skipped: a live drill writes no records to topics that are in use");
  const Status read = co_await Step("read", ReadLive());
  if (IsCancelled(read)) co_return read;
  if (!drill_.groups.empty()) (void)co_await Step("positions", PositionsLive());
  (void)co_await Step("behind", LookBehind());
  if (look_.source_answers()) (void)co_await Step("compare", CompareLive());
  (void)co_await Step("loss", MeasureLoss());
  report_.invariants = live_->Judge(report_.groups, report_);
  (void)co_await Step("failback", PlanFailback());
  co_return co_await IsStopping() ? Cancelled("interrupted") : absl::OkStatus();
}

// The link's state says what there is of it, whoever was carrying it out.
Async<void> Drill::NoteStanding(Status why) {
  std::vector<std::string> topics;
  for (const DrillTopic& topic : report_.scope.topics) topics.push_back(topic.topic);
  const Status read = co_await look_.ReadAgain();
  const LiveStanding standing = read.ok() ? StandingOf(look_.state(), topics) : LiveStanding();
  report_.rollback = RollbackOf(standing);
  DrillFailback next;
  for (const std::string& command : live_->remaining()) next.commands.push_back({"left open by the failover", command});
  for (DrillCommand& command : CommandsFor(standing, link_.name)) next.commands.push_back(std::move(command));
  if (!read.ok()) {
    report_.rollback.complete = false;
    report_.rollback.left.push_back(fmt::format("what stands cannot be told: {}", Text(read)));
    next.commands.push_back({"what stands", fmt::format("klink mirror list --link {}", link_.name)});
  }
  aborted_ = OutcomeOfAborted(why, !report_.rollback.complete);
  if (!next.commands.empty()) report_.failback = std::move(next);
}

Async<Status> Drill::RunLive() {
  const std::vector<std::string> stranded = WithoutWayBack(config_, link_, Mirrors());
  if (!stranded.empty())
    report_.deviations.push_back(fmt::format(
        "no link of the configuration goes back from {} to {} with {}{}: it has to be added before anything "
        "can be brought back",
        link_.destination, link_.source, stranded.front(),
        stranded.size() > 1 ? fmt::format(" and {} more", stranded.size() - 1) : ""));
  CO_RETURN_IF_ERROR(co_await Step("plan", PlanLive()));
  if (!drill_.groups.empty() && look_.source_answers()) {
    CO_RETURN_IF_ERROR(co_await look_.NoteGroups());  // once more: a person may have thought for a while
    (void)co_await Step("carried", Positions());
  }
  live_ = std::make_unique<DrillLive>(link_, ask_.live, look_, executor_, clock_);
  begun_ = true;
  const Status ended = co_await UntilInterrupted(LiveBody(), kLiveLimit);
  if (!ended.ok()) co_await NoteStanding(ended);
  co_return ended;
}

}  // namespace klink::failover
