#include "link/kafka_partition.h"

#include <algorithm>

#include "kafka/messages/delete_records.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/offset_for_leader_epoch.h"
#include "kafka/messages/write_txn_markers.h"
#include "kafka/record_batch.h"
#include "link/halt.h"

namespace klink::link {
namespace {

using kafka::Error;
using kafka::Lane;

constexpr Duration kAskDeadline = 10s;
constexpr int32_t kDeleteTimeoutMs = 8000;

// The leader's error for one partition as a Status; a moved leader is forgotten.
Status PartitionStatus(kafka::Cluster& cluster, const TopicPartition& tp, Error error, std::string_view doing) {
  if (error == Error::kNone) return absl::OkStatus();
  if (kafka::VerdictOf(error) == kafka::Verdict::kRefreshMetadata) cluster.ForgetLeader(tp);
  return kafka::ToStatus(error, fmt::format("{} {}", doing, tp));
}

Status NeedsRead(Status status, const kafka::Cluster& cluster, const TopicPartition& tp) {
  return NeedsRight(std::move(status), "reading the log", fmt::format("READ on topic {}", tp.topic), cluster.name());
}

// Sends to the partition's leader; a broker that cannot be reached may no longer be it.
template <class R>
Async<StatusOr<typename R::Response>> AskLeader(kafka::Cluster& cluster, TopicPartition tp, R request,
                                                int16_t max_version = R::kMax) {
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster.Leader(tp));
  StatusOr<typename R::Response> response =
      co_await cluster.Call(leader.broker, Lane::kControl, std::move(request), kAskDeadline, max_version);
  if (!response.ok()) cluster.ForgetLeader(tp);
  co_return response;
}

// The only partition of an answer about one partition.
template <class Topics, class Partitions>
auto OnlyPartition(const Topics& topics, Partitions partitions)
    -> const std::decay_t<decltype((topics[0].*partitions)[0])>* {
  if (topics.size() != 1 || (topics[0].*partitions).size() != 1) return nullptr;
  return &(topics[0].*partitions)[0];
}

Status LeftOut(const TopicPartition& tp, std::string_view doing) {
  return DataLoss("{} {}: the answer leaves the partition out", doing, tp);
}

}  // namespace

// A timestamp, or one of ListOffsets' special values; nothing when no record is that young.
static Async<StatusOr<int64_t>> AskOffset(kafka::Cluster& cluster, TopicPartition tp, int64_t timestamp,
                                          LogPoint point) {
  kafka::ListOffsetsPartition partition;
  partition.partition_index = tp.partition;
  partition.timestamp = timestamp;
  kafka::ListOffsetsRequest request;
  if (point == LogPoint::kEnd) request.replica_id = kafka::ListOffsetsRequest::kDebugReplica;
  request.isolation_level = point == LogPoint::kLastStable;
  request.topics.push_back({tp.topic, {partition}});
  CO_TRY(const auto response, co_await AskLeader(cluster, tp, std::move(request)));
  const auto* answer = OnlyPartition(response.topics, &kafka::ListOffsetsTopicResponse::partitions);
  if (answer == nullptr) co_return LeftOut(tp, "asking for an offset of");
  CO_RETURN_IF_ERROR(
      NeedsRead(PartitionStatus(cluster, tp, answer->error_code, "asking for an offset of"), cluster, tp));
  co_return answer->offset;
}

Async<StatusOr<int64_t>> OffsetOf(kafka::Cluster& cluster, TopicPartition tp, LogPoint point) {
  const int64_t timestamp =
      point == LogPoint::kStart ? kafka::ListOffsetsPartition::kEarliest : kafka::ListOffsetsPartition::kLatest;
  co_return co_await AskOffset(cluster, std::move(tp), timestamp, point);
}

