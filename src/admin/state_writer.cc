#include "admin/errors.h"
#include "admin/state_log.h"

namespace klink::admin {
namespace {

enum class Outcome { kDone, kNotDone, kLost };  // lost: this producer cannot write any more, or nobody knows
struct Result {
  Outcome outcome = Outcome::kDone;
  Status status;
};

bool SaysFenced(const rd_kafka_error_t* error) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         (rd_kafka_error_is_fatal(error) != 0 && code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
}

// Ends a transaction that failed with `cause`, which stays what is told: why an abort fails too seldom tells more (a
// broker that refused the partition knows of no transaction to abort: INVALID_TXN_STATE).
Result Abort(rd_kafka_t* rk, Status cause, const std::string& doing) {
  Result result;
  result.outcome = Outcome::kNotDone;
  result.status = std::move(cause);
  rd_kafka_error_t* error = rd_kafka_abort_transaction(rk, static_cast<int>(ToMillis(StateWriter::kCommitLimit)));
  if (error == nullptr) return result;
  result.outcome = Outcome::kLost;
  if (SaysFenced(error)) result.status = FailedPrecondition("{}: another controller took over", doing);
  rd_kafka_error_destroy(error);
  return result;
}

// Ends a failed step: says whether the producer can go on. Takes the error over.
Result Judge(rd_kafka_t* rk, rd_kafka_error_t* error, const std::string& doing) {
  const bool fenced = SaysFenced(error);
  const bool fatal = rd_kafka_error_is_fatal(error) != 0;
  const bool abortable = rd_kafka_error_txn_requires_abort(error) != 0;
  Result result;
  result.status = TakeError(error, doing);
  if (abortable && !fenced) return Abort(rk, std::move(result.status), doing);
  result.outcome = Outcome::kLost;
  if (fenced) {
    result.status = FailedPrecondition("{}: another controller took over", doing);
  } else if (!fatal) {
    result.status = Unavailable("{}; unknown whether it was written", Text(result.status));
  }
  return result;
}

// The calls below block; they run on the pool.
Result Init(const Handle& handle, const std::string& topic, const std::string& doing) {
  rd_kafka_error_t* error =
      rd_kafka_init_transactions(handle.get(), static_cast<int>(ToMillis(StateWriter::kInitLimit)));
  if (error == nullptr) {
    LearnTopic(handle, topic, StateWriter::kCommitLimit);
    return {};
  }
  Result result;
  result.outcome = Outcome::kLost;
  result.status = TakeError(error, doing);
  return result;
}

Result Write(rd_kafka_t* rk, const std::string& topic, const std::vector<KeyValue>& records, const std::string& doing) {
  if (rd_kafka_error_t* error = rd_kafka_begin_transaction(rk)) return Judge(rk, error, doing);
  for (const KeyValue& record : records) {
    const char* value = record.value ? record.value->data() : nullptr;
    const size_t size = record.value ? record.value->size() : 0;
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(record.key.data(), record.key.size()), RD_KAFKA_V_VALUE(const_cast<char*>(value), size),
        RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return Abort(rk, ToStatus(error, doing), doing);
  }
  rd_kafka_error_t* error = rd_kafka_commit_transaction(rk, static_cast<int>(ToMillis(StateWriter::kCommitLimit)));
  return error == nullptr ? Result{} : Judge(rk, error, doing);
}

}  // namespace

StateWriter::StateWriter(Executor executor, BlockingPool& pool, Access access, std::string transactional_id,
                         std::string topic)
    : pool_(pool),
      access_(std::move(access)),
      transactional_id_(std::move(transactional_id)),
      topic_(std::move(topic)),
      lost_(FailedPrecondition("writing {} on {}: control was not taken", topic_, Where(access_))),
      turn_(std::move(executor), 1) {}

Async<Status> StateWriter::TakeControl(std::vector<KeyValue> first) {
  CO_TRY(const int64_t taken, co_await turn_.Take(1));
  const std::string doing = fmt::format("taking control as {} on {}", transactional_id_, Where(access_));
  const Properties own = {{"transactional.id", transactional_id_},
                          {"transaction.timeout.ms", fmt::format("{}", ToMillis(kCommitLimit))},
                          {"linger.ms", "0"}};
  StatusOr<std::unique_ptr<Handle>> opened = Handle::Open(access_, Kind::kProducer, own);
  Status done = opened.status();
  handle_.reset();
  if (opened.ok()) {
    std::shared_ptr<Handle> handle(std::move(*opened));
    auto init = [handle, topic = topic_, doing] { return Init(*handle, topic, doing); };
    const Result result = co_await pool_.Run(init);
    done = result.status;
    if (done.ok()) handle_ = handle;
  }
  if (done.ok()) done = co_await Transact(std::move(first));
  if (!done.ok()) {
    handle_.reset();  // control without its first record would not be seen by those who tail the topic
    lost_ = done;
  }
  turn_.Give(taken);
  co_return done;
}

Async<Status> StateWriter::Commit(std::vector<KeyValue> records) {
  CO_TRY(const int64_t taken, co_await turn_.Take(1));
  Status done = handle_ == nullptr ? lost_ : co_await Transact(std::move(records));
  turn_.Give(taken);
  co_return done;
}

Async<Status> StateWriter::Transact(std::vector<KeyValue> records) {
  const std::string doing = fmt::format("writing {} records to {} on {}", records.size(), topic_, Where(access_));
  auto write = [handle = handle_, topic = topic_, records = std::move(records), doing] {
    return Write(handle->get(), topic, records, doing);
  };
  const Result result = co_await pool_.Run(std::move(write));
  if (result.outcome == Outcome::kLost) {
    handle_.reset();
    lost_ = result.status;
  }
  co_return result.status;
}

}  // namespace klink::admin
