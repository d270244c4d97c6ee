#include "http/state_events.h"

#include <map>
#include <memory>

#include "base/json_fields.h"
#include "http/find.h"

namespace klink::http {
namespace {

template <class Snapshot>
bool IsSame(const Snapshot& a, const Snapshot& b) {
  return a.state == b.state && a.reason_code == b.reason_code;
}
bool IsSame(const link::LinkSnapshot& a, const link::LinkSnapshot& b) {
  return a.state == b.state && a.reason_code == b.reason_code && a.role == b.role;
}

// `now` null: it is gone; `before` null: it is new.
template <class Snapshot>
StateEvent EventOf(const std::string& link, const Snapshot* before, const Snapshot* now) {
  StateEvent event;
  event.link = link;
  if (before != nullptr) event.state_before = before->state;
  if (now == nullptr) return event;
  event.state = now->state;
  event.reason_code = now->reason_code;
  event.reason = now->reason;
  event.since = now->since;
  return event;
}

void AddMirrors(const link::LinkSnapshot* before, const link::LinkSnapshot* now, std::vector<StateEvent>& events) {
  std::map<std::string_view, const link::MirrorSnapshot*> left;
  if (before != nullptr)
    for (const link::MirrorSnapshot& mirror : before->mirrors) left[mirror.topic] = &mirror;
  const auto add = [&](const link::MirrorSnapshot* old, const link::MirrorSnapshot* mirror) {
    events.push_back(EventOf(now != nullptr ? now->name : before->name, old, mirror));
    events.back().topic = mirror != nullptr ? mirror->topic : old->topic;
  };
  if (now != nullptr) {
    for (const link::MirrorSnapshot& mirror : now->mirrors) {
      const auto old = left.extract(mirror.topic);
      if (old.empty() || !IsSame(*old.mapped(), mirror)) add(old.empty() ? nullptr : old.mapped(), &mirror);
    }
  }
  for (const auto& [topic, mirror] : left) add(mirror, nullptr);
}

// One snapshot for all that listen.
class Latest {
 public:
  Latest(link::AgentApi& agent, Clock* clock) : agent_(agent), clock_(clock != nullptr ? *clock : own_clock_) {}

  std::shared_ptr<const link::AgentSnapshot> Now() {
    const Instant now = clock_.Now();
    if (last_ == nullptr || now - taken_ >= kEventsEvery) {
      last_ = std::make_shared<const link::AgentSnapshot>(agent_.Snapshot());
      taken_ = now;
    }
    return last_;
  }
  Clock& clock() { return clock_; }

 private:
  link::AgentApi& agent_;
  SystemClock own_clock_;
  Clock& clock_;
  std::shared_ptr<const link::AgentSnapshot> last_;
  Instant taken_{};
};

class Stream {
 public:
  Stream(std::shared_ptr<Latest> latest, std::string only) : latest_(std::move(latest)), only_(std::move(only)) {}

  // What is so now, and that from here on it is told as it changes.
  std::string Begin() { return "retry: 2000\n\n" + Changes() + "event: live\ndata: {}\n\n"; }

  Async<StatusOr<std::string>> Next() {
    Clock& clock = latest_->clock();
    const Instant until = clock.Now() + kEventsAlive;
    while (clock.Now() < until) {
      CO_RETURN_IF_ERROR(co_await clock.Sleep(kEventsEvery));
      if (std::string text = Changes(); !text.empty()) co_return text;
    }
    co_return ":\n\n";
  }

 private:
  std::string Changes() {
    const std::shared_ptr<const link::AgentSnapshot> now = latest_->Now();
    std::string text;
    for (const StateEvent& event : ChangesOf(*seen_, *now, only_)) text += ToText(event);
    seen_ = now;
    return text;
  }

  std::shared_ptr<Latest> latest_;
  std::string only_;
  std::shared_ptr<const link::AgentSnapshot> seen_ = std::make_shared<const link::AgentSnapshot>();
};

}  // namespace

std::vector<StateEvent> ChangesOf(const link::AgentSnapshot& before, const link::AgentSnapshot& after,
                                  const std::string& only) {
  std::vector<StateEvent> events;
  const auto add = [&](const link::LinkSnapshot* old, const link::LinkSnapshot* link) {
    const std::string& name = link != nullptr ? link->name : old->name;
    if (!only.empty() && name != only) return;
    if (old == nullptr || link == nullptr || !IsSame(*old, *link)) {
      events.push_back(EventOf(name, old, link));
      if (link != nullptr) events.back().role = link->role;
    }
    AddMirrors(old, link, events);
  };
  for (const link::LinkSnapshot& link : after.links) add(FindLink(before, link.name), &link);
  for (const link::LinkSnapshot& link : before.links)
    if (FindLink(after, link.name) == nullptr) add(&link, nullptr);
  return events;
}

std::string ToText(const StateEvent& event) {
  return fmt::format("event: {}\ndata: {}\n\n", event.topic ? "mirror" : "link", CompactJson(ToJson(event)));
}

void AddStateEvents(Router& router, link::AgentApi& agent, Clock* clock) {
  auto latest = std::make_shared<Latest>(agent, clock);
  router.Add(Method::kGet, "/v1/events", [latest](Request request, Captures) -> Async<Response> {
    const auto asked = request.target.query.find("link");
    std::string only = asked == request.target.query.end() ? "" : asked->second;
    if (!only.empty() && FindLink(*latest->Now(), only) == nullptr)
      co_return Problem(NotFound("there is no link {}", only));
    auto stream = std::make_shared<Stream>(latest, std::move(only));
    Response response;
    response.content_type = "text/event-stream";
    response.body = stream->Begin();
    response.pieces = [stream] { return stream->Next(); };
    co_return response;
  });
}

}  // namespace klink::http
