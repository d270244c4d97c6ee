#include "failover/kafka_destination.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/crc32c.h"
#include "base/task_group.h"
#include "kafka/messages/add_partitions_to_txn.h"
#include "kafka/messages/describe_producers.h"
#include "kafka/messages/end_txn.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/write_txn_markers.h"
#include "kafka/record_batch.h"
#include "link/cluster_admin.h"
#include "link/halt.h"
#include "link/kafka_partition.h"

namespace klink::failover {
namespace {

using kafka::Error;
using kafka::Lane;

constexpr Duration kAsk = 5s;
constexpr Duration kMark = 10s;
constexpr Duration kTransactionTimeout = 60s;
constexpr Duration kBusyFor = 10s;           // a transactional id is ending its last transaction
constexpr size_t kMarkersPerRequest = 2000;  // one of the broker's threads appends them all (protocol.md T11)
constexpr int kBatchesBack = 8;              // looked through for the last records

// The partitions of one topic stand together.
template <class Topic, class Add>
std::vector<Topic> ByTopic(const std::vector<TopicPartition>& partitions, Add add) {
  std::vector<Topic> topics;
  for (const TopicPartition& tp : partitions) {
    if (topics.empty() || add.NameOf(topics.back()) != tp.topic) add.NameOf(topics.emplace_back()) = tp.topic;
    add(topics.back(), tp.partition);
  }
  return topics;
}

struct AddOffset {
  int64_t timestamp;
  static std::string& NameOf(kafka::ListOffsetsTopic& topic) { return topic.name; }
  void operator()(kafka::ListOffsetsTopic& topic, int32_t index) const {
    kafka::ListOffsetsPartition& partition = topic.partitions.emplace_back();
    partition.partition_index = index;
    partition.timestamp = timestamp;
  }
};
struct AddIndex {
  static std::string& NameOf(kafka::DescribeProducersTopic& topic) { return topic.name; }
  static std::string& NameOf(kafka::WritableTxnMarkerTopic& topic) { return topic.name; }
  void operator()(auto& topic, int32_t index) const { topic.partition_indexes.push_back(index); }
};
struct AddPartition {
  static std::string& NameOf(kafka::AddPartitionsToTxnTopic& topic) { return topic.name; }
  void operator()(kafka::AddPartitionsToTxnTopic& topic, int32_t index) const { topic.partitions.push_back(index); }
};

Status Told(Error error, const TopicPartition& tp) {
  return kafka::ToStatus(error, fmt::format("asking the leader of {}", tp));
}

}  // namespace

void KafkaDestination::ForgetLeaders(const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& tp : partitions) cluster_.ForgetLeader(tp);
}

Async<KafkaDestination::ByBroker> KafkaDestination::Leaders(std::set<TopicPartition> partitions, AllFacts& facts) {
  if (!known_) {
    std::set<std::string> names;
    for (const TopicPartition& tp : partitions) names.insert(tp.topic);
    std::vector<std::string> topics(names.begin(), names.end());
    known_ = (co_await cluster_.Metadata(std::move(topics))).ok();  // all in one question
  }
  ByBroker by_broker;
  for (const TopicPartition& tp : partitions) {
    const auto leader = co_await cluster_.Leader(tp);
    if (leader.ok())
      by_broker[leader->broker].push_back(tp);
    else
      facts.insert_or_assign(tp, leader.status());
  }
  co_return by_broker;
}

Async<AllFacts> KafkaDestination::Inspect(std::set<TopicPartition> partitions) {
  AllFacts facts;
  ByBroker by_broker = co_await Leaders(std::move(partitions), facts);
  TaskGroup asking(executor_);
  for (auto& [broker, of_broker] : by_broker) asking.Spawn(InspectAt(broker, std::move(of_broker), facts));
  co_await asking.Join();
  co_return facts;
}

