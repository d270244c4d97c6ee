#include "failover/promoter.h"

#include <algorithm>
#include <random>

#include "base/backoff.h"
#include "base/log.h"
#include "failover/cutover.h"
#include "failover/report.h"
#include "failover/targets.h"
#include "state/control.h"

namespace klink::failover {
namespace {

using link::PromoteRequest;
using link::PromotionSnapshot;
using state::MirrorRecord;
using state::Phase;
using state::PromotionKind;
using state::PromotionRecord;
using state::PromotionTopic;

constexpr Duration kAgainFirst = 200ms;
constexpr Duration kAgainMost = 2s;

// Sorts by time; two of one second differ.
std::string NewId(WallTime now) {
  std::string id = Rfc3339(now).substr(0, 19);
  std::erase(id, '-');
  std::erase(id, ':');
  std::random_device entropy;
  return fmt::format("{}Z-{:04x}", id, entropy() & 0xffff);
}

// An automatic failover that somebody has not looked at and lifted stays the only one.
Status OnlyOnce(const state::StateView& view) {
  const PromotionRecord* last = view.automatic_promotion();
  if (last == nullptr || last->id == view.inhibit().cleared) {
    if (!view.inhibit().inhibited) return absl::OkStatus();
    return FailedPrecondition("automatic failover is {}", state::InhibitText(view.inhibit()));
  }
  return FailedPrecondition("klink failed over by itself already, by {}: klink failover --inhibit off lets it again",
                            last->id);
}

}  // namespace

std::set<std::string> RunningTopics(const PromotionRecord& promotion) {
  std::set<std::string> topics;
  for (const PromotionTopic& topic : promotion.topics)
    if (topic.outcome == state::PromotionOutcome::kRunning) topics.insert(topic.topic);
  return topics;
}

Controller::Controller(link::PromotionHost& host, Destination& destination, Executor executor, Clock& clock)
    : host_(host),
      destination_(destination),
      executor_(executor),
      clock_(clock),
      asking_(executor, 1),
      changed_(executor),
      cutover_(std::make_unique<Cutover>(host, *this, executor, clock)) {}
Controller::~Controller() = default;

Async<Status> Controller::Run() {
  Backoff backoff(kAgainFirst, kAgainMost, std::hash<std::string>{}(host_.link()));
  for (;;) {
    Status carried = co_await CarryOut();
    if (carried.ok()) carried = co_await cutover_->GoOn();
    if (IsCancelled(carried)) co_return carried;
    if (carried.ok()) {
      backoff.Reset();
      if (host_.view().promotion() != nullptr || cutover_->Wanted()) continue;
      CO_RETURN_IF_ERROR(co_await changed_.Wait());
      continue;
    }
    Log(Level::kWarning, Event::kPromotionTrouble, "the promotion is gone on with",
        {{"link", host_.link()}, {"error", Text(carried)}});
    if (carried.code() == Code::kFailedPrecondition) co_return carried;  // somebody else controls the link
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(backoff.Next()));
  }
}

Async<Status> Controller::CarryOut() {
  while (const PromotionRecord* found = host_.view().promotion()) {
    PromotionRecord now = *found;
    CO_RETURN_IF_ERROR(co_await Carry(now));
  }
  co_return absl::OkStatus();
}

// One at a time: what the first one writes down is what the second one meets.
Async<StatusOr<PromotionSnapshot>> Controller::Ask(PromoteRequest request) {
  CO_TRY(const int64_t turn, co_await asking_.Take(1));
  auto answer = co_await Answer(std::move(request));
  asking_.Give(turn);
  co_return answer;
}

