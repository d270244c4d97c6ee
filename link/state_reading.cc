#include "link/state_reading.h"

#include <algorithm>
#include <utility>

#include "kafka/record_batch.h"
#include "link/committed_fetch.h"

namespace klink::link {
namespace {

constexpr FetchBounds kRead = {4 << 20, 10s};
constexpr size_t kRecordBytesMost = 64 << 20;  // out of one compressed batch

}  // namespace

Async<StatusOr<bool>> ReadSome(kafka::Cluster& cluster, std::string topic, StateReading& reading) {
  const TopicPartition tp{std::move(topic), 0};
  CO_TRY(auto answer, co_await FetchCommittedFrom(cluster, tp, reading.next, kRead));
  if (answer.error_code == kafka::Error::kOffsetOutOfRange && reading.next != 0) {
    reading.next = 0;
    reading.begin_again();
    co_return true;
  }
  if (answer.error_code != kafka::Error::kNone) {
    cluster.ForgetLeader(tp);
    co_return kafka::ToStatus(answer.error_code, fmt::format("reading {}", tp.topic));
  }
  const int64_t before = reading.next;
  AbortedData aborted = AbortedOf(answer);
  kafka::BatchWalker walker(std::move(answer.records));
  for (;;) {
    CO_TRY(const auto batch, walker.Next());
    if (!batch) break;
    if (batch->magic != 2) co_return DataLoss("{}: a batch of message format v{}", tp, batch->magic);
    const kafka::BatchView view = batch->view();
    const bool skip = aborted.Covers(view) || view.control();
    const int64_t from = std::exchange(reading.next, std::max(reading.next, view.next_offset()));
    if (skip) continue;
    CO_TRY(const auto records, kafka::ReadRecords(view, kRecordBytesMost));
    for (const kafka::Record& record : records)
      if (view.base_offset() + record.offset_delta >= from && record.key) reading.apply(*record.key, record.value);
  }
  co_return reading.next > before;
}

}  // namespace klink::link
