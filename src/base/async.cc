#include "base/async.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/impl/src.hpp>

#include "base/check.h"

namespace klink {

Async<bool> IsStopping() {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

Status ToStatus(const boost::system::error_code& ec, std::string_view doing) {
  if (!ec) return absl::OkStatus();
  if (ec == asio::error::operation_aborted) return Cancelled("{}: stopped", doing);
  return Unavailable("{}: {}", doing, ec.message());
}

void Detach(Executor executor, Async<void> work) {
  asio::co_spawn(executor, std::move(work), [](std::exception_ptr failure) { KLINK_CHECK(failure == nullptr); });
}

}  // namespace klink
