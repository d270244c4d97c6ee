#include "admin/log_tailer.h"

#include <boost/asio/post.hpp>

#include "admin/errors.h"

namespace klink::admin {
namespace {

constexpr int kRecordsAtOnce = 256;      // then others get their turn on the executor
constexpr Duration kAskLimit = 2s;       // for one look at the end of the log
constexpr Duration kRetryAfter = 100ms;  // CatchUp, when the end could not be asked for
constexpr Duration kWrongFor = 3s;       // a topic is believed gone only after this long

struct ListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};

// The end of the committed log (the last stable offset: the handle reads committed). Blocks.
StatusOr<int64_t> EndOf(rd_kafka_t* rk, const std::string& topic, const std::string& where) {
  std::unique_ptr<rd_kafka_topic_partition_list_t, ListDeleter> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_END;
  rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(rk, list.get(), static_cast<int>(ToMillis(kAskLimit)));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = list->elems[0].err;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return ToStatus(error, fmt::format("asking for the end of {} on {}", topic, where));
  return list->elems[0].offset;
}

Properties ReaderProperties() {
  return {{"isolation.level", "read_committed"},
          {"enable.partition.eof", "true"},
          {"auto.offset.reset", "error"},
          {"enable.auto.commit", "false"},
          {"fetch.wait.max.ms", "100"},  // how late the end is noticed after
                                         // the last record
          {"queued.max.messages.kbytes", "8192"},
          {"allow.auto.create.topics", "false"}};
}

}  // namespace

LogTailer::LogTailer(Executor executor, Clock& clock, BlockingPool& pool, Access access, std::string topic,
                     OnRecord on_record)
    : executor_(executor),
      clock_(clock),
      pool_(pool),
      access_(std::move(access)),
      topic_name_(std::move(topic)),
      on_record_(std::move(on_record)),
      changed_(executor),
      progressed_(executor),
      tasks_(executor) {}

LogTailer::~LogTailer() {
  queue_.reset();
  if (topic_ != nullptr) rd_kafka_topic_destroy(topic_);
}

Status LogTailer::Start() {
  TRY(handle_, Handle::Open(access_, Kind::kConsumer, ReaderProperties()));
  topic_ = rd_kafka_topic_new(handle_->get(), topic_name_.c_str(), nullptr);
  if (topic_ == nullptr)
    return ToStatus(rd_kafka_last_error(), fmt::format("opening {} on {}", topic_name_, handle_->where()));
  queue_ = std::make_unique<EventQueue>(executor_, rd_kafka_queue_new(handle_->get()));
  tasks_.Spawn(Read());
  tasks_.Spawn(AskForTheEnd());
  return absl::OkStatus();
}

Async<void> LogTailer::Read() {
  // With the leader known the first fetch leaves at once; librdkafka would look for it after half a second.
  auto learn = [handle = handle_, topic = topic_name_] { LearnTopic(*handle, topic, kAskLimit); };
  co_await pool_.Run(std::move(learn));
  if (rd_kafka_consume_start_queue(topic_, 0, RD_KAFKA_OFFSET_BEGINNING, queue_->get()) != 0)
    co_return EndFor(ToStatus(rd_kafka_last_error(), fmt::format("reading {} on {}", topic_name_, handle_->where())));
  for (int n = 0;; n++) {
    StatusOr<KafkaEvent> event = co_await queue_->Next();
    if (!event.ok()) co_return;
    if (n % kRecordsAtOnce == kRecordsAtOnce - 1) co_await asio::post(executor_, asio::use_awaitable);
    if (*event == nullptr || !ended_.ok()) continue;
    if (rd_kafka_event_type(event->get()) == RD_KAFKA_EVENT_ERROR) OnError(event->get());
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event->get())) OnMessage(*message);
  }
}

void LogTailer::OnMessage(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    trouble_ = ToStatus(message.err, fmt::format("reading {} on {}", topic_name_, handle_->where()));
    return;
  }
  LogRecord record;
  record.offset = message.offset;
  record.key.assign(static_cast<const char*>(message.key), message.key == nullptr ? 0 : message.key_len);
  if (message.payload != nullptr) record.value.emplace(static_cast<const char*>(message.payload), message.len);
  on_record_(record);
  ReadUpTo(message.offset + 1);
}

