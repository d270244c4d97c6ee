// GET /v1/events: what changes, as it changes (server-sent events, WHATWG HTML 9.2). A stream begins with the present
// states, then says `live`, then goes on with what changes; a comment every 15 s shows that it is open. Whoever comes
// again begins with the present again, so nothing has to be remembered between two streams.
//
//   event: mirror
//   data: {"link":"paris-to-lyon","topic":"orders","role":null,"state":"PAUSED","state_before":"ACTIVE",…}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/router.h"
#include "link/progress.h"

namespace klink::http {

struct StateEvent {
  std::string link;
  std::optional<std::string> topic;  // of a mirror; empty: the link itself
  std::optional<std::string> role;   // of the link, as in its snapshot
  std::optional<std::string> state;  // empty: it is gone
  std::optional<std::string> state_before;
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> since;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("topic", m.topic);
    field("role", m.role);
    field("state", m.state);
    field("state_before", m.state_before);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("since", m.since);
  }
};

// Pure. What is another state, reason code or role, link by link, each link before its mirrors; what is gone last.
// `only`: that link; empty: every one.
std::vector<StateEvent> ChangesOf(const link::AgentSnapshot& before, const link::AgentSnapshot& after,
                                  const std::string& only);
std::string ToText(const StateEvent& event);

// Adds /v1/events[?link=]. `agent` and `clock` outlive the router; null: the system's clock.
void AddStateEvents(Router& router, link::AgentApi& agent, Clock* clock);

inline constexpr Duration kEventsEvery = 500ms;
inline constexpr Duration kEventsAlive = 15s;

}  // namespace klink::http
