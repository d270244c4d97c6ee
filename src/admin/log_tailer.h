// Reads one partition from its first record on and follows it: every committed record, in order, on the executor. It
// knows when it has read everything: the end of the log is asked for twice a second, and `last_read_at` is when the
// last question was sent whose answer has been reached. A topic that was deleted, or deleted and made again, ends the
// tailer for good: what it delivered no longer describes the topic.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <librdkafka/rdkafka.h>

#include "admin/access.h"
#include "admin/event_queue.h"
#include "admin/handle.h"
#include "base/blocking.h"
#include "base/clock.h"
#include "base/task_group.h"

namespace klink::admin {

struct LogRecord {
  int64_t offset = 0;
  std::string key;
  std::optional<std::string> value;  // nothing: a tombstone
};

class LogTailer {
 public:
  using OnRecord = std::function<void(const LogRecord&)>;

  // Clock, pool and what the callback refers to outlive the tailer. Partition 0 is read.
  LogTailer(Executor executor, Clock& clock, BlockingPool& pool, Access access, std::string topic, OnRecord on_record);
  ~LogTailer();

  Status Start();
  // Until everything that was in the topic when this was called has been delivered. NotFound: there is no such topic.
  Async<Status> CatchUp(Duration limit = kCatchUpLimit);
  // Everything committed and visible at this time has been delivered; Instant::min() before the first time.
  Instant last_read_at() const { return last_read_at_; }
  bool FreshWithin(Duration age) const;
  // OK while it reads; otherwise why not. Unavailable and PermissionDenied pass when the cause is gone, others stay.
  Status status() const { return ended_.ok() ? trouble_ : ended_; }
  int64_t next_offset() const { return read_to_; }
  // A record came, the end was reached, or the status is another one.
  Signal& changed() { return changed_; }
  // Ends the reading. A tailer that was started is closed before it is destroyed.
  Async<void> Close();

  static constexpr Duration kCatchUpLimit = 30s;
  static constexpr Duration kAskEvery = 500ms;

 private:
  struct Question {
    Instant sent;
    int64_t end = 0;
  };
  Async<void> Read();
  Async<void> AskForTheEnd();
  Async<StatusOr<Question>> Ask();
  void OnMessage(const rd_kafka_message_t& message);
  void OnError(rd_kafka_event_t* event);
  void ReadUpTo(int64_t offset);
  void Judge(const StatusOr<Question>& answer, int64_t read_before);
  void EndFor(Status why);

  Executor executor_;
  Clock& clock_;
  BlockingPool& pool_;
  Access access_;
  std::string topic_name_;
  OnRecord on_record_;

  std::shared_ptr<Handle> handle_;  // shared with calls on the pool
  rd_kafka_topic_t* topic_ = nullptr;
  std::unique_ptr<EventQueue> queue_;

  int64_t read_to_ = 0;               // all below is delivered
  std::optional<Question> reaching_;  // the oldest answer not reached yet
  Instant last_read_at_ = Instant::min();
  Status trouble_;                      // passes
  Status ended_;                        // stays
  std::optional<Instant> wrong_since_;  // the topic is missing or shorter than what was read
  Code wrong_ = Code::kOk;
  Signal changed_;
  Signal progressed_;  // for CatchUp: also every answered question
  TaskGroup tasks_;
};

// The whole content of a topic's partition 0, record by record; ends when its end as of now is reached.
Async<Status> ReadWholeLog(Executor executor, Clock& clock, BlockingPool& pool, Access access, std::string topic,
                           LogTailer::OnRecord on_record, Duration limit);

}  // namespace klink::admin
