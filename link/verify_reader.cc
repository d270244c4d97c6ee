#include "link/verify_reader.h"

#include <algorithm>

#include "kafka/messages/fetch.h"
#include "kafka/record_batch.h"

namespace klink::link {
namespace {

constexpr Duration kReadDeadline = 30s;
constexpr int32_t kAnswerWithinMs = 500;

}  // namespace

Async<Status> Pace::Spent(int64_t bytes) {
  if (rate_ <= 0) co_return absl::OkStatus();
  const Instant now = clock_.Now();
  free_at_ = std::max(free_at_, now) + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
                                           static_cast<double>(bytes) / static_cast<double>(rate_)));
  co_return co_await clock_.Sleep(free_at_ - now);
}

Async<StatusOr<std::optional<SharedBytes>>> LogReader::Next() {
  while (batches_.empty() && next_ < end_) CO_RETURN_IF_ERROR(co_await Fill());
  if (batches_.empty()) co_return std::nullopt;
  SharedBytes batch = std::move(batches_.front());
  batches_.pop_front();
  co_return batch;
}

Async<Status> LogReader::Fill() {
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster_.Leader(tp_));
  kafka::FetchPartition partition;
  partition.partition = tp_.partition;
  partition.fetch_offset = next_;
  partition.partition_max_bytes = pace_.Most(read_bytes_);
  kafka::FetchTopic topic;
  topic.topic = tp_.topic;
  topic.partitions.push_back(partition);
  kafka::FetchRequest request;
  request.max_wait_ms = kAnswerWithinMs;
  request.min_bytes = 1;
  request.max_bytes = partition.partition_max_bytes;
  request.topics.push_back(std::move(topic));
  CO_TRY(auto response, co_await cluster_.Call(leader.broker, kafka::Lane::kFetch, std::move(request), kReadDeadline,
                                               kafka::FetchRequest::kMaxByName));
  if (response.responses.size() != 1 || response.responses[0].partitions.size() != 1)
    co_return DataLoss("reading {}: the answer leaves the partition out", tp_);
  auto& answer = response.responses[0].partitions[0];
  if (answer.error_code == kafka::Error::kOffsetOutOfRange)
    co_return OutOfRange("reading {}: offset {} is no longer in the log", tp_, next_);
  if (answer.error_code != kafka::Error::kNone) {
    cluster_.ForgetLeader(tp_);
    co_return kafka::ToStatus(answer.error_code, fmt::format("reading {} at offset {}", tp_, next_));
  }
  const auto bytes = static_cast<int64_t>(answer.records.size());
  const int64_t before = next_;
  CO_RETURN_IF_ERROR(Take(std::move(answer.records)));
  if (next_ == before) {
    if (bytes > 0 || answer.high_watermark < end_)
      co_return Unavailable("reading {} at offset {}: the log ends before {}", tp_, next_, end_);
    next_ = end_;  // a hole up to the end
  }
  co_return co_await pace_.Spent(bytes);
}

Status LogReader::Take(SharedBytes records) {
  kafka::BatchWalker walker(std::move(records));
  for (;;) {
    TRY(auto batch, walker.Next());
    if (!batch) return absl::OkStatus();
    if (batch->magic != 2)
      return DataLoss("{}: a batch of message format v{} at offset {}", tp_, batch->magic, batch->base_offset);
    const kafka::BatchView view = batch->view();
    if (view.next_offset() <= next_) continue;
    if (view.base_offset() >= end_) {
      next_ = end_;
      return absl::OkStatus();
    }
    next_ = view.next_offset();
    batches_.push_back(batch->bytes);
  }
}

}  // namespace klink::link