Async<void> KafkaDestination::InspectAt(int32_t broker, std::vector<TopicPartition> partitions, AllFacts& facts) {
  std::map<TopicPartition, PartitionFacts> found;
  std::map<TopicPartition, Status> wrong;
  for (const TopicPartition& tp : partitions) wrong[tp] = Unavailable("{}: the answer leaves it out", tp);
  const auto fail = [&](const Status& why) {
    ForgetLeaders(partitions);
    for (const TopicPartition& tp : partitions) facts.insert_or_assign(tp, why);
  };
  kafka::DescribeProducersRequest producers;
  producers.topics = ByTopic<kafka::DescribeProducersTopic>(partitions, AddIndex{});
  const auto told = co_await cluster_.Call(broker, Lane::kControl, std::move(producers), kAsk);
  if (!told.ok()) co_return fail(told.status());
  for (const auto& topic : told->topics)
    for (const auto& partition : topic.partitions) {
      const TopicPartition tp{topic.name, partition.partition_index};
      wrong[tp] = Told(partition.error_code, tp);
      for (const kafka::ProducerState& p : partition.active_producers)
        found[tp].producers.push_back(link::ProducerOf(p));
    }
  for (const bool end : {true, false}) {  // then the high watermark: it is not told to be beyond an end read earlier
    kafka::ListOffsetsRequest request;
    if (end) request.replica_id = kafka::ListOffsetsRequest::kDebugReplica;
    request.topics = ByTopic<kafka::ListOffsetsTopic>(partitions, AddOffset{kafka::ListOffsetsPartition::kLatest});
    const auto offsets = co_await cluster_.Call(broker, Lane::kControl, std::move(request), kAsk);
    if (!offsets.ok()) co_return fail(offsets.status());
    for (const auto& topic : offsets->topics)
      for (const auto& partition : topic.partitions) {
        const TopicPartition tp{topic.name, partition.partition_index};
        wrong[tp].Update(Told(partition.error_code, tp));
        (end ? found[tp].end : found[tp].high_watermark) = DestOffset(partition.offset);
      }
  }
  for (const TopicPartition& tp : partitions) {
    const Status& status = wrong[tp];
    if (!status.ok()) cluster_.ForgetLeader(tp);
    if (!status.ok())
      facts.insert_or_assign(tp, status);
    else
      facts.insert_or_assign(tp, std::move(found[tp]));
  }
}

Async<Status> KafkaDestination::WriteMarkers(FencePlan plan) {
  std::map<int32_t, FencePlan> by_broker;
  std::set<TopicPartition> all;
  for (const auto& [marker, partitions] : plan) all.insert(partitions.begin(), partitions.end());
  AllFacts unknown;
  std::map<TopicPartition, int32_t> leader_of;
  for (auto& [broker, partitions] : co_await Leaders(std::move(all), unknown))
    for (const TopicPartition& tp : partitions) leader_of[tp] = broker;
  for (const auto& [marker, partitions] : plan)
    for (const TopicPartition& tp : partitions)
      if (const auto leader = leader_of.find(tp); leader != leader_of.end())
        by_broker[leader->second][marker].push_back(tp);
  Status result;
  for (const auto& [tp, why] : unknown) result.Update(why.status());
  TaskGroup writing(executor_);
  for (auto& [broker, of_broker] : by_broker) writing.Spawn(WriteMarkersAt(broker, std::move(of_broker), result));
  co_await writing.Join();
  co_return result;
}

// One entry a producer and epoch; a partition stands in it once (protocol.md T13).
Async<void> KafkaDestination::WriteMarkersAt(int32_t broker, FencePlan plan, Status& result) {
  kafka::WriteTxnMarkersRequest request;
  std::vector<kafka::WriteTxnMarkersRequest> requests;
  size_t size = 0;
  for (const auto& [marker, partitions] : plan) {
    if (size > 0 && size + partitions.size() > kMarkersPerRequest) {
      requests.push_back(std::exchange(request, {}));
      size = 0;
    }
    size += partitions.size();
    kafka::WritableTxnMarker& entry = request.markers.emplace_back();
    entry.producer_id = marker.producer_id;
    entry.producer_epoch = marker.epoch;
    entry.transaction_result = false;
    entry.coordinator_epoch = marker.coordinator_epoch;
    entry.topics = ByTopic<kafka::WritableTxnMarkerTopic>(partitions, AddIndex{});
  }
  requests.push_back(std::move(request));
  for (kafka::WriteTxnMarkersRequest& one : requests) {
    const auto response = co_await cluster_.Call(broker, Lane::kTransaction, std::move(one), kMark);
    if (!response.ok()) {
      for (const auto& [marker, partitions] : plan) ForgetLeaders(partitions);
      result.Update(response.status());
      co_return;
    }
    for (const auto& of_producer : response->markers)
      for (const auto& topic : of_producer.topics)
        for (const auto& partition : topic.partitions) {
          const TopicPartition tp{topic.name, partition.partition_index};
          if (kafka::VerdictOf(partition.error_code) == kafka::Verdict::kAppended) continue;  // the log tells
          if (kafka::VerdictOf(partition.error_code) == kafka::Verdict::kRefreshMetadata) cluster_.ForgetLeader(tp);
          result.Update(link::NeedsRight(
              kafka::ToStatus(partition.error_code, fmt::format("shutting klink's producers out of {}", tp)), "markers",
              "ALTER on the cluster", cluster_.name()));
        }
  }
}

