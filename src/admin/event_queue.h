// A librdkafka queue on the executor: librdkafka writes to an eventfd when the queue becomes non-empty, and asio waits
// on that. No thread of ours polls. One coroutine at a time waits on a queue.
#pragma once

#include <memory>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <librdkafka/rdkafka.h>

#include "base/async.h"
#include "base/clock.h"

namespace klink::admin {

struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, EventDeleter>;

class EventQueue {
 public:
  EventQueue(Executor executor, rd_kafka_queue_t* owned);
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  // A fresh queue for the answer of one call.
  static EventQueue ForReply(Executor executor, rd_kafka_t* rk) {
    return {std::move(executor), rd_kafka_queue_new(rk)};
  }

  rd_kafka_queue_t* get() const { return queue_; }
  // The next event, or null when there is none. Also tells librdkafka that the application is alive.
  KafkaEvent Poll() { return KafkaEvent(rd_kafka_queue_poll(queue_, 0)); }
  // The next event; null when Nudge() came first; Cancelled when stopped.
  Async<StatusOr<KafkaEvent>> Next();
  // The next event, or DeadlineExceeded "doing: no answer within …".
  Async<StatusOr<KafkaEvent>> NextWithin(Duration limit, std::string_view doing);
  // Wakes the waiting coroutine.
  void Nudge();

 private:
  rd_kafka_queue_t* queue_;
  std::shared_ptr<asio::posix::stream_descriptor> wakeup_;  // shared with a timer that may fire late
};

}  // namespace klink::admin
