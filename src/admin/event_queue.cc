#include "admin/event_queue.h"

#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace klink::admin {
namespace {

constexpr uint64_t kOne = 1;  // what an eventfd is woken with

int NewEventFd() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  KLINK_CHECK(fd >= 0);  // out of file descriptors: nothing works any more
  return fd;
}

void WriteTo(asio::posix::stream_descriptor& wakeup) {
  const ssize_t wrote = write(wakeup.native_handle(), &kOne, sizeof kOne);
  KLINK_CHECK(wrote == sizeof kOne);  // the counter cannot overflow: every wait resets it
}

}  // namespace

EventQueue::EventQueue(Executor executor, rd_kafka_queue_t* owned)
    : queue_(owned), wakeup_(std::make_shared<asio::posix::stream_descriptor>(std::move(executor), NewEventFd())) {
  rd_kafka_queue_io_event_enable(queue_, wakeup_->native_handle(), &kOne, sizeof kOne);
}

EventQueue::~EventQueue() {
  rd_kafka_queue_io_event_enable(queue_, -1, nullptr, 0);
  rd_kafka_queue_destroy(queue_);
}

void EventQueue::Nudge() { WriteTo(*wakeup_); }

Async<StatusOr<KafkaEvent>> EventQueue::Next() {
  if (co_await IsStopping()) co_return Cancelled("stopped before waiting for librdkafka");
  if (KafkaEvent event = Poll()) co_return event;
  std::array<std::byte, sizeof kOne> count;
  auto [ec, got] = co_await wakeup_->async_read_some(asio::buffer(count), kAsTuple);
  if (co_await IsStopping()) co_return Cancelled("stopped while waiting for librdkafka");
  if (ec) co_return klink::ToStatus(ec, "waiting for librdkafka");
  co_return Poll();
}

Async<StatusOr<KafkaEvent>> EventQueue::NextWithin(Duration limit, std::string_view doing) {
  asio::steady_timer timer(wakeup_->get_executor(), limit);
  auto expired = std::make_shared<bool>(false);
  std::weak_ptr<asio::posix::stream_descriptor> wakeup = wakeup_;
  timer.async_wait([wakeup, expired](const boost::system::error_code& ec) {
    *expired = true;
    // The answer may have come at the same moment, and the queue with it have gone.
    if (auto still_there = wakeup.lock(); !ec && still_there != nullptr) WriteTo(*still_there);
  });
  for (;;) {
    StatusOr<KafkaEvent> event = co_await Next();
    if (!event.ok() || *event != nullptr) co_return event;
    if (*expired) co_return DeadlineExceeded("{}: no answer within {} ms", doing, ToMillis(limit));
  }
}

}  // namespace klink::admin