Async<StatusOr<std::optional<int64_t>>> OffsetAtTime(kafka::Cluster& cluster, TopicPartition tp, WallTime time) {
  CO_TRY(const int64_t offset,
         co_await AskOffset(cluster, std::move(tp), time.time_since_epoch().count(), LogPoint::kHighWatermark));
  if (offset < 0) co_return std::nullopt;
  co_return offset;
}

Async<StatusOr<LogPeek>> Peek(kafka::Cluster& cluster, TopicPartition tp, int64_t at) {
  kafka::FetchPartition partition;
  partition.partition = tp.partition;
  partition.fetch_offset = at;
  partition.partition_max_bytes = 1;  // the first batch comes whole (KIP-74)
  kafka::FetchTopic topic;
  topic.topic = tp.topic;
  topic.partitions.push_back(partition);
  kafka::FetchRequest request;
  request.max_bytes = 1;
  request.topics.push_back(std::move(topic));
  CO_TRY(auto response, co_await AskLeader(cluster, tp, std::move(request), kafka::FetchRequest::kMaxByName));
  const auto* answer = OnlyPartition(response.responses, &kafka::FetchTopicResponse::partitions);
  if (answer == nullptr) co_return LeftOut(tp, "reading");
  if (answer->error_code == Error::kOffsetOutOfRange) co_return OutOfRange("{} does not hold offset {}", tp, at);
  CO_RETURN_IF_ERROR(NeedsRead(PartitionStatus(cluster, tp, answer->error_code, "reading"), cluster, tp));
  LogPeek peek{answer->log_start_offset, answer->high_watermark, answer->last_stable_offset, std::nullopt};
  kafka::BatchWalker walker(answer->records);
  CO_TRY(std::optional<kafka::Batch> batch, walker.Next());
  if (batch && batch->magic != 2)
    co_return Halt(state::Reason::kUnsupportedMessageFormat, "{}: a batch of message format v{} at offset {}", tp,
                   batch->magic, batch->base_offset);
  if (batch) peek.batch = SharedBytes::CopyOf(batch->bytes.view());
  co_return peek;
}

KafkaSource::KafkaSource(kafka::Cluster& cluster, FetchHub& hub, TopicPartition tp)
    : cluster_(cluster), tp_(tp), feed_(hub, std::move(tp)) {}

Async<StatusOr<Fetched>> KafkaSource::Next(SourceOffset at) { co_return co_await feed_.Next(at); }

Async<StatusOr<SourceBounds>> KafkaSource::Bounds() {
  CO_TRY(const int64_t log_start, co_await OffsetOf(cluster_, tp_, LogPoint::kStart));
  CO_TRY(const int64_t last_stable, co_await OffsetOf(cluster_, tp_, LogPoint::kLastStable));
  CO_TRY(const int64_t high_watermark, co_await OffsetOf(cluster_, tp_, LogPoint::kHighWatermark));
  co_return SourceBounds{SourceOffset(log_start), SourceOffset(high_watermark), SourceOffset(last_stable)};
}

Async<StatusOr<SourceOffset>> KafkaSource::OffsetAt(WallTime time) {
  CO_TRY(const std::optional<int64_t> offset, co_await OffsetAtTime(cluster_, tp_, time));
  if (offset) co_return SourceOffset(*offset);
  CO_TRY(const int64_t end, co_await OffsetOf(cluster_, tp_, LogPoint::kLastStable));
  co_return SourceOffset(end);
}

Async<StatusOr<std::optional<SharedBytes>>> BatchHolding(kafka::Cluster& cluster, TopicPartition tp, int64_t at) {
  StatusOr<LogPeek> peek = co_await Peek(cluster, std::move(tp), at);
  if (peek.status().code() == Code::kOutOfRange) co_return std::nullopt;
  if (!peek.ok()) co_return peek.status();
  co_return std::move(peek->batch);
}

Async<StatusOr<std::optional<SharedBytes>>> KafkaSource::BatchAt(SourceOffset at) {
  co_return co_await BatchHolding(cluster_, tp_, at.value);
}

