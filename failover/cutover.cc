#include "failover/cutover.h"

#include <algorithm>
#include <random>

#include <fmt/ranges.h>

#include "base/log.h"
#include "base/time_limit.h"
#include "failover/promoter.h"
#include "failover/report.h"

namespace klink::failover {
namespace {

using link::CutoverOrder;
using link::CutoverRequest;
using link::CutoverSnapshot;
using link::MovedMirror;
using state::Phase;

constexpr Duration kLookEvery = 200ms;
constexpr Duration kGroupsLimit = 20s;
constexpr Duration kPromoteLimit = 60s;  // of each promotion, once nobody writes

std::string NewId(WallTime now) {
  std::string id = Rfc3339(now).substr(0, 19);
  std::erase(id, '-');
  std::erase(id, ':');
  std::random_device entropy;
  return fmt::format("{}Z-{:04x}", id, entropy() & 0xffff);
}

std::vector<admin::Acl> Denials(const state::CutoverRecord& move) {
  std::vector<admin::Acl> acls;
  for (const std::string& topic : move.denied) acls.push_back(link::DenyOf(topic));
  return acls;
}

// Whether everybody may use them, or nobody but super users, a broker does not tell.
Status Unnamed(const std::vector<std::string>& topics) {
  return FailedPrecondition(
      "no ACL at the source names {}: a DENY would be the first, and where allow.everyone.if.no.acl.found lets "
      "everybody in it would shut out readers, and klink, as well; grant those ALLOW on {} before, or stop the "
      "producers and leave --block out",
      fmt::join(topics, ", "), topics.size() == 1 ? "it" : "them");
}

std::vector<std::string> Union(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

}  // namespace

Cutover::Cutover(link::PromotionHost& host, Controller& promotions, Executor executor, Clock& clock)
    : host_(host), promotions_(promotions), executor_(std::move(executor)), clock_(clock) {}

const state::CutoverRecord* Cutover::Running() const {
  const auto& move = host_.view().cutover();
  return move && move->step != Step::kDone && move->halted.empty() ? &*move : nullptr;
}
bool Cutover::Wanted() const { return Running() != nullptr; }

std::set<std::string> Cutover::Left(const Record& move) const {
  std::set<std::string> left;
  for (const std::string& topic : move.topics) {
    const state::MirrorRecord* mirror = host_.view().mirror(topic);
    if (mirror != nullptr && mirror->phase != Phase::kStopped) left.insert(topic);
  }
  return left;
}

// ---- what is asked for ----

Async<StatusOr<CutoverSnapshot>> Cutover::Ask(CutoverRequest request) {
  for (const std::string& set : request.sets) CO_RETURN_IF_ERROR(host_.sets().CheckKnown(set, host_.link()));
  const auto& move = host_.view().cutover();
  if (move && move->step != Step::kDone) co_return co_await Again(std::move(request));
  if (request.order == CutoverOrder::kUndo)
    co_return FailedPrecondition("link {}: no planned move is under way, so there is nothing to undo", host_.link());
  const bool dry_run = request.dry_run;
  co_return co_await Begin(std::move(request), dry_run);
}

Async<StatusOr<CutoverSnapshot>> Cutover::Begin(CutoverRequest request, bool dry_run) {
  CutoverSnapshot plan;
  plan.link = host_.link();
  plan.dry_run = dry_run;
  plan.block = request.block;
  plan.settle_seconds = static_cast<double>(ToMillis(request.settle)) / 1000.0;
  plan.mirrors = PlanMove(request, host_);
  std::set<std::string> sources;
  bool refused = false;
  Record move;
  for (const MovedMirror& mirror : plan.mirrors) {
    refused |= mirror.outcome == "refused";
    if (mirror.outcome != "would_move") continue;
    move.topics.push_back(mirror.topic);
    sources.insert(host_.view().mirror(mirror.topic)->source_topic);
  }
  if (refused) plan.state = "REFUSED";  // a planned move that cannot be made is not made
  if (refused || move.topics.empty()) {
    if (!refused && !dry_run) plan.state = "COMPLETED";
    co_return plan;
  }
  if (request.block) {
    if (host_.door() == nullptr) co_return FailedPrecondition("producers can be denied writing by an agent alone");
    CO_TRY(const std::vector<admin::Acl> acls, co_await host_.door()->Look());
    link::DoorPlan door = link::PlanDoor(sources, acls);
    if (!door.unnamed.empty()) co_return Unnamed(door.unnamed);
    move.denied = plan.denied = std::move(door.deny);
  }
  if (dry_run) co_return plan;
  move.id = NewId(clock_.Wall());
  move.step = request.block ? Step::kBlock : Step::kDrain;
  move.block = request.block;
  if (const auto& last = host_.view().cutover()) {
    move.denied_before = last->denied_before;
    if (!last->undone) move.denied_before = Union(std::move(move.denied_before), last->denied);
  }
  move.settle_ms = ToMillis(request.settle);
  move.timeout_ms = ToMillis(request.timeout);
  move.started_ms = NowMs();
  move.until_ms = move.started_ms + move.timeout_ms;
  move.by = request.by;
  move.text = request.reason;
  CO_RETURN_IF_ERROR(co_await Write(std::move(move)));
  co_return ShowCutover(host_.link(), host_.view());
}

// One is under way, or waits.
Async<StatusOr<CutoverSnapshot>> Cutover::Again(CutoverRequest request) {
  Record move = *host_.view().cutover();
  const bool undo = request.order == CutoverOrder::kUndo;
  if (undo && !MayMove(move.step, Step::kUndo))
    co_return FailedPrecondition("cutover {} of link {} is at {}: what was begun to be promoted is not undone", move.id,
                                 host_.link(), Name(move.step));
  if (!undo)
    for (const MovedMirror& mirror : PlanMove(request, host_))
      if (std::find(move.topics.begin(), move.topics.end(), mirror.topic) == move.topics.end())
        co_return FailedPrecondition(
            "cutover {} of link {}, begun at {}{}{}, is under way at step {} and does not have {}: it comes first; "
            "klink cutover --undo ends it",
            move.id, host_.link(), Rfc3339(WallOf(move.started_ms)), move.by.empty() ? "" : " by ", move.by,
            Name(move.step), mirror.topic);
  if (request.dry_run) {
    auto shown = ShowCutover(host_.link(), host_.view());
    if (shown.ok()) shown->dry_run = true;
    co_return shown;
  }
  if (undo) move.step = Step::kUndo;
  move.halted.clear();
  move.until_ms = NowMs() + move.timeout_ms;
  CO_RETURN_IF_ERROR(co_await Write(std::move(move)));
  co_return ShowCutover(host_.link(), host_.view());
}

Async<Status> Cutover::Write(Record record) {
  const Step step = record.step;
  const std::string id = record.id, halted = record.halted;
  std::vector<state::Record> records;
  records.emplace_back(std::move(record));
  CO_RETURN_IF_ERROR(co_await host_.Write(std::move(records)));
  Log(halted.empty() ? Level::kInfo : Level::kWarning, halted.empty() ? Event::kCutoverStep : Event::kCutoverHalted,
      halted.empty() ? "a planned move goes on" : halted,
      {{"link", host_.link()}, {"operation", id}, {"step", Name(step)}});
  co_return absl::OkStatus();
}

Async<Status> Cutover::Halt(std::string why) {
  Record move = *host_.view().cutover();
  move.halted = std::move(why);
  co_return co_await Write(std::move(move));
}

// ---- what is done ----

Async<Status> Cutover::GoOn() {
  while (Running() != nullptr && host_.view().promotion() == nullptr) {
    const int64_t version = host_.view().version();
    Status done = co_await OneStep();
    // Somebody may have undone it just when it was to go on: what is written then is what counts.
    const bool overtaken =
        done.code() == Code::kFailedPrecondition && host_.MayStep().ok() && host_.view().version() != version;
    if (!done.ok() && !overtaken) co_return done;
  }
  co_return absl::OkStatus();
}

Async<Status> Cutover::OneStep() {
  switch (Running()->step) {
    case Step::kBlock:
      co_return co_await Block();
    case Step::kDrain:
      co_return co_await Drain();
    case Step::kPromote:
      co_return co_await Promote();
    case Step::kUndo:
      co_return co_await Undo();
    case Step::kDone:
      break;
  }
  co_return absl::OkStatus();
}

// What is to be made stands in the journal already, so that an undo finds all of it.
Async<Status> Cutover::Block() {
  Record move = *Running();
  CO_RETURN_IF_ERROR(host_.MayStep());
  Status made = Unavailable("the source cannot be asked from here");
  if (host_.door() != nullptr) {
    std::vector<admin::Acl> denied = Denials(move);
    made = co_await host_.door()->Create(std::move(denied));
  }
  if (IsCancelled(made)) co_return made;
  if (!made.ok()) co_return co_await Halt(fmt::format("producers could not be denied writing: {}", Text(made)));
  if (const Record* now = Running(); now == nullptr || now->step != Step::kBlock) co_return absl::OkStatus();
  move.step = Step::kDrain;
  co_return co_await Write(std::move(move));
}

// Until everything is copied, nobody has written for the whole settle window, and groups stand where they stood.
Async<Status> Cutover::Drain() {
  Quiet quiet(std::chrono::milliseconds(Running()->settle_ms));
  for (;;) {
    const Record* now = Running();
    if (now == nullptr || now->step != Step::kDrain || host_.view().promotion() != nullptr) co_return absl::OkStatus();
    const Record move = *now;
    const std::set<std::string> left = Left(move);
    auto missing = co_await promotions_.NotReady(left, quiet);
    if (missing.empty()) {
      const Status groups =
          co_await Within(executor_, clock_, kGroupsLimit, "carrying the groups over", host_.SyncGroups());
      if (IsCancelled(groups)) co_return groups;
      if (!groups.ok())
        for (const std::string& topic : left)
          missing[topic] = fmt::format("groups do not stand where they stand at the source: {}", Text(groups));
    }
    now = Running();
    if (now == nullptr || now->step != Step::kDrain) co_return absl::OkStatus();
    if (missing.empty()) {
      Record next = *now;
      next.step = Step::kPromote;
      co_return co_await Write(std::move(next));
    }
    if (NowMs() >= now->until_ms)
      co_return co_await Halt(fmt::format("{} of {} mirrors are not ready: {}: {}", missing.size(), left.size(),
                                          missing.begin()->first, missing.begin()->second));
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kLookEvery));
  }
}

