#include "admin/errors.h"
#include "admin/state_log.h"

namespace klink::admin {

struct RunLogWriter::Producer {
  Producer(Executor executor, std::shared_ptr<Handle> opened)
      : handle(std::move(opened)), queue(executor, rd_kafka_queue_get_main(handle->get())), tasks(executor) {}
  std::shared_ptr<Handle> handle;  // shared with a call on the pool
  EventQueue queue;
  TaskGroup tasks;
};

RunLogWriter::RunLogWriter(Executor executor, BlockingPool& pool, Access access, std::string topic)
    : executor_(executor), pool_(pool), access_(std::move(access)), topic_(std::move(topic)), replacing_(executor, 1) {}
RunLogWriter::~RunLogWriter() = default;

StatusOr<std::unique_ptr<RunLogWriter>> RunLogWriter::Open(Executor executor, BlockingPool& pool, Access access,
                                                           std::string topic) {
  std::unique_ptr<RunLogWriter> writer(
      new RunLogWriter(std::move(executor), pool, std::move(access), std::move(topic)));
  RETURN_IF_ERROR(writer->OpenProducer());
  return writer;
}

Status RunLogWriter::OpenProducer() {
  const Properties own = {{"enable.idempotence", "true"},
                          {"acks", "all"},
                          {"linger.ms", "1"},
                          {"message.timeout.ms", fmt::format("{}", ToMillis(kPublishLimit))}};
  TRY(std::shared_ptr<Handle> handle, Handle::Open(access_, Kind::kProducer, own, RD_KAFKA_EVENT_DR));
  producer_ = std::make_unique<Producer>(executor_, std::move(handle));
  producer_->tasks.Spawn(Deliver(*producer_));
  producer_->tasks.Spawn(Learn(producer_->handle));
  return absl::OkStatus();
}

// An idempotent producer that lost its place in the sequence is done for good: another takes its place.
Async<Status> RunLogWriter::ReplaceProducer() {
  CO_TRY(const int64_t taken, co_await replacing_.Take(1));
  Status opened;
  if (!closed_ && producer_->handle->fatal()) {
    producer_->tasks.Stop();
    co_await producer_->tasks.Join();
    for (auto& [id, waiting] : pending_) {
      waiting->result = Unavailable("writing to {} on {}: the producer failed", topic_, Where(access_));
      waiting->done.NotifyAll();
    }
    pending_.clear();
    opened = OpenProducer();
  }
  replacing_.Give(taken);
  co_return opened;
}

Async<void> RunLogWriter::Deliver(Producer& producer) {
  for (;;) {
    StatusOr<KafkaEvent> event = co_await producer.queue.Next();
    if (!event.ok()) co_return;
    if (*event == nullptr) continue;
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event->get())) {
      auto found = pending_.find(reinterpret_cast<uintptr_t>(message->_private));
      if (found == pending_.end()) continue;  // its caller was stopped
      found->second->result = ToStatus(message->err, fmt::format("writing to {} on {}", topic_, Where(access_)));
      found->second->done.NotifyAll();
      pending_.erase(found);
    }
  }
}

Async<void> RunLogWriter::Learn(std::shared_ptr<Handle> handle) {
  auto learn = [handle, topic = topic_] { LearnTopic(*handle, topic, kPublishLimit); };
  co_await pool_.Run(std::move(learn));
}

Async<Status> RunLogWriter::Publish(std::string key, std::optional<std::string> value) {
  if (closed_) co_return Cancelled("the run log is closed");
  if (producer_->handle->fatal()) CO_RETURN_IF_ERROR(co_await ReplaceProducer());
  const uint64_t id = next_id_++;
  auto waiting = std::make_shared<Pending>(executor_);
  pending_[id] = waiting;
  const char* bytes = value ? value->data() : nullptr;
  const size_t size = value ? value->size() : 0;
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      producer_->handle->get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(0),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(bytes), size), RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(id)), RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    pending_.erase(id);
    co_return ToStatus(error, fmt::format("writing to {} on {}", topic_, Where(access_)));
  }
  while (!waiting->result) {
    if (Status woken = co_await waiting->done.Wait(); !woken.ok()) {
      pending_.erase(id);
      co_return woken;
    }
  }
  co_return *waiting->result;
}

Async<void> RunLogWriter::Close() {
  closed_ = true;
  producer_->tasks.Stop();
  co_await producer_->tasks.Join();
  for (auto& [id, waiting] : pending_) {
    waiting->result = Cancelled("the run log is closed");
    waiting->done.NotifyAll();
  }
  pending_.clear();
}

}  // namespace klink::admin
