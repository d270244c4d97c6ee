// The ports of one process, each with the delays and the lost answers of a network.
#include "base/crc32c.h"
#include "tests/failover/world.h"

namespace klink::failover::sim {

using kafka::ControlType;
using kafka::Error;

namespace {
constexpr Duration kLost = 1s;  // until an answer that does not come is given up
}  // namespace

class Process::Sink final : public Destination {
 public:
  explicit Sink(Process& process) : p_(process), w_(process.w_) {}

  Async<AllFacts> Inspect(std::set<TopicPartition> partitions) override {
    (void)co_await p_.Pause();
    AllFacts facts;
    for (const TopicPartition& tp : partitions) {
      const Partition& partition = *w_.Find(tp);
      if (w_.world.random().Chance(w_.weather.ask_fails)) {
        facts.emplace(tp, Unavailable("{} was not asked", tp));
        continue;
      }
      PartitionFacts of;
      of.end = DestOffset(partition.dest.end());
      of.high_watermark = DestOffset(partition.dest.high_watermark());
      of.producers = partition.dest.producers();
      facts.emplace(tp, std::move(of));
    }
    (void)co_await p_.Pause();
    co_return facts;
  }

  // Once sent, they land whether or not anybody waits.
  Async<Status> WriteMarkers(FencePlan plan) override {
    if (!w_.markers_allowed) co_return PermissionDenied("no markers here");
    for (const auto& [marker, partitions] : plan)
      for (const TopicPartition& tp : partitions) {
        const bool late = w_.world.random().Chance(w_.weather.trim_unclear);  // after it was given up
        Land(*w_.Find(tp), marker.producer_id, marker.epoch,
             late ? w_.world.random().Within(0s, 5s) : w_.weather.Latency(w_.world));
      }
    CO_RETURN_IF_ERROR(co_await p_.clock_.Sleep(10ms));
    if (w_.world.random().Chance(w_.weather.trim_unclear)) {
      CO_RETURN_IF_ERROR(co_await p_.clock_.Sleep(kLost));
      co_return Unavailable("no answer");
    }
    co_return absl::OkStatus();
  }

  // A coordinator serves one of an id at a time.
  Async<StatusOr<int16_t>> EmptyTransaction(std::string id, std::vector<TopicPartition> partitions,
                                            failover::MayStep may) override {
    CO_RETURN_IF_ERROR(co_await p_.Pause());
    while (w_.busy_until[id] > w_.world.now()) CO_RETURN_IF_ERROR(co_await p_.clock_.Sleep(5ms));
    CO_RETURN_IF_ERROR(may());
    w_.busy_until[id] = w_.world.now() + 20ms;
    int64_t pid = id == "klink.l" ? kDataPid : kFillerPid;
    int16_t epoch = ++w_.epochs[id];
    for (const auto& partition : w_.partitions) {
      if (partition->slot.id != id) continue;
      link::TransactionSlot slot = partition->slot;
      while (partition->coordinator.InitProducerId(id, slot) != Error::kNone)
        CO_RETURN_IF_ERROR(co_await p_.clock_.Sleep(5ms));
      CO_RETURN_IF_ERROR(may());
      pid = slot.producer_id;
      epoch = slot.producer_epoch;
    }
    for (const TopicPartition& tp : partitions) Land(*w_.Find(tp), pid, epoch, w_.weather.Latency(w_.world));
    CO_RETURN_IF_ERROR(co_await p_.clock_.Sleep(20ms));
    co_return epoch;
  }

  Async<StatusOr<Tail>> ReadTail(TopicPartition tp, DestOffset copied_end, DestOffset end,
                                 std::set<int64_t> own) override {
    CO_RETURN_IF_ERROR(co_await p_.Pause());
    Tail tail;
    tail.copied_end = copied_end;
    bool plain = true;
    for (const DestLog::Stored& batch : w_.Find(tp)->dest.batches()) {
      if (batch.marker || !own.contains(batch.producer_id) || batch.next > end.value) continue;
      if (batch.base >= copied_end.value) {
        plain = plain && !batch.transactional;
        if (plain) tail.late += batch.next - batch.base;
      }
      tail.copied_end = std::max(tail.copied_end, DestOffset(batch.next));
      tail.last_base = DestOffset(batch.base);
      tail.last_crc = Crc32c(kafka::BatchView(batch.bytes.view()).body());
    }
    co_return tail;
  }

