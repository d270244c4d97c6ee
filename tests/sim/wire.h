// The model of an agent's produce connections. On one connection requests arrive in order and the leader serves one at
// a time; answers come back in order. When a connection breaks, everything unanswered on it fails at the client, while
// the first few of the requests under way may still be taken by the broker, later: that is how a repeat and its
// original can both reach the log.
#pragma once

#include <deque>
#include <memory>

#include "link/ports.h"
#include "tests/sim/dest_log.h"
#include "tests/sim/weather.h"

namespace klink::sim {

class Wire {
 public:
  Wire(World& world, DestLog& dest, const Weather& weather) : world_(world), dest_(dest), weather_(weather) {}
  ~Wire() { Break(); }

  void Send(int leader, SharedBytes batch, std::string transactional_id, link::Acks acks,
            std::weak_ptr<link::PendingAppend> pending);
  // The connection in use is gone, by either side.
  void Break();
  bool busy() const { return current_ && !current_->unanswered.empty(); }

 private:
  enum class Stage { kTravelling, kArrived, kTaken };
  struct Request {
    SharedBytes batch;
    std::string transactional_id;
    link::Acks acks;
    std::weak_ptr<link::PendingAppend> pending;
    Stage stage = Stage::kTravelling;
    bool answered = false;
  };
  struct Connection {
    int leader = 0;
    bool open = true;
    bool taking = false;  // the leader serves a request of it
    bool requests_lost = false;
    bool answers_lost = false;
    Instant last_arrival{}, last_answer{};
    std::deque<std::shared_ptr<Request>> unanswered;  // in order
  };
  // What outlives the agent: used by events after it is gone.
  struct Shared {
    World& world;
    DestLog& dest;
  };

  static void Arrive(Shared shared, std::shared_ptr<Connection> c, std::shared_ptr<Request> r, Duration back);
  static void Take(Shared shared, std::shared_ptr<Connection> c, Duration back);
  static void Deliver(std::shared_ptr<Connection> c, std::shared_ptr<Request> r, StatusOr<DestOffset> answer);
  static void Reset(Shared shared, std::shared_ptr<Connection> c, Duration late_most);
  static void TakeLate(Shared shared, int leader, std::deque<std::shared_ptr<Request>> requests);

  World& world_;
  DestLog& dest_;
  const Weather& weather_;
  std::shared_ptr<Connection> current_;
};

}  // namespace klink::sim
