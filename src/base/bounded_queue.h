// First in, first out between coroutines of one executor. Close() wakes both sides: pushes are refused, what is
// queued can still be popped (asio's channel loses it and leaves a blocked sender asleep).
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "base/signal.h"

namespace klink {

template <class T>
class BoundedQueue {
 public:
  BoundedQueue(Executor executor, size_t limit) : limit_(limit), changed_(std::move(executor)) {}

  // Waits for room. Cancelled when closed.
  Async<Status> Push(T item) {
    while (!closed_ && items_.size() >= limit_) CO_RETURN_IF_ERROR(co_await changed_.Wait());
    if (closed_) co_return Cancelled("queue is closed");
    items_.push_back(std::move(item));
    changed_.NotifyAll();
    co_return absl::OkStatus();
  }
  // Waits for an item; nothing once closed and empty.
  Async<StatusOr<std::optional<T>>> Pop() {
    while (items_.empty() && !closed_) CO_RETURN_IF_ERROR(co_await changed_.Wait());
    co_return TryPop();
  }
  std::optional<T> TryPop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    changed_.NotifyAll();
    return item;
  }
  void Close() {
    closed_ = true;
    changed_.NotifyAll();
  }
  bool closed() const { return closed_; }
  bool full() const { return items_.size() >= limit_; }
  size_t size() const { return items_.size(); }

 private:
  size_t limit_;
  std::deque<T> items_;
  bool closed_ = false;
  Signal changed_;
};

}  // namespace klink