Async<StatusOr<PromotionSnapshot>> Controller::Answer(PromoteRequest request) {
  if (const PromotionRecord* running = host_.view().promotion()) {
    if (IsCarriedOut(request, host_.view(), host_.sets()))
      co_return Show(host_.link(), host_.view(), OperationOf(*running));
    co_return FailedPrecondition("{} {} of link {}, begun at {}{}{}, is under way at step {}: it comes first",
                                 running->kind == PromotionKind::kPromote ? "promotion" : "failover",
                                 OperationOf(*running), host_.link(), Rfc3339(WallOf(running->started_ms)),
                                 running->by.empty() ? "" : " by ", running->by, Name(running->step));
  }
  for (const std::string& set : request.sets) CO_RETURN_IF_ERROR(host_.sets().CheckKnown(set, host_.link()));
  if (request.automatic) CO_RETURN_IF_ERROR(OnlyOnce(host_.view()));
  PromotionRecord promotion;
  promotion.kind = request.kind;
  promotion.automatic = request.automatic;
  promotion.by = request.by;
  promotion.text = request.reason;
  promotion.pause_link = request.all;
  promotion.started_ms = NowMs();
  promotion.until_ms = promotion.started_ms + ToMillis(request.timeout);
  promotion.topics = PlanTargets(request, host_.view(), host_.sets());
  promotion.id = NewId(clock_.Wall());
  const std::string id = promotion.id;
  const bool begins = !request.dry_run && !RunningTopics(promotion).empty();
  std::vector<PromotionRecord> waves = Waves(std::move(promotion), host_.view(), host_.sets());
  if (!begins) {
    if (!request.dry_run) CO_RETURN_IF_ERROR(co_await PauseBehind(waves.front()));
    co_return Plan(waves, host_, request.dry_run);
  }
  CO_RETURN_IF_ERROR(co_await Begin(std::move(waves)));
  changed_.NotifyAll();
  co_return Show(host_.link(), host_.view(), id);
}

// All of them are STOPPED already, or there are none: nothing new is copied either, as behind those that were.
Async<Status> Controller::PauseBehind(const PromotionRecord& promotion) {
  const auto stopped = [](const PromotionTopic& topic) { return topic.outcome == Outcome::kStopped; };
  const bool all = promotion.pause_link && std::all_of(promotion.topics.begin(), promotion.topics.end(), stopped);
  if (!all || host_.view().pause().paused) co_return absl::OkStatus();
  std::vector<state::Record> records;
  records.emplace_back(state::PauseRecord{true, promotion.by, "all its mirrors are promoted", NowMs()});
  co_return co_await host_.Write(std::move(records));
}

Async<StatusOr<link::CutoverSnapshot>> Controller::AskCutover(link::CutoverRequest request) {
  auto answer = co_await cutover_->Ask(std::move(request));
  changed_.NotifyAll();
  co_return answer;
}

// Copying ends at once in all waves; what each then does comes in its turn.
Async<Status> Controller::Begin(std::vector<PromotionRecord> waves) {
  const bool planned = waves.front().kind == PromotionKind::kPromote;
  const std::string id = waves.front().id;
  const std::string by = waves.front().by;
  size_t topics = 0;
  std::vector<state::Record> records;
  for (PromotionRecord& wave : waves) {
    wave.step = planned ? Step::kSynchronize : Step::kStopCopying;
    if (wave.operation.empty()) wave.times.push_back({wave.step, wave.started_ms});
    topics += RunningTopics(wave).size();
    if (!planned)
      for (state::Record& record : Stopping(wave)) records.push_back(std::move(record));
    records.emplace_back(std::move(wave));
  }
  CO_RETURN_IF_ERROR(co_await host_.Write(std::move(records)));
  Log(Level::kInfo, Event::kPromotionBegun, planned ? "a promotion begins" : "a failover begins",
      {{"link", host_.link()}, {"operation", id}, {"topics", topics}, {"by", by}});
  co_return absl::OkStatus();
}

