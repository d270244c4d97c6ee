#include "base/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>

#include "base/check.h"

namespace klink {
namespace {

// Waits answer Cancelled as values; the coroutine machinery must not throw on its own.
Async<void> WithoutThrowing(Async<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

TaskGroup::TaskGroup(Executor executor) : executor_(executor), state_(std::make_shared<State>(executor)) {}

TaskGroup::~TaskGroup() { Stop(); }

void TaskGroup::Spawn(Async<void> task) {
  if (state_->stopped) return;
  auto signal = state_->running.emplace(state_->running.end());
  asio::co_spawn(executor_, WithoutThrowing(std::move(task)),
                 asio::bind_cancellation_slot(signal->slot(), [state = state_, signal](std::exception_ptr failure) {
                   KLINK_CHECK(failure == nullptr);
                   // Not erased here: the slot is in use until this handler returns.
                   asio::post(state->ended.executor(), [state, signal] {
                     state->running.erase(signal);
                     state->ended.NotifyAll();
                   });
                 }));
}

void TaskGroup::Stop() {
  state_->stopped = true;
  for (auto& signal : state_->running) {
    // Posted: a task may call Stop on its own group, and cancelling may run other tasks' handlers.
    asio::post(executor_, [state = state_, &signal] {
      for (auto& s : state->running)
        if (&s == &signal) return s.emit(asio::cancellation_type::terminal);
    });
  }
}

Async<void> TaskGroup::Join() {
  while (!state_->running.empty()) (void)co_await state_->ended.WaitEvenIfStopping();
}

}  // namespace klink
