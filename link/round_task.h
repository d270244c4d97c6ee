// What the leader of a link does again and again beside copying: told once when it begins to fail, shown while it does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "link/progress.h"
#include "state/view.h"

namespace klink::link {

// As the status API shows it: ACTIVE, or IN_ERROR with the reason that the status carries.
TaskSnapshot TaskOf(std::string name, const Status& status = {}, std::optional<WallTime> since = std::nullopt);

class RoundTask {
 public:
  // `failing`: what is said in the log when a round fails.
  RoundTask(Clock& clock, std::string link, std::string name, Event event, std::string_view failing);

  // Rounds until stopped, none while the link is paused. `pause` is read before each rest.
  Async<void> Repeat(const state::StateView& state, const Duration& pause, std::function<Async<Status>()> round);
  // How a round ended.
  void Ended(const Status& round);
  TaskSnapshot Snapshot() const { return TaskOf(name_, status_, since_); }

 private:
  Clock& clock_;
  std::string link_;
  std::string name_;
  Event event_;
  std::string_view failing_;
  Status status_;
  WallTime since_;
};

}  // namespace klink::link
