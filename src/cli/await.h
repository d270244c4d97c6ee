// A command runs one coroutine to its end and then exits: the bridge from main to the asynchronous world.
#pragma once

#include <optional>

#include <boost/asio/io_context.hpp>

#include "base/async.h"

namespace klink::cli {

template <class T>
Async<void> Keep(Async<T> work, std::optional<T>& result) {
  result.emplace(co_await std::move(work));
}

// Runs `work` on an executor of its own. `work` must end: each of its waits has a deadline.
template <class T>
T Await(Async<T> work) {
  asio::io_context io(1);
  std::optional<T> result;
  Detach(io.get_executor(), Keep(std::move(work), result));
  io.run();
  return *std::move(result);
}

}  // namespace klink::cli
