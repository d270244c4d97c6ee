// What the agents of a link know of its source together: an agent that does not hear of it leaves its place to one that
// does, and when none does for long enough, whoever leads fails over by itself where that is asked for.
#include <algorithm>

#include "base/log.h"
#include "link/group_requests.h"
#include "link/link.h"
#include "state/control.h"
#include "state/link_topics.h"

namespace klink::link {
namespace {

constexpr Duration kAutomaticAgain = 10s;  // after one that could not be begun
constexpr char kItself[] = "klink (auto_failover)";

}  // namespace

Async<void> Link::WatchSight() {
  while ((co_await parts_.clock.Sleep(kSightEvery)).ok()) {
    silence_.Tick(parts_.clock.Now(), source_.last_answer());
    const Duration silent = silence_.lasts(parts_.clock.Now());
    if (config_.auto_failover.enabled || aside_ || silent >= 2 * kSightEvery) co_await LookAround();
    const Instant now = parts_.clock.Now();
    std::vector<Sight> others = sights_.Fresh(now, parts_.instance_id);
    if (aside_ && !StaysAway(silence_.lasts(now), others)) {
      aside_ = false;
      Log(Level::kInfo, Event::kStoodAside, "this agent takes its place again", {{"link", config_.name}});
      changed_.NotifyAll();
    }
    const bool promoting = state_ && state_->view().promotion() != nullptr;
    if (leading_ && !aside_ && !promoting && membership_ && HandsOver(silence_.lasts(now), others)) {
      aside_ = true;
      Log(Level::kWarning, Event::kStoodAside, "this agent does not hear of the source, another one does",
          {{"link", config_.name}, {"cluster", config_.source}, {"seconds", ToMillis(silence_.lasts(now)) / 1000}});
      membership_->changed().NotifyAll();
    } else if (steering_) {
      co_await ConsiderFailover(std::move(others));
    }
  }
}

// What the marks say by which agents keep their leases.
Async<void> Link::LookAround() {
  const std::string group = state::WorkGroup(config_.name);
  const std::vector<std::string> groups(1, group);
  const auto found = co_await FindCoordinators(destination_, groups);
  if (!found.ok() || !found->contains(group) || !found->at(group).ok()) co_return;
  const auto committed = co_await FetchCommitted(destination_, *found->at(group), groups);
  if (!committed.ok()) co_return;
  std::vector<std::string> marks;
  for (const kafka::CommittedGroup& one : *committed)
    for (const kafka::CommittedTopic& topic : one.topics)
      for (const kafka::CommittedPartition& shard : topic.partitions)
        if (shard.metadata) marks.push_back(*shard.metadata);
  sights_.Heard(marks, parts_.clock.Now());
}

// In order: what was mirrored is drained, the shards are given back, and the group does not wait for this session.
Async<void> Link::StandAside() {
  const size_t held = membership_ ? membership_->owned().size() : 0;
  if (membership_) co_await membership_->Close();
  co_await StopLeading();
  co_await LeaveToOthers(held);
}

Async<Status> Link::UntilWelcome() {
  while (aside_) CO_RETURN_IF_ERROR(co_await changed_.Wait());
  co_return absl::OkStatus();
}

AutoFailoverFacts Link::FactsOfFailover(std::vector<Sight> others) const {
  const state::StateView& view = state_->view();
  const state::InhibitRecord& inhibit = view.inhibit();
  AutoFailoverFacts facts{config_.auto_failover};
  facts.silent = silence_.lasts(parts_.clock.Now());
  facts.others = std::move(others);
  facts.inhibited = inhibit.inhibited;
  if (inhibit.inhibited) facts.inhibited_text = InhibitText(inhibit);
  facts.link_paused = view.pause().paused;
  facts.promotion_runs = view.promotion() != nullptr;
  if (const state::PromotionRecord* last = view.automatic_promotion(); last != nullptr && last->id != inhibit.cleared)
    facts.done = last->id;
  const std::vector<std::string>& sets = config_.auto_failover.sets;
  facts.anything_left = std::any_of(view.mirrors().begin(), view.mirrors().end(), [&](const auto& mirror) {
    const std::string* set = sets_.SetOf(mirror.second.source_topic);
    return mirror.second.phase != state::Phase::kStopped && set != nullptr &&
           std::find(sets.begin(), sets.end(), *set) != sets.end();
  });
  return facts;
}

Async<void> Link::ConsiderFailover(std::vector<Sight> others) {
  if (!state_) co_return;
  const AutoFailoverStep before = automatic_.step;
  automatic_ = DecideFailover(FactsOfFailover(std::move(others)));
  if (automatic_.step == AutoFailoverStep::kHeld && before != AutoFailoverStep::kHeld)
    Log(Level::kWarning, Event::kAutoFailoverHeld, automatic_.why, {{"link", config_.name}});
  if (automatic_.step == AutoFailoverStep::kGo && parts_.clock.Now() >= automatic_again_) co_await FailOverAlone();
}

// Written to the audit log before anything is done; the journal says for good that it was.
Async<void> Link::FailOverAlone() {
  automatic_again_ = parts_.clock.Now() + kAutomaticAgain;
  PromoteRequest request;
  request.link = config_.name;
  request.sets = config_.auto_failover.sets;
  request.automatic = true;
  request.by = kItself;
  request.reason = automatic_.why;
  state::AuditEvent event;
  event.type = "klink.failover.automatic.requested";
  event.subject = config_.name;
  event.data["reason"] = automatic_.why;
  event.data["sets"] = ToJson(request.sets);
  state::AuditEvent outcome = event;
  if (parts_.auditor != nullptr) {
    if (const Status written = co_await parts_.auditor->Before(std::move(event)); !written.ok()) {
      Log(Level::kWarning, Event::kAutoFailoverHeld, "nothing is failed over, as it cannot be written down",
          {{"link", config_.name}, {"error", Text(written)}});
      co_return;
    }
  }
  Log(Level::kWarning, Event::kAutoFailover, automatic_.why, {{"link", config_.name}});
  const auto begun = co_await Promote(std::move(request));
  outcome.type = begun.ok() ? "klink.failover.automatic.begun" : "klink.failover.automatic.failed";
  if (begun.ok() && begun->operation) outcome.data["operation"] = ToJson(*begun->operation);
  if (!begun.ok()) {
    outcome.data["error"] = Text(begun.status());
    Log(Level::kWarning, Event::kAutoFailoverHeld, "it could not be begun",
        {{"link", config_.name}, {"error", Text(begun.status())}});
  }
  if (parts_.auditor != nullptr) co_await parts_.auditor->After(std::move(outcome));
}

Async<StatusOr<InhibitSnapshot>> Link::ChangeInhibit(InhibitRequest request) {
  const state::InhibitRecord was = state_->view().inhibit();
  const state::PromotionRecord* last = state_->view().automatic_promotion();
  const state::Order order{request.by, request.reason, parts_.clock.Wall().time_since_epoch().count()};
  const state::InhibitRecord next =
      request.inhibit ? state::Inhibit(was, order) : state::Permit(was, order, last == nullptr ? "" : last->id);
  InhibitSnapshot answer;
  answer.enabled = config_.auto_failover.enabled;
  answer.inhibited_before = was.inhibited;
  answer.inhibited = next.inhibited;
  if (next.cleared != was.cleared) answer.rearmed_of = next.cleared;
  if (next != was) answer.outcome = request.inhibit ? "inhibited" : "lifted";
  if (request.dry_run || next == was) co_return answer;
  CO_RETURN_IF_ERROR(Written(co_await state_->WriteOne(next)));
  Log(Level::kInfo, Event::kFailoverInhibited,
      next.inhibited ? "klink does not fail over by itself" : "klink may fail over by itself where it is configured to",
      {{"link", config_.name}, {"by", request.by}, {"why", request.reason}});
  co_return answer;
}

void Link::ShowAutoFailover(LinkSnapshot& link) const {
  if (!state_) return;
  const state::InhibitRecord& inhibit = state_->view().inhibit();
  if (!config_.auto_failover.enabled && !inhibit.inhibited) return;
  TaskSnapshot& task = link.tasks.emplace_back(TaskOf("auto-failover"));
  if (!config_.auto_failover.enabled) {
    task.state = state::Name(state::TaskState::kNotConfigured);
    task.reason = fmt::format("auto_failover.enabled is false; {}", InhibitText(inhibit));
    return;
  }
  if (automatic_.why.empty()) return;
  task.reason = automatic_.why;
  if (automatic_.step != AutoFailoverStep::kHeld) return;
  task.state = state::Name(state::TaskState::kInError);
  task.reason_code = state::Name(state::Reason::kSourceUnavailable);
  if (inhibit.inhibited) task.since = WallOf(inhibit.since_ms);
}

}  // namespace klink::link
