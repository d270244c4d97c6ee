#include "admin/membership.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <random>

#include <boost/asio/steady_timer.hpp>

#include "admin/errors.h"

namespace klink::admin {
namespace {

constexpr Duration kCloseTick = 20ms;
constexpr std::string_view kHeldMark = "held by ";
constexpr std::string_view kReleasedMark = "released by ";
constexpr std::string_view kNoteMark = "; ";

struct ListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
using List = std::unique_ptr<rd_kafka_topic_partition_list_t, ListDeleter>;

List MakeList(const std::string& topic, const std::set<int32_t>& shards) {
  List list(rd_kafka_topic_partition_list_new(static_cast<int>(shards.size())));
  // Offset 0: nothing is ever written there, and the group's lag stays 0 for whoever watches it.
  for (int32_t shard : shards) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), shard)->offset = 0;
  return list;
}

std::set<int32_t> ShardsOf(const rd_kafka_topic_partition_list_t* list) {
  std::set<int32_t> shards;
  for (int i = 0; i < list->cnt; i++) shards.insert(list->elems[i].partition);
  return shards;
}

std::string NewHolder(const std::string& instance_id) {
  std::random_device entropy;
  return fmt::format("{}/{:08x}{:08x}", instance_id, entropy(), entropy());
}

// What the marks say of the shards: who may be passed without a wait, and whose owner was another agent that never said
// that it goes.
struct Predecessors {
  std::set<int32_t> none;
  std::set<int32_t> silent;
};

// The process in "held by <instance id>/<process>", whatever it notes behind that.
std::string_view HolderOf(std::string_view mark) {
  mark.remove_prefix(kHeldMark.size());
  return mark.substr(0, mark.find(kNoteMark));
}
// The agent in it.
std::string_view InstanceOf(std::string_view mark) {
  const std::string_view holder = HolderOf(mark);
  return holder.substr(0, holder.rfind('/'));
}

std::string Millis(Duration d) { return fmt::format("{}", ToMillis(d)); }

}  // namespace

// A broker answers one request per connection at a time, and a JoinGroup is answered only when all members have joined.
// A commit sent meanwhile waits behind it, is then refused for its old generation, and librdkafka drops everything
// assigned. So none is sent from a JoinGroup's sending until its SyncGroup is answered; a rebalance that takes longer
// than the lease is a pause.
class Membership::JoinWatch final : public RequestWatch {
 public:
  void OnSent(int16_t api_key) override {
    if (api_key == kJoinGroup) joining_ = true;
  }
  void OnAnswered(int16_t api_key) override {
    if (api_key == kSyncGroup) joining_ = false;
  }
  bool joining() const { return joining_; }

 private:
  static constexpr int16_t kJoinGroup = 11;
  static constexpr int16_t kSyncGroup = 14;
  std::atomic<bool> joining_ = false;
};

Membership::Membership(Executor executor, Clock& clock, BlockingPool& pool, MembershipOptions options,
                       MembershipListener& listener)
    : executor_(executor),
      clock_(clock),
      pool_(pool),
      options_(std::move(options)),
      listener_(listener),
      joining_(std::make_shared<JoinWatch>()),
      holder_(NewHolder(options_.instance_id)),
      changed_(executor),
      left_signal_(executor),
      tasks_(executor),
      listeners_(executor) {}

Membership::~Membership() = default;

Status Membership::Start() {
  const Properties own = {{"group.id", options_.group},
                          {"group.instance.id", options_.instance_id},
                          {"session.timeout.ms", Millis(options_.session_timeout)},
                          {"heartbeat.interval.ms", Millis(kHeartbeatEvery)},
                          {"max.poll.interval.ms", Millis(kMaxPollInterval)},
                          {"partition.assignment.strategy", "cooperative-sticky"},
                          {"enable.auto.commit", "false"},
                          {"enable.auto.offset.store", "false"},
                          {"auto.offset.reset", "latest"},
                          {"allow.auto.create.topics", "false"}};
  TRY(handle_,
      Handle::Open(options_.access, Kind::kConsumer, own, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR, joining_));
  rd_kafka_t* rk = handle_->get();
  rd_kafka_poll_set_consumer(rk);
  // A queue of our own, so that the same one also serves the events of leaving the group.
  events_ = std::make_unique<EventQueue>(executor_, rd_kafka_queue_new(rk));
  rd_kafka_queue_t* consumer = rd_kafka_queue_get_consumer(rk);
  rd_kafka_queue_forward(consumer, events_->get());
  rd_kafka_queue_destroy(consumer);
  List topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  RETURN_IF_ERROR(ToStatus(rd_kafka_subscribe(rk, topics.get()),
                           fmt::format("joining group {} on {}", options_.group, handle_->where())));
  tasks_.Spawn(ServeEvents());
  tasks_.Spawn(KeepLease());
  return absl::OkStatus();
}