Async<StatusOr<std::optional<int64_t>>> EndOfEpoch(kafka::Cluster& cluster, TopicPartition tp, int32_t leader_epoch) {
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster.Leader(tp));
  if (leader.epoch <= leader_epoch) co_return std::nullopt;
  kafka::OffsetForLeaderPartition partition;
  partition.partition = tp.partition;
  partition.current_leader_epoch = leader.epoch;  // an earlier leader would refuse it
  partition.leader_epoch = leader_epoch;
  kafka::OffsetForLeaderTopic topic{tp.topic, {}};
  topic.partitions.push_back(partition);
  kafka::OffsetForLeaderEpochRequest request;
  request.topics.push_back(std::move(topic));
  CO_TRY(const auto response, co_await AskLeader(cluster, tp, std::move(request)));
  const auto* answer = OnlyPartition(response.topics, &kafka::OffsetForLeaderTopicResult::partitions);
  if (answer == nullptr) co_return LeftOut(tp, "asking for the end of a leader epoch of");
  CO_RETURN_IF_ERROR(PartitionStatus(cluster, tp, answer->error_code, "asking for the end of a leader epoch of"));
  if (answer->end_offset < 0) co_return std::nullopt;
  co_return answer->end_offset;
}

Async<StatusOr<std::optional<SourceOffset>>> KafkaSource::EndOf(int32_t leader_epoch) {
  CO_TRY(const std::optional<int64_t> end, co_await EndOfEpoch(cluster_, tp_, leader_epoch));
  if (!end) co_return std::nullopt;
  co_return SourceOffset(*end);
}

KafkaSink::KafkaSink(kafka::Cluster& cluster, ProduceHub& hub, MarkerWatch& markers, Executor executor,
                     TopicPartition tp, MayDelete may_delete)
    : cluster_(cluster),
      hub_(hub),
      markers_(markers),
      executor_(executor),
      tp_(std::move(tp)),
      may_delete_(std::move(may_delete)) {}

std::shared_ptr<PendingAppend> KafkaSink::Send(SharedBytes batch, std::optional<TransactionSlot> slot, Acks acks) {
  auto pending = std::make_shared<PendingAppend>(executor_);
  hub_.Send(tp_, leader_, std::move(batch), std::move(slot), acks, pending);
  return pending;
}

Async<StatusOr<DestOffset>> KafkaSink::End() {
  CO_TRY(const int64_t end, co_await OffsetOf(cluster_, tp_, LogPoint::kEnd));
  co_return DestOffset(end);
}

ProducerState ProducerOf(const kafka::ProducerState& told) {
  return {told.producer_id,
          told.producer_epoch,
          told.last_sequence,
          told.last_timestamp,
          told.current_txn_start_offset < 0 ? std::nullopt : std::optional(DestOffset(told.current_txn_start_offset)),
          told.coordinator_epoch};
}

Async<StatusOr<std::vector<ProducerState>>> ProducersOf(kafka::Cluster& cluster, TopicPartition tp) {
  kafka::DescribeProducersRequest request;
  request.topics.push_back({tp.topic, {tp.partition}});
  CO_TRY(const auto response, co_await AskLeader(cluster, tp, std::move(request)));
  const auto* answer = OnlyPartition(response.topics, &kafka::DescribeProducersTopicResponse::partitions);
  if (answer == nullptr) co_return LeftOut(tp, "asking for the producers of");
  CO_RETURN_IF_ERROR(
      NeedsRead(PartitionStatus(cluster, tp, answer->error_code, "asking for the producers of"), cluster, tp));
  std::vector<ProducerState> producers;
  for (const kafka::ProducerState& p : answer->active_producers) producers.push_back(ProducerOf(p));
  co_return producers;
}

