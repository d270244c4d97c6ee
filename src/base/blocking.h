// Calls that block (RocksDB, librdkafka, files) run on threads of their own, awaited like anything else.
#pragma once

#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/async.h"
#include "base/signal.h"

namespace klink {

class BlockingPool {
 public:
  explicit BlockingPool(size_t threads = 2) : pool_(threads) {}
  ~BlockingPool() { pool_.join(); }

  // Runs `call` on the pool and answers its result on the caller's executor. Not cancellable: a blocking call ends by
  // its own deadline. What `call` refers to must outlive it.
  template <class F>
  Async<std::invoke_result_t<F>> Run(F call) {
    using R = std::invoke_result_t<F>;
    // Cancellation stays out: asio would answer it with an exception while the call waits for a thread.
    co_return co_await asio::co_spawn(pool_.get_executor(), OnPool<R, F>(std::move(call)),
                                      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
  }

 private:
  template <class R, class F>
  static Async<R> OnPool(F call) {
    co_return call();
  }
  asio::thread_pool pool_;
};

}  // namespace klink
