// Coroutines on Boost.Asio. Errors are values (kAsTuple), never exceptions. Cancellation is a terminal signal to the
// whole coroutine stack: every wait in klink answers Cancelled once the stack was cancelled, and CO_TRY carries it up.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/status.h"

namespace klink {

namespace asio = boost::asio;
using Executor = asio::any_io_executor;

template <class T = void>
using Async = asio::awaitable<T>;

inline constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

// Has this coroutine stack been told to stop?
Async<bool> IsStopping();

// An Asio error as Unavailable (or Cancelled for operation_aborted): "doing: reason".
Status ToStatus(const boost::system::error_code& ec, std::string_view doing);

// Runs a coroutine to its end on `executor`; nobody waits for it. An escaped exception is a bug and aborts.
void Detach(Executor executor, Async<void> work);

}  // namespace klink