Async<StatusOr<int16_t>> KafkaDestination::EmptyTransaction(std::string id, std::vector<TopicPartition> partitions,
                                                            MayStep may) {
  std::sort(partitions.begin(), partitions.end());
  partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
  CO_TRY(const link::ProducerIdentity producer, co_await link::InitProducer(cluster_, clock_, id, kTransactionTimeout));
  CO_TRY(const int32_t coordinator,
         co_await link::AwaitCoordinator(cluster_, clock_, kafka::CoordinatorType::kTransaction, id));
  CO_RETURN_IF_ERROR(may());
  CO_RETURN_IF_ERROR(
      co_await Add(coordinator, id, producer.producer_id, producer.producer_epoch, std::move(partitions)));
  CO_RETURN_IF_ERROR(may());
  kafka::EndTxnRequest end;
  end.transactional_id = id;
  end.producer_id = producer.producer_id;
  end.producer_epoch = producer.producer_epoch;
  end.committed = false;
  const auto ended = co_await cluster_.Call(coordinator, Lane::kTransaction, std::move(end), kMark);
  CO_RETURN_IF_ERROR(ended.status());
  CO_RETURN_IF_ERROR(kafka::ToStatus(ended->error_code, fmt::format("ending the fencing transaction of {}", id)));
  co_return producer.producer_epoch;
}

Async<Status> KafkaDestination::Add(int32_t coordinator, std::string id, int64_t pid, int16_t epoch,
                                    std::vector<TopicPartition> partitions) {
  Backoff backoff(10ms, 500ms, std::hash<std::string>{}(id));
  for (const Instant until = clock_.Now() + kBusyFor;;) {
    kafka::AddPartitionsToTxnRequest request;
    request.transactional_id = id;
    request.producer_id = pid;
    request.producer_epoch = epoch;
    request.topics = ByTopic<kafka::AddPartitionsToTxnTopic>(partitions, AddPartition{});
    const auto added = co_await cluster_.Call(coordinator, Lane::kTransaction, std::move(request), kMark);
    CO_RETURN_IF_ERROR(added.status());
    Status worst;
    bool busy = false;
    for (const auto& topic : added->results_by_topic)
      for (const auto& result : topic.results_by_partition) {
        const TopicPartition tp{topic.name, result.partition_index};
        busy |= kafka::VerdictOf(result.partition_error_code) == kafka::Verdict::kRetry;
        worst.Update(
            kafka::ToStatus(result.partition_error_code, fmt::format("a fencing transaction of {} in {}", id, tp)));
      }
    if (worst.ok() || !busy || clock_.Now() >= until) co_return worst;
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(backoff.Next()));
  }
}

Async<StatusOr<Tail>> KafkaDestination::ReadTail(TopicPartition tp, DestOffset copied_end, DestOffset end,
                                                 std::set<int64_t> own) {
  Tail tail;
  tail.copied_end = copied_end;
  bool plain = true;
  const auto take = [&tail](const kafka::BatchView& view) {
    tail.last_base = DestOffset(view.base_offset());
    tail.last_crc = Crc32c(view.body());
  };
  for (DestOffset at = copied_end; at < end;) {
    CO_TRY(const std::optional<SharedBytes> batch, co_await link::BatchHolding(cluster_, tp, at.value));
    if (!batch) break;
    const kafka::BatchView view(batch->view());
    const int64_t offsets = view.next_offset() - std::max(at.value, view.base_offset());
    at = DestOffset(view.next_offset());
    if (!own.contains(view.producer_id())) tail.foreign += offsets;
    if (view.control() || !own.contains(view.producer_id())) continue;
    plain = plain && !view.transactional();
    if (plain) tail.late += view.next_offset() - view.base_offset();
    tail.copied_end = at;
    take(view);
  }
  DestOffset at = copied_end;
  for (int back = 0; back < kBatchesBack && !tail.last_base && at > DestOffset(0); back++) {
    CO_TRY(const std::optional<SharedBytes> batch, co_await link::BatchHolding(cluster_, tp, at.value - 1));
    if (!batch) break;
    const kafka::BatchView view(batch->view());
    if (!view.control()) take(view);
    at = DestOffset(view.base_offset());
  }
  co_return tail;
}

}  // namespace klink::failover
