#include "link/round_task.h"

#include "link/halt.h"

namespace klink::link {

TaskSnapshot TaskOf(std::string name, const Status& status, std::optional<WallTime> since) {
  TaskSnapshot task;
  task.name = std::move(name);
  if (status.ok()) return task;
  task.state = state::Name(state::TaskState::kInError);
  if (const auto reason = ReasonOf(status)) task.reason_code = state::Name(*reason);
  task.reason = Text(status);
  task.since = since;
  return task;
}

RoundTask::RoundTask(Clock& clock, std::string link, std::string name, Event event, std::string_view failing)
    : clock_(clock),
      link_(std::move(link)),
      name_(std::move(name)),
      event_(event),
      failing_(failing),
      since_(clock.Wall()) {}

Async<void> RoundTask::Repeat(const state::StateView& state, const Duration& pause,
                              std::function<Async<Status>()> round) {
  for (;;) {
    if (!state.pause().paused) {
      const Status ended = co_await round();
      if (IsCancelled(ended)) co_return;
      Ended(ended);
    }
    if (!(co_await clock_.Sleep(pause)).ok()) co_return;
  }
}

void RoundTask::Ended(const Status& round) {
  if (Text(round) == Text(status_)) return;
  if (!round.ok()) Log(Level::kWarning, event_, failing_, {{"link", link_}, {"error", Text(round)}});
  status_ = round;
  since_ = clock_.Wall();
}

}  // namespace klink::link
