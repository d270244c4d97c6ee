// How bad the network and the brokers are just now. Probabilities are per request.
#pragma once

#include "tests/sim/world.h"

namespace klink::sim {

struct Weather {
  double reset = 0;         // the connection breaks around this produce request
  double lost_request = 0;  // from this produce request on, nothing arrives until the connection is given up
  double lost_answer = 0;   // … no answer comes back
  double ask_fails = 0;     // questions about the destination log
  double trim_unclear = 0;  // done, but not answered
  double store_refused = 0;
  double store_unclear = 0;
  double source_fails = 0;
  double call_unclear = 0;  // calls to the coordinators of transactions
  double marker_late = 0;   // per transaction
  double marker_twice = 0;
  double marker_never = 0;
  double crash = 0;  // per step of an agent
  Duration latency_least = 200us;
  Duration latency_most = 4ms;
  Duration late_most = 10s;  // how long after a reset a request may still be taken

  static Weather Fair() { return {}; }
  Duration Latency(World& world) const { return world.random().Within(latency_least, latency_most); }
};

}  // namespace klink::sim
