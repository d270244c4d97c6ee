// Pausing and resuming, as the owner of shard 0 does it: the record first, fenced like every other; then the mirrors
// follow it at once. A caller is answered when nothing of ours is under way any more to what was paused. The work is a
// task of the leader, not of the caller: losing the lead ends it, and a caller that goes away does not.
#include <algorithm>

#include "base/log.h"
#include "link/control_plan.h"
#include "link/link.h"

namespace klink::link {

using state::LinkCondition;
using state::Runs;

// An answer that the caller and the leader's task both hold.
template <class T>
struct Link::Asked {
  explicit Asked(Executor executor) : done(std::move(executor)) {}
  std::optional<StatusOr<T>> answer;
  Signal done;
};

namespace {

constexpr Duration kUntilControl = 10s;  // within what a caller of the HTTP interface waits
constexpr Duration kControlPoll = 50ms;

template <class T, class A>
Async<void> Answer(Async<StatusOr<T>> work, std::shared_ptr<A> asked) {
  asked->answer = co_await std::move(work);
  asked->done.NotifyAll();
}

template <class A>
auto Await(std::shared_ptr<A> asked) -> Async<typename decltype(asked->answer)::value_type> {
  while (!asked->answer) CO_RETURN_IF_ERROR(co_await asked->done.Wait());
  co_return *std::move(asked->answer);
}

}  // namespace

// The agent that leads, where the state names another one.
const std::string* Link::LedElsewhere() const {
  if (!state_) return nullptr;
  const auto& controller = state_->view().controller();
  return controller && controller->agent != parts_.agent_id ? &controller->agent : nullptr;
}

// Only the leader writes the state. A standby names it, as far as the state says who it is.
Status Link::MayControl() const {
  if (steering_) return absl::OkStatus();
  if (!state_) return Unavailable("link {} is not connected yet: {}", config_.name, text_);
  if (const std::string* leader = LedElsewhere())
    return Unavailable("link {} is led by agent {}, this is {}: ask that one", config_.name, *leader, parts_.agent_id);
  return Unavailable("link {}: agent {} does not lead the link now: try again, or ask the agent that does",
                     config_.name, parts_.agent_id);
}

// Right after a start, or between two turns, nobody leads and this agent is about to: whoever asks waits for that.
Async<Status> Link::UntilControl() const {
  const Instant last = parts_.clock.Now() + kUntilControl;
  Status may = MayControl();
  while (!may.ok() && !LedElsewhere() && parts_.clock.Now() < last) {
    CO_RETURN_IF_ERROR(co_await parts_.clock.Sleep(kControlPoll));
    may = MayControl();
  }
  co_return may;
}

// The leader's task, not the caller's: see above.
template <class T, class Request>
Async<StatusOr<T>> Link::AsLeader(Async<StatusOr<T>> (Link::*work)(Request), Request request) {
  CO_RETURN_IF_ERROR(co_await UntilControl());
  auto asked = std::make_shared<Asked<T>>(parts_.executor);
  lead_->Spawn(Answer((this->*work)(std::move(request)), asked));
  co_return co_await Await(asked);
}

Async<StatusOr<std::vector<ControlledMirror>>> Link::ControlMirrors(ControlRequest request) {
  return AsLeader(&Link::ChangeMirrors, std::move(request));
}

Async<StatusOr<ControlledLink>> Link::ControlLink(ControlRequest request) {
  return AsLeader(&Link::ChangeLink, std::move(request));
}

Async<StatusOr<std::vector<RealignedMirror>>> Link::Realign(ControlRequest request) {
  return AsLeader(&Link::ChangeAlignment, std::move(request));
}

Async<StatusOr<std::vector<AdoptedMirror>>> Link::Adopt(AdoptRequest request) {
  return AsLeader(&Link::BeginAdoption, std::move(request));
}

Async<StatusOr<PromotionSnapshot>> Link::Promote(PromoteRequest request) {
  return AsLeader(&Link::BeginPromotion, std::move(request));
}

Async<StatusOr<CutoverSnapshot>> Link::Cutover(CutoverRequest request) {
  return AsLeader(&Link::BeginCutover, std::move(request));
}

Async<StatusOr<InhibitSnapshot>> Link::Inhibit(InhibitRequest request) {
  return AsLeader(&Link::ChangeInhibit, std::move(request));
}

Async<Status> Link::DropMirror(DropRequest request) {
  const auto dropped = co_await AsLeader(&Link::DropOne, std::move(request));
  co_return dropped.status();
}

// An error of writing the state, as the caller should see it.
Status Link::Written(Status written) const {
  if (written.ok() || (steering_ && state_->in_control() && !IsCancelled(written))) return written;
  return Unavailable("link {} goes over to another agent, what was asked may not be written: try again", config_.name);
}

Async<StatusOr<std::vector<ControlledMirror>>> Link::ChangeMirrors(ControlRequest request) {
  const LinkSnapshot shown = Snapshot();
  std::map<std::string, MirrorFacts> facts;
  for (const MirrorSnapshot& mirror : shown.mirrors) facts[mirror.topic] = FactsOf(mirror);
  ControlPlan plan = PlanControl(request, facts, state_->view().pause().paused ? LinkCondition::kPaused : condition_,
                                 parts_.clock.Wall().time_since_epoch().count());
  if (request.dry_run) co_return std::move(plan.answers);
  CO_RETURN_IF_ERROR(Written(co_await book_->PutAll(std::move(plan.records))));
  for (const ControlledMirror& mirror : plan.answers) {
    if (mirror.outcome == "refused" || mirror.outcome == "unchanged") continue;
    const bool paused = mirror.outcome == "paused";
    Log(Level::kInfo, paused ? Event::kMirrorPaused : Event::kMirrorResumed, mirror.outcome,
        {{"link", config_.name},
         {"topic", mirror.topic},
         {"by", request.by},
         {"why", request.reason},
         {"accept", state::Name(request.accept)}});
  }
  for (const std::string& topic : plan.restart) StopFailed(topic);
  CO_RETURN_IF_ERROR(co_await FollowRecords());
  co_return std::move(plan.answers);
}

Async<StatusOr<ControlledLink>> Link::ChangeLink(ControlRequest request) {
  const bool pause = request.verb == ControlVerb::kPause;
  const state::PauseRecord was = state_->view().pause();
  const state::Order order{request.by, request.reason, parts_.clock.Wall().time_since_epoch().count()};
  const state::PauseRecord next = pause ? state::Pause(was, order) : state::Resume(was, order);
  ControlledLink answer;
  answer.state_before = Snapshot().state;
  answer.state = pause ? Name(LinkCondition::kPaused) : was.paused ? Name(condition_) : answer.state_before;
  for (const auto& [topic, record] : state_->view().mirrors()) answer.mirrors += Runs(record.phase);
  if (next != was) answer.outcome = pause ? "paused" : "resumed";
  if (request.dry_run || next == was) co_return answer;
  CO_RETURN_IF_ERROR(Written(co_await state_->WriteOne(next)));
  Log(Level::kInfo, pause ? Event::kLinkPaused : Event::kLinkResumed, answer.outcome,
      {{"link", config_.name}, {"by", request.by}, {"why", request.reason}});
  CO_RETURN_IF_ERROR(co_await FollowRecords());
  co_return answer;
}

MirrorFacts Link::FactsOf(const MirrorSnapshot& mirror) const {
  MirrorFacts facts;
  facts.record = book_->Find(mirror.topic);
  facts.state = mirror.state;
  for (const PartitionSnapshot& partition : mirror.partitions) {
    if (partition.state != Name(state::MirrorState::kFailed) || !partition.reason_code) continue;
    if (const auto reason = state::FindReason(*partition.reason_code))
      facts.halted.partitions[partition.partition] = *reason;
  }
  if (const auto trouble = troubles_.find(mirror.topic); trouble != troubles_.end())
    facts.halted.mirror = trouble->second.reason;
  return facts;
}

bool Link::MayRun(const std::string& topic) const { return book_ && book_->MayRun(topic); }

bool Link::Stand(const std::string& topic) const {
  const auto of_topic = [&topic](const auto& entry) { return entry.first.topic == topic; };
  return std::none_of(mirrors_.begin(), mirrors_.end(), of_topic) &&
         std::none_of(stopping_.begin(), stopping_.end(), of_topic);
}

Async<Status> Link::Forget(std::string topic, int32_t partitions) {
  for (int32_t p = 0; p < partitions; p++) {
    const TopicPartition tp{topic, p};
    stopped_.erase(tp);
    CO_RETURN_IF_ERROR(co_await store_->Erase(tp));
  }
  co_return absl::OkStatus();
}

// What failed is begun anew by the next round, which comes at once.
void Link::StopFailed(const std::string& topic) {
  std::vector<TopicPartition> failed;
  for (const auto& [tp, running] : mirrors_)
    if (tp.topic == topic && running.runner->progress().failed()) failed.push_back(tp);
  for (const TopicPartition& tp : failed) StopMirror(tp);
}

// Stops what the records do not let run, waits for that, and lets a round start what they do.
Async<Status> Link::FollowRecords() {
  std::vector<TopicPartition> over;
  for (const auto& [tp, running] : mirrors_)
    if (!MayRun(tp.topic)) over.push_back(tp);
  for (const TopicPartition& tp : over) StopMirror(tp);
  SyncNow();
  const auto under_way = [this](const auto& stopping) { return !MayRun(stopping.first.topic); };
  while (std::any_of(stopping_.begin(), stopping_.end(), under_way))
    if (!(co_await changed_.Wait()).ok())
      co_return Unavailable("link {} goes over to another agent: it is written, and that one follows it", config_.name);
  co_return absl::OkStatus();
}

void Link::SyncNow() {
  sync_due_ = true;
  changed_.NotifyAll();
}

// Until topics or their settings are due, or a round is wanted sooner.
Async<Status> Link::UntilSyncDue() {
  Duration pause = std::max<Duration>(0s, next_sync_ - parts_.clock.Now());
  if (sync_status_.ok() && !state_->view().pause().paused) pause = std::min(pause, configs_->UntilDue());
  timer_due_ = false;
  TaskGroup timer(parts_.executor);
  timer.Spawn(WakeAfter(pause));
  Status waited;
  while (waited.ok() && !sync_due_ && !timer_due_) waited = co_await changed_.Wait();
  timer.Stop();
  co_await timer.Join();
  co_return waited;
}

Async<void> Link::WakeAfter(Duration pause) {
  if (!(co_await parts_.clock.Sleep(pause)).ok()) co_return;
  timer_due_ = true;
  changed_.NotifyAll();
}

}  // namespace klink::link
