// Coroutines that belong together on one executor: started by Spawn, told to stop by Stop, awaited by Join. A group
// outlives its tasks: Join before destroying it (or let the executor's destruction end them all).
#pragma once

#include <list>
#include <memory>

#include "base/signal.h"

namespace klink {

class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;

  // After Stop nothing starts any more.
  void Spawn(Async<void> task);
  // Asks every task to stop; waits inside them answer Cancelled.
  void Stop();
  // Until every task has ended. Does not stop them, and is not itself stopped.
  Async<void> Join();
  size_t size() const { return state_->running.size(); }

 private:
  struct State {
    explicit State(Executor executor) : ended(std::move(executor)) {}
    std::list<asio::cancellation_signal> running;
    Signal ended;
    bool stopped = false;
  };
  Executor executor_;
  std::shared_ptr<State> state_;
};

}  // namespace klink