Instant Membership::predecessor_until(int32_t shard) const {
  auto found = predecessor_until_.find(shard);
  return found == predecessor_until_.end() ? Instant::min() : found->second;
}

Async<void> Membership::ServeEvents() {
  for (;;) {
    StatusOr<KafkaEvent> event = co_await events_->Next();
    if (!event.ok()) co_return;
    if (*event == nullptr) continue;
    switch (rd_kafka_event_type(event->get())) {
      case RD_KAFKA_EVENT_REBALANCE:
        co_await OnRebalance(event->get());
        break;
      case RD_KAFKA_EVENT_ERROR:
        co_await OnError(event->get());
        break;
      default:  // a record somebody wrote to the work topic: nothing to us
        break;
    }
  }
}

Async<void> Membership::OnRebalance(rd_kafka_event_t* event) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_event_topic_partition_list(event);
  if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    co_await Assign(list);
  } else {
    const Loss loss = rd_kafka_assignment_lost(handle_->get()) ? Loss::kLost : Loss::kRevoked;
    co_await Revoke(list, loss);
  }
}

Async<void> Membership::Assign(rd_kafka_topic_partition_list_t* list) {
  const std::string doing = fmt::format("taking {} shards of group {}", list->cnt, options_.group);
  for (int i = 0; i < list->cnt; i++) list->elems[i].offset = 0;  // no look-up of positions: nothing is fetched
  if (Status taken = TakeError(rd_kafka_incremental_assign(handle_->get(), list), doing); !taken.ok()) {
    SetStatus(taken);
    co_return;
  }
  rd_kafka_pause_partitions(handle_->get(), list);
  std::set<int32_t> shards = ShardsOf(list);
  if (shards.empty()) co_return;
  const uint64_t losses = losses_;
  const Instant latest = clock_.Now() + lease();  // no earlier owner's lease can end later
  for (int32_t shard : shards) {
    predecessor_until_[shard] = latest;
    silent_before_.erase(shard);
  }
  co_await LookUpPredecessors(shards);
  owned_.insert(shards.begin(), shards.end());
  unmarked_.insert(shards.begin(), shards.end());
  (void)co_await Commit(shards, Mark::kHeld);  // the lease begins here; when it fails, KeepLease goes on trying
  if (losses != losses_ || co_await IsStopping()) co_return;
  listener_.OnAssigned(shards);
  changed_.NotifyAll();
}

Async<void> Membership::Revoke(rd_kafka_topic_partition_list_t* list, Loss loss) {
  co_await GiveUp(ShardsOf(list), loss);
  const std::string doing = fmt::format("giving back {} shards of group {}", list->cnt, options_.group);
  if (Status given = TakeError(rd_kafka_incremental_unassign(handle_->get(), list), doing); !given.ok())
    SetStatus(given);
}

// From here on the shards are not owned; ends when nothing of them is on its way.
Async<void> Membership::GiveUp(std::set<int32_t> shards, Loss loss) {
  if (loss == Loss::kLost) EndLease();
  std::set<int32_t> ours;
  for (int32_t shard : shards) {
    if (owned_.erase(shard) > 0) ours.insert(shard);
    unmarked_.erase(shard);
    predecessor_until_.erase(shard);
  }
  changed_.NotifyAll();
  if (ours.empty()) co_return;
  const bool stopped = co_await LetTheListenerStop(ours, loss);
  Status released = Unavailable("not in order");
  if (loss == Loss::kRevoked && stopped) released = co_await Commit(ours, Mark::kReleased);
  all_released_ = all_released_ && released.ok();
}