 private:
  void Land(Partition& partition, int64_t pid, int16_t epoch, Duration after) {
    w_.world.After(after, [&partition, pid, epoch] {
      partition.dest.WriteMarker(partition.dest.leader(), pid, epoch, ControlType::kAbort, 0, [](Error, int64_t) {});
    });
  }

  Process& p_;
  PromotionWorld& w_;
};

// ACLs at the source, which answers late.
class Process::Door final : public link::SourceDoor {
 public:
  explicit Door(Process& process) : p_(process) {}
  Async<StatusOr<std::vector<admin::Acl>>> Look() override {
    CO_RETURN_IF_ERROR(co_await p_.Pause());
    co_return std::vector<admin::Acl>(p_.w_.source_acls.begin(), p_.w_.source_acls.end());
  }
  Async<Status> Create(std::vector<admin::Acl> acls) override {
    CO_RETURN_IF_ERROR(co_await p_.Pause());
    if (p_.w_.door_shut) co_return absl::PermissionDeniedError("CLUSTER_AUTHORIZATION_FAILED");
    p_.w_.source_acls.insert(acls.begin(), acls.end());
    co_return co_await p_.Pause();
  }
  Async<Status> Delete(std::vector<admin::Acl> acls) override {
    CO_RETURN_IF_ERROR(co_await p_.Pause());
    for (const admin::Acl& acl : acls) p_.w_.source_acls.erase(acl);
    co_return co_await p_.Pause();
  }

 private:
  Process& p_;
};

Process::Process(PromotionWorld& world)
    : w_(world),
      clock_(world.world),
      destination_(std::make_unique<Sink>(*this)),
      door_(std::make_unique<Door>(*this)),
      controller_(std::make_unique<Controller>(*this, *destination_, io_.get_executor(), clock_)),
      tasks_(std::make_unique<TaskGroup>(io_.get_executor())) {
  CatchUp();
}

Process::~Process() {
  tasks_.reset();
  controller_.reset();
}

bool Process::Step() {
  if (frozen) return false;
  CatchUp();
  if (io_.stopped()) io_.restart();
  return io_.poll_one() > 0;
}

void Process::CatchUp() {
  for (; read_ < w_.log.size(); read_++) view_.Apply(w_.log[read_].key, w_.log[read_].value);
}

void Process::Start() {
  w_.TakeControl();
  generation_ = w_.generation;
  CatchUp();
  tasks_->Spawn(Work());
}

void Process::Serve() {
  w_.TakeControl();
  generation_ = w_.generation;
  CatchUp();
  tasks_->Spawn(Run());
}
Async<void> Process::Run() { ended_ = co_await controller_->Run(); }

void Process::AskMove(link::CutoverRequest request, Answered& answer) {
  tasks_->Spawn(Ask(std::move(request), answer));
}
Async<void> Process::Ask(link::CutoverRequest request, Answered& answer) {
  answer = co_await controller_->AskCutover(std::move(request));
}
void Process::AskPromotion(link::PromoteRequest request, Promised& answer) {
  tasks_->Spawn(Ask(std::move(request), &answer));
}
void Process::AskFailover(std::vector<std::string> topics) {
  link::PromoteRequest request;
  request.topics = std::move(topics);
  tasks_->Spawn(Ask(std::move(request), nullptr));
}
Async<void> Process::Ask(link::PromoteRequest request, Promised* answer) {
  auto told = co_await controller_->Ask(std::move(request));
  if (answer != nullptr) *answer = std::move(told);
}

// As Controller::Run does, to the end of one journal.
Async<void> Process::Work() {
  for (;;) {
    const Status carried = co_await controller_->CarryOut();
    if (carried.ok() || carried.code() == Code::kFailedPrecondition || IsCancelled(carried)) {
      ended_ = carried;
      co_return;
    }
    if (!(co_await clock_.Sleep(200ms)).ok()) co_return;
  }
}

Async<Status> Process::Pause() { co_return co_await clock_.Sleep(w_.weather.Latency(w_.world)); }

Async<Status> Process::Write(std::vector<state::Record> records) {
  CO_RETURN_IF_ERROR(co_await Pause());
  for (const state::Record& record : records) CO_RETURN_IF_ERROR(view_.MayWrite(record));
  if (generation_ != w_.generation) co_return FailedPrecondition("another controller took over");
  if (w_.world.random().Chance(w_.weather.store_refused)) co_return Unavailable("the state cannot be written now");
  for (const state::Record& record : records) w_.Append(record);
  state::ControllerRecord stamp;
  stamp.session = std::to_string(generation_);
  w_.Append(stamp);
  CO_RETURN_IF_ERROR(co_await Pause());
  if (w_.world.random().Chance(w_.weather.store_unclear)) co_return Unavailable("it is unknown whether it was written");
  CatchUp();
  co_return absl::OkStatus();
}

Status Process::MayStep() const {
  const auto& controller = view_.controller();
  if (controller && controller->session == std::to_string(generation_)) return absl::OkStatus();
  return FailedPrecondition("another controller took over");
}

link::CopyStanding Process::Standing(const TopicPartition& tp) const {
  link::CopyStanding standing;
  const Partition& partition = *w_.Find(tp);
  int64_t copied = 0, end = 0;
  for (const DestLog::Stored& batch : partition.dest.batches())
    if (batch.source_base) copied = *batch.source_base + (batch.next - batch.base), end = batch.next;
  standing.replicated_to = SourceOffset(copied);
  standing.copied_end = DestOffset(end);
  standing.source_end = SourceOffset(partition.source.end());
  standing.shift = partition.dest.end() - copied;
  return standing;
}

Async<StatusOr<std::map<TopicPartition, SourceOffset>>> Process::SourceEnds(std::set<std::string> topics) {
  CO_RETURN_IF_ERROR(co_await Pause());
  if (!w_.source_answers) {  // a black hole
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(1h));
  }
  std::map<TopicPartition, SourceOffset> ends;
  for (const auto& p : w_.partitions)
    if (topics.contains(p->tp.topic)) ends[p->tp] = SourceOffset(p->source.end());
  co_return ends;
}