// The next few, by a promotion of their own, in the order of the journal.
Async<Status> Cutover::Promote() {
  Record move = *Running();
  const std::set<std::string> left = Left(move);
  if (left.empty()) {
    move.step = Step::kDone;
    move.finished_ms = NowMs();
    co_return co_await Write(std::move(move));
  }
  link::PromoteRequest request;
  request.link = host_.link();
  request.kind = state::PromotionKind::kPromote;
  for (const std::string& topic : move.topics)
    if (left.contains(topic) && request.topics.size() < kMovedAtOnce) request.topics.push_back(topic);
  request.timeout = kPromoteLimit;
  request.by = move.by;
  request.reason = fmt::format("cutover {}", move.id);
  const auto asked = co_await promotions_.Ask(std::move(request));
  CO_RETURN_IF_ERROR(StatusOf(asked));
  if (asked->operation) CO_RETURN_IF_ERROR(co_await promotions_.CarryOut());
  StatusOr<link::PromotionSnapshot> ended = *asked;
  if (asked->operation) ended = Show(host_.link(), host_.view(), *asked->operation);
  CO_RETURN_IF_ERROR(StatusOf(ended));
  for (const link::PromotedMirror& mirror : ended->mirrors)
    if (mirror.outcome != "stopped" && mirror.outcome != "already_stopped")
      co_return co_await Halt(fmt::format("{} is {}: {}", mirror.topic, mirror.outcome, mirror.error.value_or("")));
  co_return absl::OkStatus();
}

Async<Status> Cutover::Undo() {
  Record move = *Running();
  CO_RETURN_IF_ERROR(host_.MayStep());
  Status undone = absl::OkStatus();
  if (move.block && host_.door() != nullptr) {
    std::vector<admin::Acl> denied = Denials(move);
    undone = co_await host_.door()->Delete(std::move(denied));
  }
  if (IsCancelled(undone)) co_return undone;
  if (!undone.ok()) co_return co_await Halt(fmt::format("producers are still denied writing: {}", Text(undone)));
  move.step = Step::kDone;
  move.undone = true;
  move.finished_ms = NowMs();
  co_return co_await Write(std::move(move));
}

}  // namespace klink::failover