// The listener runs beside us: one that hangs must not keep the group waiting until it throws us out. Then the shards
// are given back without a mark, and who takes them waits our lease out.
struct Membership::Stopping {
  explicit Stopping(Executor executor) : limit(executor, kReleaseLimit) {}
  asio::steady_timer limit;
  bool ended = false;
};

Async<bool> Membership::LetTheListenerStop(std::set<int32_t> shards, Loss loss) {
  auto stopping = std::make_shared<Stopping>(executor_);
  listeners_.Spawn(RunListener(std::move(shards), loss, stopping));
  while (!stopping->ended) {
    auto [ec] = co_await stopping->limit.async_wait(kAsTuple);
    if (!ec || co_await IsStopping()) break;
  }
  co_return stopping->ended;
}

Async<void> Membership::RunListener(std::set<int32_t> shards, Loss loss, std::shared_ptr<Stopping> stopping) {
  co_await listener_.OnRevoked(std::move(shards), loss);
  stopping->ended = true;
  stopping->limit.cancel();
}

Async<void> Membership::OnError(rd_kafka_event_t* event) {
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
  const std::string doing = fmt::format("group {} on {}", options_.group, handle_->where());
  std::string text;
  const std::optional<rd_kafka_resp_err_t> fatal = handle_->fatal(&text);
  if (!fatal) {
    SetStatus(ToStatus(error, doing, rd_kafka_event_error_string(event)));
    co_return;
  }
  if (*fatal == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
    SetStatus(
        FailedPrecondition("{}: another agent uses the same instance id {}; stop one of the two, or give each a "
                           "data_dir of its own, and start this one again",
                           doing, options_.instance_id));
  else
    SetStatus(FailedPrecondition("{}: {} ({})", doing, text, rd_kafka_err2name(*fatal)));
  fenced_ = true;
  std::set<int32_t> all = owned_;
  co_await GiveUp(std::move(all), Loss::kLost);
}

Async<void> Membership::KeepLease() {
  for (;;) {
    Duration wait = kCommitEvery;
    if (joining_->joining()) {
      wait = kJoinLook;
    } else if (!owned_.empty() && !fenced_) {
      std::set<int32_t> shards = unmarked_;
      shards.insert(*owned_.begin());  // one is enough: the broker judges the member, not the shard
      const Status committed = co_await Commit(std::move(shards), Mark::kHeld);
      if (!committed.ok()) wait = kRetryCommitAfter;
    }
    if (lease_told_ && !LeaseRuns()) {
      lease_told_ = false;
      changed_.NotifyAll();
    }
    if (Status slept = co_await clock_.Sleep(wait); !slept.ok()) co_return;
    events_->Nudge();  // so that librdkafka is polled within kMaxPollInterval
  }
}

// The lease counts from before the request leaves: librdkafka may hold it back for a coordinator, which only makes
// the lease shorter than it could be.
Async<Status> Membership::Commit(std::set<int32_t> shards, Mark mark) {
  const Instant sent = clock_.Now();
  const uint64_t losses = losses_;
  const std::string doing = fmt::format("committing as a member of group {} on {}", options_.group, handle_->where());
  std::string text = fmt::format("{}{}", mark == Mark::kHeld ? kHeldMark : kReleasedMark, holder_);
  if (mark == Mark::kHeld && options_.note) text += fmt::format("{}{}", kNoteMark, options_.note());
  List list = MakeList(options_.topic, shards);
  for (int i = 0; i < list->cnt; i++) {
    list->elems[i].metadata = strdup(text.c_str());  // the list frees it
    list->elems[i].metadata_size = text.size();
  }
  EventQueue reply = EventQueue::ForReply(executor_, handle_->get());
  CO_RETURN_IF_ERROR(ToStatus(rd_kafka_commit_queue(handle_->get(), list.get(), reply.get(), nullptr, nullptr), doing));
  StatusOr<KafkaEvent> answer = co_await reply.NextWithin(kCommitLimit, doing);
  if (!answer.ok()) {
    SetStatus(answer.status());
    co_return answer.status();
  }
  rd_kafka_resp_err_t error = rd_kafka_event_error(answer->get());
  const rd_kafka_topic_partition_list_t* parts = rd_kafka_event_topic_partition_list(answer->get());
  for (int i = 0; parts != nullptr && i < parts->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
    error = parts->elems[i].err;
  Status done = ToStatus(error, doing);
  SetStatus(done);
  if (done.ok() && losses == losses_) {
    if (mark == Mark::kHeld)
      for (int32_t shard : shards) unmarked_.erase(shard);
    BeginLease(sent + lease());
  }
  co_return done;
}

// Who held the shards before, by the marks in the group's committed offsets. What cannot be found out stays at the
// latest possible time.
Async<void> Membership::LookUpPredecessors(std::set<int32_t> shards) {
  auto look_up = [handle = handle_, topic = options_.topic, shards, holder = holder_, own = options_.instance_id] {
    List list = MakeList(topic, shards);
    Predecessors found;
    const int limit_ms = static_cast<int>(ToMillis(kLookUpLimit));
    if (rd_kafka_committed(handle->get(), list.get(), limit_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) return found;
    for (int i = 0; i < list->cnt; i++) {
      const rd_kafka_topic_partition_t& at = list->elems[i];
      if (at.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      const std::string_view mark(static_cast<const char*>(at.metadata), at.metadata == nullptr ? 0 : at.metadata_size);
      const bool never_held = at.offset == RD_KAFKA_OFFSET_INVALID;
      const bool held_by_us = mark.starts_with(kHeldMark) && HolderOf(mark) == holder;
      if (never_held || held_by_us || mark.starts_with(kReleasedMark)) {
        found.none.insert(at.partition);
      } else if (mark.starts_with(kHeldMark) && InstanceOf(mark) != own) {
        // Under our own instance id the group hands a shard over at once: that process may have sent a moment ago.
        found.silent.insert(at.partition);
      }
    }
    return found;
  };
  const Predecessors found = co_await pool_.Run(std::move(look_up));
  for (int32_t shard : found.none) predecessor_until_.erase(shard);
  silent_before_.insert(found.silent.begin(), found.silent.end());
}

void Membership::BeginLease(Instant until) {
  lease_until_ = std::max(lease_until_, until);
  if (!lease_told_ && LeaseRuns()) {
    lease_told_ = true;
    changed_.NotifyAll();
  }
}

void Membership::EndLease() {
  losses_++;
  lease_until_ = Instant::min();
  lease_told_ = false;
}

void Membership::SetStatus(Status status) {
  if (fenced_ && !status_.ok()) return;  // the first word stays
  if (IsCancelled(status) || Text(status) == Text(status_)) return;
  status_ = std::move(status);
  changed_.NotifyAll();
}

Async<void> Membership::LeaveGroup() {
  const Instant deadline = clock_.Now() + kCloseLimit;
  const std::unique_ptr<char, decltype(&std::free)> member(rd_kafka_memberid(handle_->get()), &std::free);
  const Status asked = TakeError(rd_kafka_consumer_close_queue(handle_->get(), events_->get()), "leaving the group");
  // ServeEvents gives the shards up meanwhile.
  while (asked.ok() && !rd_kafka_consumer_closed(handle_->get()) && clock_.Now() < deadline) {
    events_->Nudge();
    if (Status slept = co_await clock_.Sleep(kCloseTick); !slept.ok()) break;
  }
  EndLease();
  std::set<int32_t> left_over = owned_;
  co_await GiveUp(std::move(left_over), Loss::kLost);
  if (all_released_ && !fenced_ && member) released_member_ = member.get();
  left_ = true;
  left_signal_.NotifyAll();
}

Async<void> Membership::Close() {
  if (handle_ == nullptr) co_return;
  if (!leaving_) {
    leaving_ = true;
    listeners_.Spawn(LeaveGroup());
  }
  while (!left_) (void)co_await left_signal_.WaitEvenIfStopping();
  tasks_.Stop();
  listeners_.Stop();
  co_await tasks_.Join();
  co_await listeners_.Join();
}

}  // namespace klink::admin
