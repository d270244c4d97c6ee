#include "tests/live/live_partition.h"

#include <optional>
#include <stdexcept>

#include <boost/asio/io_context.hpp>

#include "kafka/cluster.h"
#include "kafka/messages/add_partitions_to_txn.h"
#include "kafka/messages/delete_records.h"
#include "kafka/messages/describe_producers.h"
#include "kafka/messages/end_txn.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/produce.h"
#include "link/cluster_admin.h"

namespace klink::live {
namespace {

using kafka::Error;
using kafka::Lane;

constexpr Duration kDeadline = 20s;
constexpr int16_t kTransactionalMax = 11;  // from 12 on the leader adds the partition by itself (protocol.md P30)
constexpr int16_t kEndTxnMax = 4;
constexpr int32_t kTimeoutMs = 10000;
constexpr int64_t kEarliest = -2, kLatest = -1;

kafka::ClusterOptions At(const std::string& bootstrap) {
  kafka::ClusterOptions options;
  options.name = "live";
  options.bootstrap = kafka::ParseBootstrap(bootstrap).value();
  return options;
}

}  // namespace

struct LivePartition::Impl {
  Impl(const std::string& bootstrap, const std::string& topic)
      : cluster(At(bootstrap), io.get_executor(), clock), tp{topic, 0} {}

  // The coroutine's result, once it has one.
  template <class T>
  T Await(Async<StatusOr<T>> question) {
    std::optional<StatusOr<T>> answer;
    auto wait = [](Async<StatusOr<T>> asked, std::optional<StatusOr<T>>& out) -> Async<void> {
      out = co_await std::move(asked);
    };
    Detach(io.get_executor(), wait(std::move(question), answer));
    while (!answer) {
      io.restart();
      io.run_one();
    }
    if (!answer->ok()) throw std::runtime_error(Text(answer->status()));
    return **std::move(answer);
  }
  template <class R>
  typename R::Response Ask(int32_t broker, R request, int16_t most = R::kMax) {
    return Await(cluster.Call(broker, Lane::kControl, std::move(request), kDeadline, most));
  }
  int32_t Leader() { return Await(cluster.Leader(tp)).broker; }
  int32_t Coordinator(const std::string& id) {
    return Await(link::AwaitCoordinator(cluster, clock, kafka::CoordinatorType::kTransaction, id));
  }
  int64_t Offset(int64_t of) {
    kafka::ListOffsetsRequest request;
    kafka::ListOffsetsTopic topic{.name = tp.topic, .partitions = {}};
    topic.partitions.push_back({.partition_index = 0, .timestamp = of});
    request.topics.push_back(std::move(topic));
    return Ask(Leader(), std::move(request)).topics.at(0).partitions.at(0).offset;
  }

  boost::asio::io_context io{1};
  SystemClock clock;
  kafka::Cluster cluster;
  TopicPartition tp;
};

LivePartition::LivePartition(const std::string& bootstrap, const std::string& topic)
    : impl_(std::make_unique<Impl>(bootstrap, topic)) {}

LivePartition::~LivePartition() {
  Detach(impl_->io.get_executor(), impl_->cluster.Close());
  impl_->io.restart();
  impl_->io.run();
}

Answered LivePartition::Produce(const SharedBytes& batch, const std::string& transactional_id) {
  kafka::ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = kTimeoutMs;
  if (!transactional_id.empty()) request.transactional_id = transactional_id;
  kafka::ProduceTopic topic;
  topic.name = impl_->tp.topic;
  topic.partition_data.push_back({0, SharedBytes::CopyOf(batch.view())});
  request.topic_data.push_back(std::move(topic));
  const auto response = impl_->Ask(impl_->Leader(), std::move(request), kTransactionalMax);
  const kafka::ProducePartitionResponse& answer = response.responses.at(0).partition_responses.at(0);
  return {answer.error_code, answer.base_offset};
}

Error LivePartition::DeleteRecords(int64_t offset) {
  kafka::DeleteRecordsRequest request;
  kafka::DeleteRecordsTopic topic{impl_->tp.topic, {}};
  topic.partitions.push_back({0, offset});
  request.topics.push_back(std::move(topic));
  return impl_->Ask(impl_->Leader(), std::move(request)).topics.at(0).partitions.at(0).error_code;
}

Error LivePartition::InitProducerId(link::TransactionSlot& slot) {
  const kafka::InitProducerIdRequest request{.transactional_id = slot.id};
  const auto response = impl_->Ask(impl_->Coordinator(slot.id), request);
  if (response.error_code == Error::kNone) {
    slot.producer_id = response.producer_id;
    slot.producer_epoch = response.producer_epoch;
  }
  return response.error_code;
}

Error LivePartition::AddPartition(const link::TransactionSlot& slot) {
  kafka::AddPartitionsToTxnRequest request{slot.id, slot.producer_id, slot.producer_epoch, {}};
  request.topics.push_back({impl_->tp.topic, {0}});
  const auto response = impl_->Ask(impl_->Coordinator(slot.id), std::move(request));
  return response.results_by_topic.at(0).results_by_partition.at(0).partition_error_code;
}

Error LivePartition::EndTxn(const link::TransactionSlot& slot, bool commit) {
  const kafka::EndTxnRequest request{slot.id, slot.producer_id, slot.producer_epoch, commit};
  return impl_->Ask(impl_->Coordinator(slot.id), request, kEndTxnMax).error_code;
}

int64_t LivePartition::Start() { return impl_->Offset(kEarliest); }
int64_t LivePartition::End() { return impl_->Offset(kLatest); }

std::vector<link::ProducerState> LivePartition::Producers() {
  kafka::DescribeProducersRequest request;
  request.topics.push_back({impl_->tp.topic, {0}});
  const auto response = impl_->Ask(impl_->Leader(), std::move(request));
  std::vector<link::ProducerState> states;
  for (const kafka::ProducerState& p : response.topics.at(0).partitions.at(0).active_producers) {
    states.push_back({p.producer_id, p.producer_epoch, p.last_sequence, p.last_timestamp, std::nullopt, -1});
    if (p.current_txn_start_offset >= 0) states.back().open_since = DestOffset(p.current_txn_start_offset);
  }
  return states;
}

}  // namespace klink::live