Async<StatusOr<DestLog>> KafkaSink::Inspect() {
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster_.Leader(tp_));
  leader_ = leader.broker;
  CO_TRY(const int64_t end, co_await OffsetOf(cluster_, tp_, LogPoint::kEnd));
  StatusOr<LogPeek> peek = co_await Peek(cluster_, tp_, std::max<int64_t>(end - 1, 0));
  if (peek.status().code() == Code::kOutOfRange) peek = co_await Peek(cluster_, tp_, end);  // the log is empty
  if (!peek.ok()) co_return peek.status();
  DestLog log{DestOffset(peek->log_start), DestOffset(end), DestOffset(peek->high_watermark), {}, {}};
  if (peek->batch && kafka::BatchView(peek->batch->view()).next_offset() == end)
    log.last_batch = std::move(peek->batch);

  CO_TRY(log.producers, co_await ProducersOf(cluster_, tp_));
  CO_TRY(const int64_t end_after, co_await OffsetOf(cluster_, tp_, LogPoint::kEnd));
  if (end_after != end) co_return Unavailable("{}: the log grew from {} to {} while it was read", tp_, end, end_after);
  co_return log;
}

Async<StatusOr<std::optional<SharedBytes>>> KafkaSink::BatchAt(DestOffset at) {
  co_return co_await BatchHolding(cluster_, tp_, at.value);
}

// One entry a marker: a partition named twice in an entry might never be answered (protocol.md T13).
Async<Status> KafkaSink::WriteMarkers(int64_t count, MarkerStamp stamp) {
  kafka::WritableTxnMarker marker{.producer_id = stamp.producer_id,
                                  .producer_epoch = stamp.producer_epoch,
                                  .transaction_result = false,
                                  .topics = {{tp_.topic, {tp_.partition}}},
                                  .coordinator_epoch = stamp.generation};
  kafka::WriteTxnMarkersRequest request;
  request.markers.assign(static_cast<size_t>(count), marker);
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster_.Leader(tp_));
  const auto response = co_await cluster_.Call(leader.broker, Lane::kTransaction, std::move(request), kAskDeadline);
  // Brokers other than Kafka's may not know it at all.
  takes_markers_ = response.ok() || response.status().code() != Code::kFailedPrecondition;
  if (!response.ok()) {
    cluster_.ForgetLeader(tp_);
    co_return response.status();
  }
  if (response->markers.empty()) co_return LeftOut(tp_, "writing fillers to");
  for (const kafka::WritableTxnMarkerResult& result : response->markers) {
    const auto* answer = OnlyPartition(result.topics, &kafka::WritableTxnMarkerTopicResult::partitions);
    if (answer == nullptr) co_return LeftOut(tp_, "writing fillers to");
    takes_markers_ = answer->error_code != Error::kClusterAuthorizationFailed;
    CO_RETURN_IF_ERROR(NeedsRight(PartitionStatus(cluster_, tp_, answer->error_code, "writing fillers to"), "markers",
                                  "ALTER on the cluster", cluster_.name()));
  }
  co_return absl::OkStatus();
}

Async<Status> KafkaSink::DeleteBelow(DestOffset offset) {
  CO_RETURN_IF_ERROR(may_delete_(offset));
  kafka::DeleteRecordsRequest request;
  request.timeout_ms = kDeleteTimeoutMs;
  request.topics.push_back({tp_.topic, {{tp_.partition, offset.value}}});
  CO_TRY(const auto response, co_await AskLeader(cluster_, tp_, std::move(request)));
  const auto* answer = OnlyPartition(response.topics, &kafka::DeleteRecordsTopicResult::partitions);
  if (answer == nullptr) co_return LeftOut(tp_, "trimming");
  co_return NeedsRight(PartitionStatus(cluster_, tp_, answer->error_code, fmt::format("trimming below {} of", offset)),
                       "prefill and trim", fmt::format("DELETE on topic {}", tp_.topic), cluster_.name());
}

}  // namespace klink::link
