#include "failover/drill_read.h"

#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/produce.h"
#include "link/committed_fetch.h"
#include "link/group_requests.h"

namespace klink::failover {
namespace {

using kafka::Lane;

constexpr Duration kDeadline = 15s;
constexpr int32_t kReadBytes = 1 << 20;
constexpr size_t kRecordBytesMost = 256 << 20;  // out of one compressed batch
constexpr int16_t kAcksAll = -1;

}  // namespace

Async<StatusOr<std::optional<ReadRecord>>> FirstCommitted(kafka::Cluster& cluster, TopicPartition tp, int64_t from) {
  for (int64_t at = from;;) {
    CO_TRY(auto answer, co_await link::FetchCommittedFrom(cluster, tp, at, {kReadBytes, kDeadline}));
    if (answer.error_code != kafka::Error::kNone) {
      cluster.ForgetLeader(tp);
      co_return kafka::ToStatus(answer.error_code, fmt::format("reading {} at offset {}", tp, at));
    }
    link::AbortedData aborted = link::AbortedOf(answer);
    kafka::BatchWalker walker(std::move(answer.records));
    const int64_t before = at;
    for (;;) {
      CO_TRY(const auto batch, walker.Next());
      if (!batch) break;
      if (batch->magic != 2) co_return DataLoss("{}: a batch of message format v{}", tp, batch->magic);
      const kafka::BatchView view = batch->view();
      const bool skip = aborted.Covers(view) || view.control();
      at = std::max(at, view.next_offset());
      if (skip) continue;
      CO_TRY(auto records, kafka::ReadRecords(view, kRecordBytesMost));
      for (kafka::Record& record : records) {
        const int64_t offset = view.base_offset() + record.offset_delta;
        if (offset < from) continue;
        co_return ReadRecord{offset, std::move(record), answer.last_stable_offset, answer.high_watermark};
      }
    }
    if (at == before) co_return std::nullopt;
  }
}

bool SameContent(const kafka::Record& a, const kafka::Record& b) {
  return a.key == b.key && a.value == b.value && a.headers == b.headers;
}

Async<StatusOr<link::ProducerIdentity>> NewProducer(kafka::Cluster& cluster) {
  kafka::InitProducerIdRequest request;
  CO_TRY(const auto response, co_await cluster.CallAny(std::move(request), kDeadline));
  CO_RETURN_IF_ERROR(kafka::ToStatus(response.error_code, "asking for a producer id"));
  co_return link::ProducerIdentity{response.producer_id, response.producer_epoch};
}

Async<StatusOr<int64_t>> ProduceOne(kafka::Cluster& cluster, TopicPartition tp, link::ProducerIdentity producer,
                                    int32_t sequence, std::string value, WallTime now) {
  std::vector<kafka::Record> records(1);
  records[0].timestamp = now.time_since_epoch().count();
  records[0].key = "klink-drill";
  records[0].value = std::move(value);
  co_return co_await Produce(cluster, tp, producer, sequence, std::move(records));
}

Async<StatusOr<int64_t>> Produce(kafka::Cluster& cluster, TopicPartition tp, link::ProducerIdentity producer,
                                 int32_t sequence, std::vector<kafka::Record> records) {
  kafka::BatchIdentity identity;
  identity.producer_id = producer.producer_id;
  identity.producer_epoch = producer.producer_epoch;
  identity.base_sequence = sequence;
  kafka::ProduceTopic topic;
  topic.name = tp.topic;
  topic.partition_data.push_back({tp.partition, kafka::BuildBatch(identity, records)});
  kafka::ProduceRequest request;
  request.acks = kAcksAll;
  request.topic_data.push_back(std::move(topic));
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster.Leader(tp));
  CO_TRY(const auto response, co_await cluster.Call(leader.broker, Lane::kProduce, std::move(request), kDeadline,
                                                    kafka::ProduceRequest::kMaxByName));
  if (response.responses.size() != 1 || response.responses[0].partition_responses.size() != 1)
    co_return DataLoss("writing to {}: the answer leaves the partition out", tp);
  const auto& answer = response.responses[0].partition_responses[0];
  CO_RETURN_IF_ERROR(kafka::ToStatus(answer.error_code, fmt::format("writing to {}", tp), answer.error_message));
  co_return answer.base_offset;
}

Async<StatusOr<Positions>> PositionsOf(kafka::Cluster& cluster, std::string group, std::set<std::string> topics) {
  CO_TRY(const int32_t broker, co_await cluster.Coordinator(kafka::CoordinatorType::kGroup, group));
  std::vector<std::string> one(1, group);
  CO_TRY(const auto answers, co_await link::FetchCommitted(cluster, broker, std::move(one)));
  Positions positions;
  for (const auto& answer : answers) {
    if (answer.error_code == kafka::Error::kGroupIdNotFound) continue;
    CO_RETURN_IF_ERROR(kafka::ToStatus(answer.error_code, fmt::format("asking where group {} stands", group)));
    for (const auto& topic : answer.topics)
      for (const auto& partition : topic.partitions)
        if (topics.contains(topic.name) && partition.committed_offset >= 0 &&
            partition.error_code == kafka::Error::kNone)
          positions[{topic.name, partition.partition_index}] = partition.committed_offset;
  }
  co_return positions;
}

Async<Status> CommitPositions(kafka::Cluster& cluster, Clock& clock, std::string group, Positions positions) {
  CO_TRY(const int32_t broker, co_await link::AwaitCoordinator(cluster, clock, kafka::CoordinatorType::kGroup, group));
  kafka::OffsetCommitRequest request;
  request.group_id = group;
  for (const auto& [tp, offset] : positions) {
    if (request.topics.empty() || request.topics.back().name != tp.topic) request.topics.emplace_back().name = tp.topic;
    kafka::OffsetCommitPartition& partition = request.topics.back().partitions.emplace_back();
    partition.partition_index = tp.partition;
    partition.committed_offset = offset;
  }
  CO_TRY(const auto response, co_await cluster.Call(broker, Lane::kControl, std::move(request), kDeadline));
  for (const auto& topic : response.topics)
    for (const auto& partition : topic.partitions)
      CO_RETURN_IF_ERROR(
          kafka::ToStatus(partition.error_code, fmt::format("committing the positions of group {}", group)));
  co_return absl::OkStatus();
}

}  // namespace klink::failover
