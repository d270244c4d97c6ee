#include "link/fetch_hub.h"

#include <algorithm>

#include "kafka/record_batch.h"
#include "link/halt.h"

namespace klink::link {
namespace {

constexpr int32_t kPartitionMaxBytes = 2 << 20;
constexpr int64_t kFetchMaxBytes = 16 << 20;
constexpr int64_t kQueueBytes = 8 << 20;  // per partition; beyond: it leaves the session
constexpr int32_t kMaxWaitMs = 500;
constexpr int32_t kMaxWaitWhileFullMs = 5;  // someone waits outside for room: the poll must not hold the session
constexpr Duration kGathering = 1s;         // since the last feed came
constexpr int32_t kMaxWaitGatheringMs = 20;
constexpr Duration kFetchDeadline = 10s;
constexpr Duration kFailurePause = 100ms;
constexpr Duration kRateStep = 1s;  // a rate that is raised meanwhile does not have to wait for longer
constexpr int8_t kReadCommitted = 1;

// Gives an answer's share of the budget back with its last batch.
struct Hold {
  Hold(Permits& permits, int64_t n) : budget(permits), bytes(n) {}
  ~Hold() { budget.Give(bytes); }
  Permits& budget;
  int64_t bytes;
};

// A batch that keeps its bytes and its share of the budget alive.
SharedBytes Held(const SharedBytes& batch, const std::shared_ptr<void>& hold) {
  struct Both {
    SharedBytes bytes;
    std::shared_ptr<void> hold;
  };
  auto owner = std::make_shared<Both>(Both{batch, hold});
  return SharedBytes(owner, batch.data(), batch.size());
}

int64_t RecordBytes(const kafka::FetchResponse& response) {
  int64_t bytes = 0;
  for (const auto& topic : response.responses)
    for (const auto& partition : topic.partitions) bytes += static_cast<int64_t>(partition.records.size());
  return bytes;
}

}  // namespace

PartitionFeed::PartitionFeed(FetchHub& hub, TopicPartition tp)
    : hub_(hub), tp_(std::move(tp)), changed_(hub.executor_) {}

PartitionFeed::~PartitionFeed() { hub_.Detach(*this); }

bool PartitionFeed::HasRoom() const { return queued_bytes_ < kQueueBytes; }

void PartitionFeed::Restart(SourceOffset at) {
  queue_.clear();
  queued_bytes_ = 0;
  failure_ = absl::OkStatus();
  next_offset_ = at.value;
  last_epoch_ = -1;
  given_next_ = at;
  wanted_ = true;
}

Async<StatusOr<Fetched>> PartitionFeed::Next(SourceOffset at) {
  if (!wanted_ || at != given_next_) Restart(at);
  while (queue_.empty()) {
    if (!failure_.ok()) {
      wanted_ = false;
      co_return std::exchange(failure_, absl::OkStatus());
    }
    if (moved_) {
      hub_.Detach(*this);
      if (!replica_.follows()) hub_.cluster_.ForgetLeader(tp_);
      moved_ = false;
    }
    if (broker_ < 0) {
      CO_TRY(const kafka::PartitionLeader leader, co_await hub_.cluster_.Leader(tp_));
      if (MustCompare(std::exchange(leader_epoch_, leader.epoch), leader.epoch, last_epoch_)) {
        wanted_ = false;
        co_return Unavailable("{}: the source's leader moved before anything was fetched of it", tp_);
      }
      hub_.Attach(*this, replica_.BrokerOr(leader.broker));
    }
    hub_.brokers_.at(broker_)->changed.NotifyAll();
    CO_RETURN_IF_ERROR(co_await changed_.Wait());
  }
  Queued item = std::move(queue_.front());
  queue_.pop_front();
  const bool was_full = !HasRoom();
  queued_bytes_ -= item.bytes;
  if (was_full && HasRoom() && broker_ >= 0) hub_.brokers_.at(broker_)->changed.NotifyAll();
  if (!item.fetched.batches.empty())
    given_next_ = SourceOffset(kafka::BatchView(item.fetched.batches.back().view()).next_offset());
  co_return std::move(item.fetched);
}

FetchHub::FetchHub(kafka::Cluster& cluster, Executor executor, Clock& clock, Permits& budget, std::string rack)
    : cluster_(cluster),
      executor_(executor),
      clock_(clock),
      budget_(budget),
      rack_(std::move(rack)),
      loops_(executor) {}

void FetchHub::Stop() { loops_.Stop(); }
Async<void> FetchHub::Join() { co_await loops_.Join(); }

void FetchHub::Attach(PartitionFeed& feed, int32_t id) {
  feed.broker_ = id;
  auto& broker = brokers_[id];
  if (!broker) {
    broker = std::make_unique<Broker>(executor_);
    loops_.Spawn(Loop(id));
  }
  broker->feeds.insert(&feed);
  broker->last_attached = clock_.Now();
  broker->changed.NotifyAll();
}

void FetchHub::Detach(PartitionFeed& feed) {
  if (feed.broker_ < 0) return;
  brokers_.at(feed.broker_)->feeds.erase(&feed);
  feed.broker_ = -1;
}

// The leader's word counts, not a follower's: true when it is asked next.
bool FetchHub::LeaveFollower(PartitionFeed& feed) {
  if (!feed.replica_.follows()) return false;
  rack_from_ = clock_.Now() + kLeadersOnlyFor;
  BackToLeader(feed);
  return true;
}

void FetchHub::BackToLeader(PartitionFeed& feed) {
  feed.replica_.Leave();
  feed.moved_ = true;
  feed.changed_.NotifyAll();
}

FetchSession::Wanted FetchHub::Collect(Broker& broker, bool& some_full) {
  FetchSession::Wanted wanted;
  for (PartitionFeed* feed : broker.feeds) {
    if (!feed->wanted_ || feed->moved_ || !feed->failure_.ok()) continue;
    if (feed->replica_.Over(clock_.Now()))
      BackToLeader(*feed);
    else if (feed->HasRoom())
      wanted[feed->tp_] = {feed->next_offset_, feed->leader_epoch_, feed->last_epoch_};
    else
      some_full = true;
  }
  return wanted;
}

Async<void> FetchHub::Loop(int32_t id) {
  Broker& broker = *brokers_.at(id);
  for (;;) {
    bool some_full = false;
    FetchSession::Wanted wanted = Collect(broker, some_full);
    Status round;
    if (wanted.empty()) {
      round = co_await broker.changed.Wait();
    } else if (const Duration pause = rate_.Wait(clock_.Now()); pause > Duration::zero()) {
      round = co_await clock_.Sleep(std::min<Duration>(pause, kRateStep));
    } else {
      const bool gathering = clock_.Now() - broker.last_attached < kGathering;
      const int32_t max_wait_ms = some_full ? kMaxWaitWhileFullMs : gathering ? kMaxWaitGatheringMs : kMaxWaitMs;
      round = co_await Round(id, broker, std::move(wanted), max_wait_ms);
    }
    if (IsCancelled(round)) co_return;
    if (!round.ok() && !(co_await clock_.Sleep(kFailurePause)).ok()) co_return;
  }
}

Async<Status> FetchHub::Round(int32_t id, Broker& broker, FetchSession::Wanted wanted, int32_t max_wait_ms) {
  const int64_t most =
      rate_.FetchMost(std::min<int64_t>(kFetchMaxBytes, std::max<int64_t>(budget_.total() / 4, 1 << 20)));
  CO_TRY(const int64_t reserved, co_await budget_.Take(most));
  auto hold = std::make_shared<Hold>(budget_, reserved);
  kafka::FetchRequest request =
      broker.session.Request(wanted, static_cast<int32_t>(std::min<int64_t>(kPartitionMaxBytes, most)));
  request.max_wait_ms = max_wait_ms;
  request.min_bytes = 1;
  request.max_bytes = static_cast<int32_t>(reserved);
  request.isolation_level = kReadCommitted;
  if (clock_.Now() >= rack_from_) request.rack_id = rack_;
  StatusOr<kafka::FetchResponse> response = co_await cluster_.Call(id, kafka::Lane::kFetch, std::move(request),
                                                                   kFetchDeadline, kafka::FetchRequest::kMaxByName);
  Status status = response.status();
  if (status.ok() && response->error_code != kafka::Error::kNone) {
    // FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH: begin again at once; but not over and over.
    const bool anew = !broker.session.is_new();
    broker.session.Reset();
    co_return anew ? absl::OkStatus() : kafka::ToStatus(response->error_code, "fetching");
  }
  if (!status.ok()) {
    broker.session.Reset();
    for (PartitionFeed* feed : broker.feeds) {
      if (!wanted.contains(feed->tp_)) continue;
      if (LeaveFollower(*feed)) continue;
      feed->failure_ = status;
      feed->moved_ = true;  // the leader may be elsewhere by the time it is asked again
      feed->changed_.NotifyAll();
    }
    co_return status;
  }
  const bool throttled_empty =
      response->throttle_time_ms > 0 && response->responses.empty() && response->session_id == 0;
  if (!throttled_empty) broker.session.Accepted(response->session_id);
  const int64_t brought = RecordBytes(*response);
  rate_.Spend(brought, clock_.Now());
  const int64_t used = std::min(brought, hold->bytes);
  budget_.Give(hold->bytes - used);
  hold->bytes = used;
  Deliver(broker, wanted, *response, hold);
  co_return absl::OkStatus();
}

void FetchHub::Deliver(Broker& broker, const FetchSession::Wanted& asked, kafka::FetchResponse& response,
                       const std::shared_ptr<void>& hold) {
  std::map<TopicPartition, PartitionFeed*> feeds;
  for (PartitionFeed* feed : broker.feeds) feeds.emplace(feed->tp_, feed);
  for (auto& topic : response.responses) {
    for (auto& partition : topic.partitions) {
      const TopicPartition tp{topic.topic, partition.partition_index};
      auto feed = feeds.find(tp);
      auto want = asked.find(tp);
      // Late: the feed is gone, or wants another place by now.
      if (feed == feeds.end() || want == asked.end() || !feed->second->wanted_) continue;
      if (feed->second->next_offset_ != want->second.offset) continue;
      DeliverPartition(*feed->second, partition, hold);
      feed->second->changed_.NotifyAll();
    }
  }
}

void FetchHub::DeliverPartition(PartitionFeed& feed, kafka::FetchPartitionResponse& partition,
                                const std::shared_ptr<void>& hold) {
  const auto error = partition.error_code;
  const bool diverged = partition.diverging_epoch.end_offset >= 0;
  if ((error != kafka::Error::kNone || diverged) && LeaveFollower(feed)) return;
  if (error == kafka::Error::kNone && partition.preferred_read_replica >= 0 && !feed.replica_.follows()) {
    feed.replica_.Prefer(partition.preferred_read_replica, clock_.Now());
    feed.moved_ = true;
    return;
  }
  if (error == kafka::Error::kOffsetOutOfRange) {
    feed.failure_ = OutOfRange("{}: the source log does not hold offset {}", feed.tp_, feed.next_offset_);
    return;
  }
  if (kafka::VerdictOf(error) == kafka::Verdict::kRefreshMetadata) {
    feed.moved_ = true;
    return;
  }
  if (error != kafka::Error::kNone) {
    feed.failure_ =
        NeedsRight(kafka::ToStatus(error, fmt::format("fetching {} at offset {}", feed.tp_, feed.next_offset_)), "data",
                   fmt::format("READ on topic {}", feed.tp_.topic), cluster_.name());
    return;
  }
  if (diverged) {
    feed.failure_ = Unavailable("{}: the source's log differs from what was fetched of it from offset {} on", feed.tp_,
                                partition.diverging_epoch.end_offset);
    return;
  }
  PartitionFeed::Queued item;
  item.fetched.bounds = {SourceOffset(partition.log_start_offset), SourceOffset(partition.high_watermark),
                         SourceOffset(partition.last_stable_offset)};
  if (feed.replica_.follows())
    item.fetched.bounds = BoundsFromFollower(item.fetched.bounds, SourceOffset(feed.next_offset_), feed.log_start_);
  feed.log_start_ = item.fetched.bounds.log_start;
  item.fetched.leader_epoch = feed.leader_epoch_;
  if (partition.aborted_transactions)
    for (const kafka::AbortedTransaction& a : *partition.aborted_transactions)
      item.fetched.aborted.push_back({a.producer_id, SourceOffset(a.first_offset)});
  item.bytes = static_cast<int64_t>(partition.records.size());
  kafka::BatchWalker walker(std::move(partition.records));
  for (;;) {
    StatusOr<std::optional<kafka::Batch>> batch = walker.Next();
    if (!batch.ok()) {
      feed.failure_ = Annotate(batch.status(), fmt::format("{} near offset {}", feed.tp_, feed.next_offset_));
      break;
    }
    if (!batch->has_value()) break;
    if ((*batch)->magic != 2) {
      feed.failure_ =
          Halt(state::Reason::kUnsupportedMessageFormat,
               "{}: a batch of message format v{} at source offset {}; klink copies v2 (Kafka 0.11 and later)",
               feed.tp_, (*batch)->magic, (*batch)->base_offset);
      break;
    }
    feed.next_offset_ = std::max(feed.next_offset_, (*batch)->view().next_offset());
    feed.last_epoch_ = (*batch)->view().leader_epoch();
    item.fetched.batches.push_back(Held((*batch)->bytes, hold));
  }
  feed.queued_bytes_ += item.bytes;
  feed.queue_.push_back(std::move(item));
}

}  // namespace klink::link
