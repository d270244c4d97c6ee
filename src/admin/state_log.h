// The writers of a link's own topics. What is decided stands in the state topic, written only by transactions of one
// transactional id, so a newer controller fences the older one at the broker; the run log is written by an idempotent
// producer of each agent.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/access.h"
#include "admin/log_tailer.h"
#include "base/blocking.h"
#include "base/permits.h"
#include "base/task_group.h"

namespace klink::admin {

struct KeyValue {
  std::string key;
  std::optional<std::string> value;  // nothing: a tombstone
};

using StateTailer = LogTailer;

class StateWriter {
 public:
  // transactional_id is `klink.<link>.controller`. The pool outlives the writer.
  StateWriter(Executor executor, BlockingPool& pool, Access access, std::string transactional_id, std::string topic);

  // Fences every earlier writer and commits `first` at once: from then on this one writes. May be called again after
  // any error; then it is a new claim.
  Async<Status> TakeControl(std::vector<KeyValue> first);
  // All of `records` or none. FailedPrecondition "another controller took over" stays until TakeControl. After an
  // error whose outcome is open (Unavailable "… unknown whether …") control is lost too: take it again and read the
  // topic before anything else is written.
  Async<Status> Commit(std::vector<KeyValue> records);
  bool in_control() const { return handle_ != nullptr; }

  static constexpr Duration kInitLimit = 20s;    // InitProducerId, with an older transaction to be ended first
  static constexpr Duration kCommitLimit = 10s;  // also how long the broker lets a transaction live

 private:
  Async<Status> Transact(std::vector<KeyValue> records);

  BlockingPool& pool_;
  Access access_;
  std::string transactional_id_;
  std::string topic_;
  std::shared_ptr<Handle> handle_;  // only while in control; shared with calls on the pool
  Status lost_;                     // why not in control
  Permits turn_;                    // one transaction at a time
};

class RunLogWriter {
 public:
  // The pool outlives the writer.
  static StatusOr<std::unique_ptr<RunLogWriter>> Open(Executor executor, BlockingPool& pool, Access access,
                                                      std::string topic);
  ~RunLogWriter();

  // OK once the record is on all in-sync replicas.
  Async<Status> Publish(std::string key, std::optional<std::string> value);
  Async<void> Close();

  static constexpr Duration kPublishLimit = 30s;

 private:
  struct Pending {
    explicit Pending(Executor executor) : done(std::move(executor)) {}
    std::optional<Status> result;
    Signal done;
  };
  struct Producer;
  RunLogWriter(Executor executor, BlockingPool& pool, Access access, std::string topic);
  Status OpenProducer();
  Async<Status> ReplaceProducer();
  Async<void> Deliver(Producer& producer);
  Async<void> Learn(std::shared_ptr<Handle> handle);

  Executor executor_;
  BlockingPool& pool_;
  Access access_;
  std::string topic_;
  std::unique_ptr<Producer> producer_;
  std::map<uint64_t, std::shared_ptr<Pending>> pending_;
  uint64_t next_id_ = 1;
  Permits replacing_;
  bool closed_ = false;
};

}  // namespace klink::admin
