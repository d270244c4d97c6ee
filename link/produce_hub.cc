#include "link/produce_hub.h"

#include <set>

#include "link/halt.h"

namespace klink::link {
namespace {

constexpr int kRequestsInFlight = 5;
constexpr size_t kRequestBytes = 16 << 20;
constexpr int16_t kAcksAll = -1, kAcksLeader = 1;
constexpr int16_t kTransactionalMax = 11;  // from 12 on the leader would add the partition by itself (P30)
constexpr int32_t kProduceTimeoutMs = 5000;
constexpr Duration kProduceDeadline = 10s;
constexpr Duration kSlow = 500ms;   // an acknowledgement that took longer: next time in the slow lane
constexpr Duration kQuick = 250ms;  // and back

}  // namespace

ProduceHub::ProduceHub(kafka::Cluster& cluster, Executor executor, Clock& clock, Gate& gate)
    : cluster_(cluster), executor_(executor), clock_(clock), gate_(gate), loops_(executor), exchanges_(executor) {}

void ProduceHub::Send(const TopicPartition& tp, int32_t broker, SharedBytes batch, std::optional<TransactionSlot> slot,
                      Acks acks, std::shared_ptr<PendingAppend> pending) {
  if (stopped_) return pending->Complete(Cancelled("{}: stopping", tp));
  PartitionState& partition = partitions_[tp];
  if (partition.unanswered == 0 && acks == Acks::kLeader) partition.lane = kafka::Lane::kPipelined;
  if (partition.unanswered == 0 && acks == Acks::kAll && partition.lane == kafka::Lane::kPipelined)
    partition.lane = kafka::Lane::kProduce;
  partition.unanswered++;
  const bool quick = partition.lane == kafka::Lane::kProduce;
  const LaneKey key{broker, slot && quick ? kafka::TransactionLane(slot->number) : partition.lane};
  auto& lane = lanes_[key];
  if (!lane) {
    lane = std::make_unique<LaneState>(executor_);
    loops_.Spawn(Loop(key));
  }
  lane->queue.push_back(Item{tp, std::move(batch), slot ? std::move(slot->id) : "", acks, std::move(pending)});
  lane->changed.NotifyAll();
}

void ProduceHub::Stop() {
  stopped_ = true;
  loops_.Stop();
  for (auto& [key, lane] : lanes_) {
    for (Item& item : lane->queue) Answer(item, Cancelled("{}: stopping", item.tp), Duration(0));
    lane->queue.clear();
  }
}

Async<void> ProduceHub::Join() {
  co_await loops_.Join();
  co_await exchanges_.Join();
}

Async<void> ProduceHub::Loop(LaneKey key) {
  LaneState& lane = *lanes_.at(key);
  for (;;) {
    if (lane.queue.empty() || lane.requests >= kRequestsInFlight) {
      if (!(co_await lane.changed.Wait()).ok()) co_return;
      continue;
    }
    std::vector<Item> items = Pack(lane);
    lane.requests++;
    exchanges_.Spawn(Exchange(key, std::move(items)));
  }
}

// The oldest batch of every partition that waits, in order of arrival; all with the same acks; those of a
// transaction alone, since a request names one transactional id (protocol.md P31).
std::vector<ProduceHub::Item> ProduceHub::Pack(LaneState& lane) {
  std::vector<Item> items;
  std::deque<Item> rest;
  std::set<TopicPartition> taken;
  size_t bytes = 0;
  for (Item& item : lane.queue) {
    const bool alike =
        items.empty() || (item.transactional_id == items.front().transactional_id && item.acks == items.front().acks);
    const bool fits = items.empty() || (alike && bytes + item.batch.size() <= kRequestBytes);
    // Whatever stays behind keeps its partition's later batches behind it.
    if (!taken.insert(item.tp).second || !fits) {
      rest.push_back(std::move(item));
      continue;
    }
    bytes += item.batch.size();
    items.push_back(std::move(item));
  }
  lane.queue = std::move(rest);
  return items;
}

Async<void> ProduceHub::Exchange(LaneKey key, std::vector<Item> items) {
  const auto [broker, lane_name] = key;
  std::map<std::string, kafka::ProduceTopic> topics;
  for (Item& item : items) {
    kafka::ProduceTopic& topic = topics[item.tp.topic];
    topic.name = item.tp.topic;
    topic.partition_data.push_back({item.tp.partition, std::move(item.batch)});
  }
  kafka::ProduceRequest request;
  request.acks = items.front().acks == Acks::kAll ? kAcksAll : kAcksLeader;
  request.timeout_ms = kProduceTimeoutMs;
  const std::string& transactional_id = items.front().transactional_id;
  const bool transactional = !transactional_id.empty();
  if (transactional) request.transactional_id = transactional_id;
  for (auto& [name, topic] : topics) request.topic_data.push_back(std::move(topic));

  const Instant sent = clock_.Now();
  StatusOr<kafka::ProduceResponse> response = Cancelled("not sent");
  if (gate_.MayWrite()) {
    response = co_await cluster_.Call(broker, lane_name, std::move(request), kProduceDeadline,
                                      transactional ? kTransactionalMax : kafka::ProduceRequest::kMaxByName);
  }
  const Duration took = clock_.Now() - sent;
  if (response.ok()) {
    Settle(items, *response, took);
  } else {
    // No answer: the batches may or may not stand in the log.
    for (Item& item : items) Answer(item, Unavailable("appending to {}: {}", item.tp, Text(response.status())), took);
  }
  LaneState& lane = *lanes_.at(key);
  lane.requests--;
  lane.changed.NotifyAll();
}

void ProduceHub::Settle(std::vector<Item>& items, kafka::ProduceResponse& response, Duration took) {
  std::map<TopicPartition, const kafka::ProducePartitionResponse*> answers;
  for (const auto& topic : response.responses)
    for (const auto& partition : topic.partition_responses) answers[{topic.name, partition.index}] = &partition;
  for (Item& item : items) {
    auto found = answers.find(item.tp);
    if (found == answers.end()) {
      Answer(item, Unavailable("appending to {}: the answer leaves it out", item.tp), took);
      continue;
    }
    const kafka::ProducePartitionResponse& answer = *found->second;
    if (answer.error_code == kafka::Error::kNone) {
      Answer(item, DestOffset(answer.base_offset), took);
      continue;
    }
    if (kafka::VerdictOf(answer.error_code) == kafka::Verdict::kRefreshMetadata) cluster_.ForgetLeader(item.tp);
    Status refused = kafka::ToStatus(answer.error_code, fmt::format("appending to {}", item.tp), answer.error_message);
    const bool by_id = answer.error_code == kafka::Error::kTransactionalIdAuthorizationFailed;
    Answer(item,
           NeedsRight(std::move(refused), by_id ? "transactions" : "data",
                      by_id ? fmt::format("WRITE on transactional id {}", item.transactional_id)
                            : fmt::format("WRITE on topic {}", item.tp.topic),
                      cluster_.name()),
           took);
  }
}

void ProduceHub::Answer(Item& item, StatusOr<DestOffset> answer, Duration took) {
  PartitionState& partition = partitions_[item.tp];
  partition.unanswered--;
  if (partition.unanswered == 0 &&
      partition.lane != kafka::Lane::kPipelined) {  // only then may the lane change: order holds within one connection
    if (took > kSlow) partition.lane = kafka::Lane::kProduceSlow;
    if (took < kQuick) partition.lane = kafka::Lane::kProduce;
  }
  item.pending->Complete(std::move(answer));
}

}  // namespace klink::link
