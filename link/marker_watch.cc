#include "link/marker_watch.h"

#include <algorithm>

#include "kafka/record_batch.h"

namespace klink::link {
namespace {

using kafka::Error;

constexpr Duration kGiveUp = 1s;
constexpr Duration kDeadline = 10s;
constexpr int32_t kMaxWaitMs = 3;  // who comes meanwhile waits for the next request
constexpr int32_t kPartitionBytes = 1024;
constexpr int32_t kMarkerBytes = 78;  // protocol.md T11
constexpr size_t kShare = 4;          // of many that wait, so many part are worth an answer

kafka::FetchTopic& TopicAtBack(std::vector<kafka::FetchTopic>& topics, const std::string& name) {
  if (topics.empty() || topics.back().topic != name) topics.emplace_back().topic = name;
  return topics.back();
}

}  // namespace

MarkerWatch::MarkerWatch(kafka::Cluster& cluster, Executor executor, Clock& clock)
    : cluster_(cluster), executor_(executor), clock_(clock), loops_(executor) {}

Async<MarkerWatch::Found> MarkerWatch::Await(TopicPartition tp, DestOffset at) {
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster_.Leader(tp));
  if (stopped_) co_return Cancelled("{}: stopping", tp);
  auto& broker = brokers_[leader.broker];
  if (!broker) {
    broker = std::make_unique<BrokerState>(executor_);
    loops_.Spawn(Loop(leader.broker));
  }
  auto waiter = std::make_shared<Waiter>(executor_, at, clock_.Now() + kGiveUp);
  broker->waiting[tp] = waiter;
  broker->changed.NotifyAll();
  while (!waiter->found) CO_RETURN_IF_ERROR(co_await waiter->answered.Wait());
  co_return *std::move(waiter->found);
}

void MarkerWatch::Stop() {
  stopped_ = true;
  loops_.Stop();
  for (auto& [id, broker] : brokers_) {
    for (auto& [tp, waiter] : broker->waiting) waiter->Answer(Cancelled("{}: stopping", tp));
    broker->waiting.clear();
  }
}

Async<void> MarkerWatch::Join() { co_await loops_.Join(); }

Async<void> MarkerWatch::Loop(int32_t broker) {
  BrokerState& state = *brokers_.at(broker);
  for (;;) {
    while (state.waiting.empty())
      if (!(co_await state.changed.Wait()).ok()) co_return;
    Waiting waiting = state.waiting;
    co_await Round(broker, waiting);
    for (auto& [tp, waiter] : waiting) {
      if (!waiter->found && clock_.Now() >= waiter->until) waiter->Answer(std::nullopt);
      const auto found = state.waiting.find(tp);
      if (waiter->found && found != state.waiting.end() && found->second == waiter) state.waiting.erase(found);
    }
    if (co_await IsStopping()) co_return;
  }
}

Async<void> MarkerWatch::Round(int32_t broker, Waiting& waiting) {
  kafka::FetchRequest request;
  request.max_wait_ms = kMaxWaitMs;
  request.min_bytes = std::max(1, static_cast<int32_t>(waiting.size() / kShare) * kMarkerBytes);
  for (const auto& [tp, waiter] : waiting) {
    kafka::FetchPartition& partition = TopicAtBack(request.topics, tp.topic).partitions.emplace_back();
    partition.partition = tp.partition;
    partition.fetch_offset = waiter->at.value;
    partition.partition_max_bytes = kPartitionBytes;
  }
  auto response = co_await cluster_.Call(broker, kafka::Lane::kMarkers, std::move(request), kDeadline,
                                         kafka::FetchRequest::kMaxByName);
  const Status failed =
      !response.ok() ? response.status() : kafka::ToStatus(response->error_code, "waiting for markers");
  if (!failed.ok()) {
    for (auto& [tp, waiter] : waiting) {
      cluster_.ForgetLeader(tp);
      waiter->Answer(failed);
    }
    co_return;
  }
  for (const kafka::FetchTopicResponse& topic : response->responses) {
    for (const kafka::FetchPartitionResponse& answer : topic.partitions) {
      const auto found = waiting.find({topic.topic, answer.partition_index});
      if (found == waiting.end()) continue;
      const bool nothing_yet = answer.error_code == Error::kNone && answer.records.size() == 0;
      if (!nothing_yet) found->second->Answer(Look(found->first, answer, *found->second));
    }
  }
}

MarkerWatch::Found MarkerWatch::Look(const TopicPartition& tp, const kafka::FetchPartitionResponse& answer,
                                     const Waiter& waiter) {
  if (answer.error_code == Error::kOffsetOutOfRange) return std::nullopt;
  if (answer.error_code != Error::kNone) {
    if (kafka::VerdictOf(answer.error_code) == kafka::Verdict::kRefreshMetadata) cluster_.ForgetLeader(tp);
    return kafka::ToStatus(answer.error_code, fmt::format("waiting for offset {} of {}", waiter.at, tp));
  }
  kafka::BatchWalker walker(answer.records);
  TRY(const std::optional<kafka::Batch> batch, walker.Next());
  if (!batch || batch->magic != 2) return std::nullopt;
  return SharedBytes::CopyOf(batch->bytes.view());
}

}  // namespace klink::link