// The records with which copying ends: every agent that reads them stops, and none begins.
std::vector<state::Record> Controller::Stopping(const PromotionRecord& promotion) const {
  std::vector<state::Record> records;
  const int64_t now = NowMs();
  for (const std::string& topic : RunningTopics(promotion)) {
    const MirrorRecord* mirror = host_.view().mirror(topic);
    if (mirror == nullptr) continue;
    if (mirror->phase != Phase::kPendingStopped) {
      MirrorRecord next = *mirror;
      if (next.phase != Phase::kPaused) next.phase_before = next.phase;
      next.phase = Phase::kPendingStopped;
      next.reason.reset();
      next.text = fmt::format("{} {}", promotion.kind == PromotionKind::kPromote ? "promotion" : "failover",
                              OperationOf(promotion));
      next.since_ms = now;
      records.emplace_back(std::move(next));
    }
    records.emplace_back(CutOf(promotion, topic));
  }
  const state::PauseRecord& pause = host_.view().pause();
  if (promotion.pause_link && !pause.paused)
    records.emplace_back(state::PauseRecord{
        true, promotion.by, fmt::format("all its mirrors are promoted ({})", OperationOf(promotion)), now});
  return records;
}

// What was recorded of this promotion, else what is known as it begins.
state::CutRecord Controller::CutOf(const PromotionRecord& now, const std::string& topic) const {
  const state::CutRecord* known = host_.view().cut(topic);
  if (known != nullptr && known->promotion == now.id) return *known;
  // A promotion that was not finished knew the source at a time when this one may not.
  const bool unfinished = known != nullptr && host_.view().mirror(topic) != nullptr &&
                          host_.view().mirror(topic)->phase == Phase::kPendingStopped;
  state::CutRecord cut;
  if (unfinished) cut = *known;
  cut.topic = topic;
  cut.promotion = now.id;
  if (unfinished) return cut;
  const MirrorRecord* mirror = host_.view().mirror(topic);
  cut.partitions.resize(mirror == nullptr ? 0 : mirror->partitions.size());
  for (size_t p = 0; p < cut.partitions.size(); p++) {
    cut.partitions[p] = CutAt(host_.Standing({topic, static_cast<int32_t>(p)}));
  }
  return cut;
}

std::set<TopicPartition> Controller::PartitionsOf(const std::set<std::string>& topics) const {
  std::set<TopicPartition> partitions;
  for (const std::string& topic : topics)
    if (const MirrorRecord* mirror = host_.view().mirror(topic))
      for (size_t p = 0; p < mirror->partitions.size(); p++) partitions.insert({topic, static_cast<int32_t>(p)});
  return partitions;
}

Async<Status> Controller::Advance(PromotionRecord& now, Step next, std::vector<state::Record> with) {
  now.step = next;
  now.times.push_back({next, NowMs()});
  if (next == Step::kDone) now.finished_ms = NowMs();
  with.emplace_back(now);
  CO_RETURN_IF_ERROR(co_await host_.Write(std::move(with)));
  if (next != Step::kDone) co_return absl::OkStatus();
  const auto shown = Show(host_.link(), host_.view(), OperationOf(now));
  if (shown.ok() && shown->state != "RUNNING")  // its last wave
    Log(Level::kInfo, Event::kPromotionEnded, fmt::format("the {} is {}", shown->verb, shown->state),
        {{"link", host_.link()}, {"operation", OperationOf(now)}, {"seconds", shown->seconds.value_or(0)}});
  co_return absl::OkStatus();
}

Async<Status> Controller::Carry(PromotionRecord& now) {
  if (now.times.empty()) now.times.push_back({now.step, NowMs()});
  while (now.step != Step::kDone) {
    Status step;
    switch (now.step) {
      case Step::kSynchronize:
        step = co_await Synchronize(now);
        break;
      case Step::kStopCopying:
        step = co_await StopCopying(now);
        break;
      case Step::kEndTransactions:
        step = co_await EndTransactions(now);
        break;
      case Step::kFence:
        step = co_await Fence(now);
        break;
      case Step::kRecordCut:
        step = co_await RecordCut(now);
        break;
      case Step::kCommitGroups:
        step = co_await CommitGroups(now);
        break;
      case Step::kRestoreConfigs:
        step = co_await RestoreConfigs(now);
        break;
      case Step::kReleaseAcls:
        step = co_await ReleaseAcls(now);
        break;
      case Step::kDone:
        break;
    }
    CO_RETURN_IF_ERROR(step);
  }
  co_return absl::OkStatus();
}

}  // namespace klink::failover
