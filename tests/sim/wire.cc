#include "tests/sim/wire.h"

#include <algorithm>

namespace klink::sim {

namespace {
constexpr Duration kDeadline = 10s;
constexpr double kSomethingLandsLate = 0.6;
}  // namespace

void Wire::Send(int leader, SharedBytes batch, std::string transactional_id, link::Acks acks,
                std::weak_ptr<link::PendingAppend> pending) {
  if (!current_ || !current_->open || current_->leader != leader) {
    if (current_ && current_->open && !current_->unanswered.empty()) Break();
    current_ = std::make_shared<Connection>();
    current_->leader = leader;
  }
  const std::shared_ptr<Connection> c = current_;
  const Shared shared{world_, dest_};
  Random& random = world_.random();
  const Duration late_most = weather_.late_most;
  auto request =
      std::make_shared<Request>(Request{std::move(batch), std::move(transactional_id), acks, std::move(pending)});
  c->unanswered.push_back(request);
  if (random.Chance(weather_.reset))
    world_.After(random.Within(Duration(0), 4 * weather_.latency_most), [=] { Reset(shared, c, late_most); });
  c->requests_lost |= random.Chance(weather_.lost_request);
  c->answers_lost |= random.Chance(weather_.lost_answer);
  if (!c->requests_lost) {
    c->last_arrival = std::max(c->last_arrival, world_.now() + weather_.Latency(world_));
    const Duration back = weather_.Latency(world_);
    world_.At(c->last_arrival, [=] { Arrive(shared, c, request, back); });
  }
  world_.After(kDeadline, [=] {
    if (!request->answered) Reset(shared, c, late_most);
  });
}

void Wire::Break() {
  if (current_) Reset({world_, dest_}, current_, weather_.late_most);
}

void Wire::Arrive(Shared shared, std::shared_ptr<Connection> c, std::shared_ptr<Request> r, Duration back) {
  if (!c->open) return;
  r->stage = Stage::kArrived;
  Take(shared, std::move(c), back);
}

void Wire::Take(Shared shared, std::shared_ptr<Connection> c, Duration back) {
  if (c->taking || !c->open) return;
  auto next =
      std::find_if(c->unanswered.begin(), c->unanswered.end(), [](const auto& r) { return r->stage != Stage::kTaken; });
  if (next == c->unanswered.end() || (*next)->stage != Stage::kArrived) return;
  const std::shared_ptr<Request> r = *next;
  r->stage = Stage::kTaken;
  c->taking = true;
  const int64_t end_before = shared.dest.end();
  shared.dest.Produce(
      c->leader, r->batch.view(), r->transactional_id,
      [=](kafka::Error error, int64_t base) {
        c->taking = false;
        if (!c->open || c->answers_lost) {
          if (shared.dest.end() > end_before) shared.world.Count(Fault::kLostAnswer);
        } else {
          StatusOr<DestOffset> answer = DestOffset(base);
          if (error != kafka::Error::kNone) answer = kafka::ToStatus(error, "appending to sim-0");
          c->last_answer = std::max(c->last_answer, shared.world.now() + back);
          shared.world.At(c->last_answer, [=] { Deliver(c, r, answer); });
        }
        shared.world.After(Duration(0), [=] { Take(shared, c, back); });
      },
      r->acks);
}

void Wire::Deliver(std::shared_ptr<Connection> c, std::shared_ptr<Request> r, StatusOr<DestOffset> answer) {
  if (!c->open) return;
  r->answered = true;
  std::erase(c->unanswered, r);
  if (auto pending = r->pending.lock()) pending->Complete(std::move(answer));
}

void Wire::Reset(Shared shared, std::shared_ptr<Connection> c, Duration late_most) {
  if (!std::exchange(c->open, false)) return;
  World& world = shared.world;
  std::deque<std::shared_ptr<Request>> under_way;
  for (const auto& r : c->unanswered)
    if (r->stage != Stage::kTaken) under_way.push_back(r);
  world.Note("wire: reset, {} unanswered, {} under way", c->unanswered.size(), under_way.size());
  const auto lands = world.random().Chance(kSomethingLandsLate)
                         ? static_cast<size_t>(world.random().Between(0, static_cast<int64_t>(under_way.size())))
                         : 0;
  world.Count(Fault::kLostRequest, static_cast<int64_t>(under_way.size() - lands));
  under_way.resize(lands);
  if (!under_way.empty()) {
    const bool soon = world.random().Chance(0.3);
    const Duration late = world.random().Within(Duration(0), soon ? Duration(50ms) : late_most);
    world.After(late, [=] { TakeLate(shared, c->leader, under_way); });
  }
  for (const auto& r : std::exchange(c->unanswered, {})) {
    r->answered = true;
    if (auto pending = r->pending.lock()) pending->Complete(Unavailable("appending to sim-0: connection reset"));
  }
}

void Wire::TakeLate(Shared shared, int leader, std::deque<std::shared_ptr<Request>> requests) {
  if (requests.empty()) return;
  const auto r = requests.front();
  requests.pop_front();
  shared.world.Count(Fault::kLateRequest);
  shared.world.Note("wire: a late request is taken");
  const int64_t end_before = shared.dest.end();
  shared.dest.Produce(leader, r->batch.view(), r->transactional_id, [](kafka::Error, int64_t) {}, r->acks);
  if (shared.dest.end() > end_before) shared.world.Count(Fault::kLateAppend);
  shared.world.After(shared.world.random().Within(Duration(0), 20ms), [=] { TakeLate(shared, leader, requests); });
}

}  // namespace klink::sim
