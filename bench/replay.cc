// The floor of transactions: one partition's log replayed by the bare minimum, step after step, without recovery, map
// or checks worth the name: begin at the coordinator, append, end, wait until the marker stands. A measuring stick for
// `./x bench transactions`, not a model.
//
//   bench_replay SOURCE DESTINATION TOPIC     (host:port; the topic is at the destination, empty)
//
// Prints the seconds it took, after the source was read.
#include <cstdio>
#include <map>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "kafka/messages/add_partitions_to_txn.h"
#include "kafka/messages/end_txn.h"
#include "kafka/messages/produce.h"
#include "kafka/record_batch.h"
#include "link/batch_patch.h"
#include "link/cluster_admin.h"
#include "link/kafka_partition.h"

namespace klink::bench {
namespace {

using kafka::BatchView;
using kafka::Lane;
using link::Keep;

constexpr Duration kDeadline = 10s;
constexpr int16_t kTransactionalMax = 11;

class Replay {
 public:
  Replay(kafka::Cluster& source, kafka::Cluster& destination, Clock& clock, std::string topic)
      : source_(source), destination_(destination), clock_(clock), tp_{std::move(topic), 0} {}

  Async<StatusOr<double>> Run() {
    CO_RETURN_IF_ERROR(co_await Read());
    CO_TRY(const kafka::PartitionLeader leader, co_await destination_.Leader(tp_));
    broker_ = leader.broker;
    const Instant began = clock_.Now();
    for (SharedBytes& batch : batches_) CO_RETURN_IF_ERROR(co_await Copy(batch));
    co_return std::chrono::duration<double>(clock_.Now() - began).count();
  }

 private:
  struct Slot {
    std::string id;
    link::ProducerIdentity as;
    int32_t sequence = 0;
    bool open = false;
  };

  Async<Status> Read() {
    CO_TRY(const int64_t end, co_await link::OffsetOf(source_, tp_, link::LogPoint::kHighWatermark));
    for (int64_t at = 0; at < end;) {
      CO_TRY(link::LogPeek peek, co_await link::Peek(source_, tp_, at));
      if (!peek.batch) co_return DataLoss("nothing at offset {}", at);
      at = BatchView(peek.batch->view()).next_offset();
      batches_.push_back(std::move(*peek.batch));
    }
    co_return absl::OkStatus();
  }

  Async<Status> Copy(SharedBytes& batch) {
    const BatchView view(batch.view());
    CO_TRY(Slot * slot, co_await SlotOf(view.transactional() ? view.producer_id() : -1));
    const int64_t at = view.base_offset();
    if (view.control()) co_return co_await End(*slot, *kafka::ReadControlType(view) == kafka::ControlType::kCommit, at);
    if (view.transactional() && !slot->open) CO_RETURN_IF_ERROR(co_await Begin(*slot));
    co_return co_await Append(batch, *slot, at);
  }

  // Of the plain records under -1.
  Async<StatusOr<Slot*>> SlotOf(int64_t producer) {
    auto [found, fresh] = slots_.try_emplace(producer);
    Slot& slot = found->second;
    if (fresh) {
      slot.id = fmt::format("floor.{}.{}", tp_.topic, slots_.size());
      CO_TRY(slot.as, co_await link::InitProducer(destination_, clock_, slot.id, 60s));
    }
    co_return &slot;
  }

  Async<Status> Begin(Slot& slot) {
    kafka::AddPartitionsToTxnRequest request{slot.id, slot.as.producer_id, slot.as.producer_epoch, {}};
    request.topics.push_back({tp_.topic, {0}});
    for (;;) {
      kafka::AddPartitionsToTxnRequest again = request;
      CO_TRY(const auto response, co_await destination_.Call(broker_, Lane::kControl, std::move(again), kDeadline));
      const kafka::Error error = response.results_by_topic.at(0).results_by_partition.at(0).partition_error_code;
      if (error == kafka::Error::kConcurrentTransactions) continue;
      slot.open = true;
      co_return kafka::ToStatus(error, "beginning");
    }
  }

  Async<Status> Append(SharedBytes& batch, Slot& slot, int64_t at) {
    const int32_t count = BatchView(batch.view()).count();
    const bool transactional = BatchView(batch.view()).transactional();
    PatchBatch(batch, {slot.as.producer_id, slot.as.producer_epoch, slot.sequence},
               transactional ? Keep::kTransactional : Keep::kPlain);
    slot.sequence += count;
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 5000;
    if (transactional) request.transactional_id = slot.id;
    kafka::ProduceTopic topic;
    topic.name = tp_.topic;
    topic.partition_data.push_back({0, batch});
    request.topic_data.push_back(std::move(topic));
    CO_TRY(const auto response,
           co_await destination_.Call(broker_, Lane::kControl, std::move(request), kDeadline, kTransactionalMax));
    const kafka::ProducePartitionResponse& answer = response.responses.at(0).partition_responses.at(0);
    CO_RETURN_IF_ERROR(kafka::ToStatus(answer.error_code, "appending"));
    if (answer.base_offset != at) co_return DataLoss("appended at {}, not at {}", answer.base_offset, at);
    co_return absl::OkStatus();
  }

  Async<Status> End(Slot& slot, bool commit, int64_t at) {
    kafka::EndTxnRequest request{slot.id, slot.as.producer_id, slot.as.producer_epoch, commit};
    CO_TRY(const auto response, co_await destination_.Call(broker_, Lane::kControl, std::move(request), kDeadline));
    CO_RETURN_IF_ERROR(kafka::ToStatus(response.error_code, "ending"));
    slot.open = false;
    for (int64_t end = 0; end <= at;) {
      CO_TRY(end, co_await link::OffsetOf(destination_, tp_, link::LogPoint::kEnd));
    }
    co_return absl::OkStatus();
  }

  kafka::Cluster& source_;
  kafka::Cluster& destination_;
  Clock& clock_;
  TopicPartition tp_;
  int32_t broker_ = -1;
  std::vector<SharedBytes> batches_;
  std::map<int64_t, Slot> slots_;
};

kafka::ClusterOptions At(const std::string& name, const std::string& bootstrap) {
  kafka::ClusterOptions options;
  options.name = name;
  options.bootstrap = *kafka::ParseBootstrap(bootstrap);
  return options;
}

Async<void> Main(std::string from, std::string to, std::string topic, int& exit_code) {
  SystemClock clock;
  const Executor executor = co_await asio::this_coro::executor;
  kafka::Cluster source(At("source", from), executor, clock), destination(At("destination", to), executor, clock);
  const StatusOr<double> seconds = co_await Replay(source, destination, clock, std::move(topic)).Run();
  if (seconds.ok())
    fmt::print("{:.3f}\n", *seconds);
  else
    fmt::print(stderr, "replay: {}\n", Text(seconds.status()));
  exit_code = seconds.ok() ? 0 : 1;
  co_await source.Close();
  co_await destination.Close();
}

}  // namespace
}  // namespace klink::bench

int main(int count, char** arguments) {
  if (count != 4) return 64;
  boost::asio::io_context io(1);
  int exit_code = 1;
  klink::Detach(io.get_executor(), klink::bench::Main(arguments[1], arguments[2], arguments[3], exit_code));
  io.run();
  return exit_code;
}