Async<Status> Process::StopCopying() { co_return co_await Pause(); }

Async<StatusOr<std::map<TopicPartition, int64_t>>> Process::AbortTransactions(std::set<std::string> topics) {
  std::map<TopicPartition, int64_t> aborted;
  for (const auto& p : w_.partitions) {
    const Coordinator::Transaction* now = p->coordinator.Find(p->slot.id);
    if (now == nullptr || !topics.contains(p->tp.topic)) continue;
    aborted[p->tp] += now->state == Coordinator::State::kOngoing;
    link::TransactionSlot slot = p->slot;
    for (;;) {
      CO_RETURN_IF_ERROR(co_await Pause());
      if (p->coordinator.InitProducerId(p->slot.id, slot) == Error::kNone) break;
    }
  }
  co_return aborted;
}

Async<StatusOr<std::vector<link::TransactionSlot>>> Process::Slots() {
  CO_RETURN_IF_ERROR(co_await Pause());
  std::vector<link::TransactionSlot> slots;
  for (const auto& p : w_.partitions)
    if (const Coordinator::Transaction* now = p->coordinator.Find(p->slot.id))
      slots.push_back({p->slot.id, now->producer_id, now->epoch, 0});
  co_return slots;
}

// An effect is asked for, and arrives a moment later.
Async<Status> Process::Have(std::string effect) {
  CO_RETURN_IF_ERROR(MayStep());
  w_.effects.push_back({std::move(effect), generation_, w_.view.promotion() == nullptr});
  co_return co_await Pause();
}

Async<StatusOr<std::vector<std::string>>> Process::CommitGroups(std::set<std::string>) {
  CO_RETURN_IF_ERROR(co_await Have("a group commit"));
  co_return std::vector<std::string>();
}
Async<StatusOr<std::map<std::string, std::vector<std::string>>>> Process::RestoreConfigs(std::set<std::string>) {
  CO_RETURN_IF_ERROR(co_await Have("a change of settings"));
  co_return std::map<std::string, std::vector<std::string>>();
}
Async<StatusOr<std::vector<std::string>>> Process::ReleaseAcls(std::set<std::string>) {
  CO_RETURN_IF_ERROR(co_await Have("a grant"));
  co_return std::vector<std::string>();
}

}  // namespace klink::failover::sim
