// A wait with an end: what takes longer is stopped, and the error says what it was.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/task_group.h"

namespace klink {

template <class T>
struct Limited {
  explicit Limited(Executor executor) : changed(std::move(executor)) {}
  std::optional<T> result;
  bool late = false;
  Signal changed;
};

template <class T>
Async<void> Fulfil(Async<T> work, std::shared_ptr<Limited<T>> limited) {
  limited->result.emplace(co_await std::move(work));
  limited->changed.NotifyAll();
}

template <class T>
Async<void> Expire(Clock& clock, Duration limit, std::shared_ptr<Limited<T>> limited) {
  if (!(co_await clock.Sleep(limit)).ok()) co_return;
  limited->late = true;
  limited->changed.NotifyAll();
}

// Until `work` is done, or late, or `both` is stopped by somebody else. It ends soon once it is stopped; an error says
// that the caller was.
template <class T>
Async<Status> AwaitLimited(TaskGroup& both, Clock& clock, Duration limit, Async<T> work,
                           std::shared_ptr<Limited<T>> limited) {
  both.Spawn(Fulfil(std::move(work), limited));
  both.Spawn(Expire(clock, limit, limited));
  Status waited;
  while (waited.ok() && !limited->result && !limited->late) waited = co_await limited->changed.Wait();
  both.Stop();
  co_await both.Join();
  co_return waited;
}

// T: Status, or StatusOr of something.
template <class T>
Async<T> Within(Executor executor, Clock& clock, Duration limit, std::string what, Async<T> work) {
  auto limited = std::make_shared<Limited<T>>(executor);
  TaskGroup both(executor);
  CO_RETURN_IF_ERROR(co_await AwaitLimited(both, clock, limit, std::move(work), limited));
  if (limited->late) co_return DeadlineExceeded("{} took longer than {} ms", what, ToMillis(limit));
  co_return *std::move(limited->result);
}

}  // namespace klink
