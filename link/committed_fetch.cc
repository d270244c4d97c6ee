#include "link/committed_fetch.h"

namespace klink::link {
namespace {

constexpr int8_t kReadCommitted = 1;

}  // namespace

Async<StatusOr<kafka::FetchPartitionResponse>> FetchCommittedFrom(kafka::Cluster& cluster, TopicPartition tp,
                                                                  int64_t at, FetchBounds bounds) {
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster.Leader(tp));
  kafka::FetchPartition partition;
  partition.partition = tp.partition;
  partition.fetch_offset = at;
  partition.partition_max_bytes = bounds.bytes;
  kafka::FetchTopic topic;
  topic.topic = tp.topic;
  topic.partitions.push_back(partition);
  kafka::FetchRequest request;
  request.max_wait_ms = 0;
  request.max_bytes = bounds.bytes;
  request.isolation_level = kReadCommitted;
  request.topics.push_back(std::move(topic));
  CO_TRY(auto response, co_await cluster.Call(leader.broker, kafka::Lane::kControl, std::move(request), bounds.deadline,
                                              kafka::FetchRequest::kMaxByName));
  if (response.responses.size() != 1 || response.responses[0].partitions.size() != 1)
    co_return DataLoss("reading {}: the answer leaves the partition out", tp);
  co_return std::move(response.responses[0].partitions[0]);
}

AbortedData AbortedOf(const kafka::FetchPartitionResponse& answer) {
  std::vector<AbortedTransaction> aborted;
  if (answer.aborted_transactions)
    for (const auto& transaction : *answer.aborted_transactions)
      aborted.push_back({transaction.producer_id, SourceOffset(transaction.first_offset)});
  return AbortedData(std::move(aborted));
}

}  // namespace klink::link