void LogTailer::OnError(rd_kafka_event_t* event) {
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
  if (error == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // The only word on control records: they take offsets and are never delivered.
    rd_kafka_topic_partition_t* at = rd_kafka_event_topic_partition(event);
    if (at == nullptr) return;
    ReadUpTo(at->offset);
    rd_kafka_topic_partition_destroy(at);
    return;
  }
  const std::string doing = fmt::format("reading {} on {}", topic_name_, handle_->where());
  if (error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    return EndFor(DataLoss("{}: offset {} is gone: the topic was deleted and made again, or records were deleted",
                           doing, read_to_));
  trouble_ = ToStatus(error, doing, rd_kafka_event_error_string(event));
  changed_.NotifyAll();
}

void LogTailer::ReadUpTo(int64_t offset) {
  if (offset <= read_to_ && !reaching_) return;
  read_to_ = std::max(read_to_, offset);
  if (reaching_ && read_to_ >= reaching_->end) {
    last_read_at_ = std::max(last_read_at_, reaching_->sent);
    reaching_.reset();
  }
  progressed_.NotifyAll();
  changed_.NotifyAll();
}

Async<StatusOr<LogTailer::Question>> LogTailer::Ask() {
  Question question;
  question.sent = clock_.Now();
  auto call = [handle = handle_, topic = topic_name_] { return EndOf(handle->get(), topic, handle->where()); };
  CO_TRY(question.end, co_await pool_.Run(call));
  co_return question;
}

Async<void> LogTailer::AskForTheEnd() {
  for (;;) {
    const int64_t read_before = read_to_;
    StatusOr<Question> answer = co_await Ask();
    if (co_await IsStopping()) co_return;
    if (ended_.ok()) Judge(answer, read_before);
    progressed_.NotifyAll();
    if (Status slept = co_await clock_.Sleep(kAskEvery); !slept.ok()) co_return;
  }
}

// A deleted topic is answered by NotFound, a new one under the same name by an end before what was read. Either must
// last: metadata may lag behind for a moment, and a new leader may not know its high watermark at once.
void LogTailer::Judge(const StatusOr<Question>& answer, int64_t read_before) {
  const bool shorter = answer.ok() && answer->end < read_before;
  const Code wrong = shorter ? Code::kDataLoss : answer.status().code();
  if (wrong != wrong_ || !wrong_since_) wrong_since_ = clock_.Now();
  wrong_ = wrong;
  const bool lasting = clock_.Now() - *wrong_since_ >= kWrongFor;
  if (shorter) {
    if (lasting)
      EndFor(DataLoss("{} on {} ends at offset {}, but was read up to {}: it was deleted and made again", topic_name_,
                      handle_->where(), answer->end, read_before));
    return;
  }
  if (!answer.ok()) {
    if (wrong == Code::kNotFound && lasting)
      return EndFor(NotFound("{} does not exist on {}", topic_name_, handle_->where()));
    if (Text(trouble_) != Text(answer.status())) changed_.NotifyAll();
    trouble_ = answer.status();
    return;
  }
  if (!trouble_.ok()) changed_.NotifyAll();
  trouble_ = absl::OkStatus();
  if (!reaching_) reaching_ = *answer;
  ReadUpTo(read_to_);
}

void LogTailer::EndFor(Status why) {
  ended_ = std::move(why);
  progressed_.NotifyAll();
  changed_.NotifyAll();
}

Async<Status> LogTailer::CatchUp(Duration limit) {
  const Instant deadline = clock_.Now() + limit;
  std::optional<int64_t> end;
  while (ended_.ok() && clock_.Now() < deadline) {
    if (!end) {
      StatusOr<Question> answer = co_await Ask();
      if (answer.ok()) {
        end = answer->end;
        if (!reaching_) reaching_ = *answer;
        ReadUpTo(read_to_);
        continue;
      }
      CO_RETURN_IF_ERROR(co_await clock_.Sleep(kRetryAfter));
      continue;
    }
    if (read_to_ >= *end) co_return absl::OkStatus();
    CO_RETURN_IF_ERROR(co_await progressed_.Wait());  // at the latest with the next question
  }
  if (!ended_.ok()) co_return ended_;
  if (!trouble_.ok()) co_return trouble_;
  co_return DeadlineExceeded("reading {} on {}: not at its end (offset {}, read up to {}) within {} ms", topic_name_,
                             Where(access_), end.value_or(-1), read_to_, ToMillis(limit));
}

bool LogTailer::FreshWithin(Duration age) const {
  return ended_.ok() && last_read_at_ != Instant::min() && clock_.Now() - last_read_at_ <= age;
}

Async<void> LogTailer::Close() {
  tasks_.Stop();
  co_await tasks_.Join();
}

Async<Status> ReadWholeLog(Executor executor, Clock& clock, BlockingPool& pool, Access access, std::string topic,
                           LogTailer::OnRecord on_record, Duration limit) {
  LogTailer tailer(executor, clock, pool, std::move(access), std::move(topic), std::move(on_record));
  Status read = tailer.Start();
  if (read.ok()) read = co_await tailer.CatchUp(limit);
  co_await tailer.Close();
  co_return read;
}

}  // namespace klink::admin
