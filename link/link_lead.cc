// What the owner of shard 0 does: controls the state, syncs topics, runs the mirrors.
#include <algorithm>

#include "base/backoff.h"
#include "base/log.h"
#include "link/cluster_admin.h"
#include "link/config_generation.h"
#include "link/link.h"
#include "state/link_topics.h"

namespace klink::link {
namespace {

constexpr Duration kSettleAfterSilence = 1s;
constexpr Duration kDrain = 5s;
constexpr Duration kDrainPoll = 20ms;
constexpr Duration kLeadRetryFirst = 500ms;
constexpr Duration kLeadRetryMost = 5s;
constexpr int64_t kFillsPerBroker = 2;    // partitions whose head is filled at the same time
constexpr Duration kUnusedTimeout = 60s;  // these ids are for plain batches and for fences
constexpr char kTransactionMaxTimeout[] = "transaction.max.timeout.ms";
constexpr char kProducerExpiration[] = "producer.id.expiration.ms";
constexpr char kTransactionalExpiration[] = "transactional.id.expiration.ms";  // counts for producers before Kafka 3.4

std::optional<StartAt> StartOf(const config::TopicStart& start) {
  if (start.kind == config::TopicStart::Kind::kEarliest) return std::nullopt;
  StartAt at;
  if (start.kind == config::TopicStart::Kind::kTime) at.time = start.time;
  return at;
}

HoleOptions HolesOf(const config::LinkConfig& config) {
  HoleOptions holes;
  holes.fill = config.holes != config::Holes::kTranslate && config.offsets == config::Offsets::kPreserve;
  holes.fill_ratio = config.fill_ratio;
  if (config.holes == config::Holes::kDuplicates) holes.fill_ratio.reset();
  holes.fill_records = config.fill_limit.records;
  holes.fill_bytes = config.fill_limit.bytes;
  holes.markers = config.holes == config::Holes::kMarkers;
  holes.markers_beyond = config.holes == config::Holes::kAuto;
  if (holes.markers) holes.fill_ratio.reset();
  return holes;
}

}  // namespace

Async<void> Link::LeadLoop() {
  Backoff backoff(kLeadRetryFirst, kLeadRetryMost, std::hash<std::string>{}(config_.name));
  for (;;) {
    sync_status_ = co_await Lead();
    if (IsCancelled(sync_status_)) co_return;
    co_await StopMirrors();
    Log(Level::kWarning, Event::kLinkFailed, "leading the link is begun again",
        {{"link", config_.name}, {"error", Text(sync_status_)}});
    if (!(co_await parts_.clock.Sleep(backoff.Next())).ok()) co_return;
  }
}

Async<Status> Link::Lead() {
  CO_RETURN_IF_ERROR(co_await UntilOpen());
  CO_RETURN_IF_ERROR(co_await AwaitDirect());
  // Its owner missed a whole session: it sent nothing since its lease ended.
  const bool silent = membership_->predecessor_was_silent(kLeaderShard);
  inherited_settle_ = silent ? kSettleAfterSilence : MirrorOptions().inherited_settle;
  CO_RETURN_IF_ERROR(NeedsOwnRight(co_await state_->TakeControl(), "WRITE", config_.name, config_.destination));
  CO_RETURN_IF_ERROR(co_await ClaimIdentity());
  CO_RETURN_IF_ERROR(co_await store_->Rebuild());
  Log(Level::kInfo, Event::kLeaseAcquired, "this agent mirrors the link", {{"link", config_.name}});
  book_ = std::make_unique<MirrorBook>(parts_.executor, *state_);
  CO_TRY(auto filter, config::TopicFilter::Compile(config_.topics));
  SyncParts sync{config_, source_, destination_, *topics_,       *state_,           *book_,
                 *this,   *this,   parts_.clock, parts_.auditor, parts_.delete_hold};
  sync_ = std::make_unique<TopicSync>(std::move(sync), std::move(filter));
  BeginConfigs();
  next_sync_ = parts_.clock.Now();
  const auto brokers = std::max<int64_t>(1, std::ssize(destination_.Brokers()));
  fills_ = std::make_unique<Permits>(parts_.executor, kFillsPerBroker * brokers);
  TaskGroup keeper(parts_.executor);
  keeper.Spawn(store_->Run());
  BeginPromotions(keeper);
  steering_ = true;
  Status ended = co_await UntilSourceKnown();
  if (ended.ok()) {
    StartCarrying(keeper);
    keeper.Spawn(CountDrift());
    keeper.Spawn(SyncGroups());
    ended = co_await SyncTopics();
  }
  steering_ = false;
  keeper.Stop();
  co_await keeper.Join();
  EndPromotions();
  acls_.reset();
  quotas_.reset();
  carried_.reset();
  drift_.clear();
  co_return ended;
}

void Link::StartCarrying(TaskGroup& tasks) {
  carried_ = std::make_unique<CarriedHere>(source_, *destination_id_, parts_.executor);
  if (config_.acls.enabled) {
    auto ports = MakeAclPorts(parts_.executor, destination_access_, *state_, *this);
    acls_ = std::make_unique<AclSync>(std::move(ports), parts_.clock, config_, own_principals_, source_, destination_,
                                      carried_.get());
    tasks.Spawn(acls_->Run());
  }
  if (config_.quotas.enabled) {
    quotas_ = std::make_unique<QuotaSync>(parts_.clock, config_, own_clients_, source_, destination_, *state_, *this,
                                          *carried_);
    tasks.Spawn(quotas_->Run());
  }
}

// The link record: cluster ids, and the producer ids that every agent of the link writes with.
Async<Status> Link::ClaimIdentity() {
  CO_TRY(const auto broker, co_await DescribeBrokerConfigs(destination_));
  const auto limit =
      broker.contains(kProducerExpiration) ? broker.find(kProducerExpiration) : broker.find(kTransactionalExpiration);
  if (limit != broker.end()) producer_expiration_ = std::chrono::milliseconds(std::atoll(limit->second.c_str()));

  if (const auto most = broker.find(kTransactionMaxTimeout); most != broker.end())
    transaction_timeout_ = std::chrono::milliseconds(std::atoll(most->second.c_str()));

  std::optional<state::LinkRecord> link = state_->view().link();
  if (!link) {
    CO_TRY(const ProducerIdentity data,
           co_await InitProducer(destination_, parts_.clock, state::DataTransactionalId(config_.name), kUnusedTimeout));
    CO_TRY(
        const ProducerIdentity filler,
        co_await InitProducer(destination_, parts_.clock, state::FillerTransactionalId(config_.name), kUnusedTimeout));
    const int64_t now = parts_.clock.Wall().time_since_epoch().count();
    link.emplace();
    link->source_cluster_id = *source_id_;
    link->destination_cluster_id = *destination_id_;
    link->data_pid = data.producer_id;
    link->data_epoch = data.producer_epoch;
    link->filler_pid = filler.producer_id;
    link->filler_epoch = filler.producer_epoch;
    link->created_ms = now;
    std::vector<state::Record> records;
    records.emplace_back(state::PidRecord{data.producer_id, state::PidUse::kData, now});
    records.emplace_back(state::PidRecord{filler.producer_id, state::PidUse::kFiller, now});
    records.emplace_back(*link);
    if (auto config = NextGeneration(config_, state_->view().config(), parts_.agent_id)) records.emplace_back(*config);
    CO_RETURN_IF_ERROR(co_await state_->Write(std::move(records)));
  }
  identity_ = Identity{link->data_pid,
                       static_cast<int16_t>(link->data_epoch),
                       link->filler_pid,
                       static_cast<int16_t>(link->filler_epoch),
                       {}};
  identity_.ever_used = std::make_shared<std::set<int64_t>>();
  for (const auto& [pid, record] : state_->view().pids()) identity_.ever_used->insert(pid);
  slots_ = std::make_unique<TransactionSlots>(destination_, parts_.clock, *state_, config_.name, transaction_timeout_,
                                              identity_.ever_used);
  CO_RETURN_IF_ERROR(co_await slots_->Load());
  co_return absl::OkStatus();
}

Async<Status> Link::SyncTopics() {
  for (bool first = true;; first = false) {
    Status round = co_await PublishConfig();
    const bool due = std::exchange(sync_due_, false) || parts_.clock.Now() >= next_sync_;
    if (round.ok() && due) round = co_await SyncOnce();
    if (IsCancelled(round)) co_return round;
    if (!state_->in_control())
      co_return FailedPrecondition("another controller took over the state of link {}", config_.name);
    if (due || !round.ok()) sync_status_ = round;
    if (due) next_sync_ = parts_.clock.Now() + config_.topics.refresh;
    if (round.ok()) {
      const Status configs = co_await SyncConfigs();
      if (IsCancelled(configs)) co_return configs;
    }
    if (!first && !state_->view().pause().paused) sync_status_.Update(co_await CompleteShards());
    CO_RETURN_IF_ERROR(co_await UntilSyncDue());
  }
}

// Of a paused link: nothing runs, nothing is made.
Async<Status> Link::SyncOnce() {
  SyncResult result;
  if (!state_->view().pause().paused) {
    CO_TRY(result, co_await sync_->Round());
    sync_progress_ = ProgressText(result.topics - result.unmade, result.topics);
    if (result.more) sync_due_ = true;
  }
  Reconcile(std::move(result));
  co_return absl::OkStatus();
}

Async<Status> Link::SyncConfigs() {
  if (state_->view().pause().paused) co_return absl::OkStatus();
  std::vector<std::string> mirrored;
  for (const auto& [tp, running] : mirrors_)
    if (mirrored.empty() || mirrored.back() != tp.topic) mirrored.push_back(tp.topic);
  configs_status_ = co_await configs_->Round(std::move(mirrored));
  co_return configs_status_;
}

// Once the first mirrors run: a new link's work topic has one shard.
Async<Status> Link::CompleteShards() {
  if (shards_complete_) co_return absl::OkStatus();
  const std::vector<std::string> work(1, state::WorkTopic(config_.name));
  CO_TRY(const auto metadata, co_await destination_.Metadata(work));
  for (const auto& topic : metadata.topics) {
    const auto there = static_cast<int32_t>(topic.partitions.size());
    if (there > 0) CO_RETURN_IF_ERROR(co_await state::CompleteShards(*topics_, config_.name, there));
    shards_complete_ = there > 0;
  }
  co_return absl::OkStatus();
}

void Link::Reconcile(SyncResult result) {
  troubles_ = std::move(result.troubles);
  std::set<TopicPartition> wanted;
  for (const RunnerNames& names : result.partitions) {
    if (!MayRun(names.destination_topic)) continue;  // paused while the round went on
    wanted.insert(names.destination());
    if (!mirrors_.contains(names.destination()) && !stopping_.contains(names.destination())) StartMirror(names);
  }
  std::vector<TopicPartition> over;
  for (const auto& [tp, running] : mirrors_) {
    auto trouble = troubles_.find(tp.topic);
    const bool passing = trouble != troubles_.end() && !EndsTheMirror(trouble->second);
    if (!MayRun(tp.topic) || (!wanted.contains(tp) && !passing)) over.push_back(tp);
  }
  for (const TopicPartition& tp : over) StopMirror(tp);
}

void Link::StartMirror(const RunnerNames& names) {
  MirrorOptions options;
  options.preserve = config_.offsets == config::Offsets::kPreserve;
  options.prefill_limit = config_.prefill_limit;
  options.record_gaps = config_.on_gap == config::OnGap::kRecord;
  options.pipelined = config_.acks == config::Acks::kPipelined;
  options.record_foreign = config_.on_foreign_write == config::OnForeignWrite::kRecord;
  options.producer_expiration = producer_expiration_;
  options.inherited_settle = inherited_settle_;
  options.append_times = config_.timestamps == config::Timestamps::kExact;
  options.holes = HolesOf(config_);
  options.committed = config_.transactions == config::Transactions::kCommitted;
  options.log_start_hold = config_.topics.log_start_hold;
  options.start = StartOf(config_.topics.start);
  const state::MirrorRecord* mirror = book_->Find(names.destination_topic);
  if (mirror != nullptr) {
    options.compacted = mirror->compacted;
    options.follow_log_start = config_.topics.log_start == config::LogStart::kFollow && mirror->deletes;
    options.batch_bytes = static_cast<size_t>(mirror->max_message_bytes);
  }
  RunnerParts parts{parts_.executor,    parts_.clock, source_,        destination_, fetch_,  produce_,
                    markers_,           *store_,      *book_,         *slots_,      *state_, *this,
                    IdentityOf(mirror), options,      parts_.latency, *fills_};
  stood_.erase(names.destination());
  Running& running = mirrors_[names.destination()];
  running.runner = std::make_unique<PartitionRunner>(std::move(parts), names);
  running.task = std::make_unique<TaskGroup>(parts_.executor);
  running.task->Spawn(running.runner->Run());
}

// Drains for a while, then stops; the log tells the next owner where it ended either way.
void Link::StopMirror(const TopicPartition& tp) {
  auto node = mirrors_.extract(tp);
  if (node.empty()) return;
  node.mapped().runner->Drain();
  if (node.mapped().runner->progress().failed()) node.mapped().task->Stop();  // it waits for its next attempt
  stopping_.insert(std::move(node));
  lead_->Spawn(AwaitStopped(tp));
}

Async<void> Link::AwaitStopped(TopicPartition tp) {
  const auto found = stopping_.find(tp);
  if (found == stopping_.end()) co_return;
  const Running running = found->second;
  const Instant until = parts_.clock.Now() + kDrain;
  while (running.task->size() > 0 && parts_.clock.Now() < until)
    if (!(co_await parts_.clock.Sleep(kDrainPoll)).ok()) break;
  running.task->Stop();
  co_await running.task->Join();
  if (stopping_.erase(tp) > 0) Count(tp, *running.runner);
  stopped_.insert(tp);
  changed_.NotifyAll();
  if (MayRun(tp.topic)) SyncNow();  // resumed, or to be begun anew
}

// Drains for a while, then stops: no append of ours is under way when this returns.
Async<void> Link::StopMirrors() {
  for (auto& [tp, running] : mirrors_) running.runner->Drain();
  stopping_.merge(mirrors_);
  const std::map<TopicPartition, Running> all = stopping_;
  const Instant until = parts_.clock.Now() + kDrain;
  auto busy = [&all] {
    return std::any_of(all.begin(), all.end(), [](const auto& m) { return m.second.task->size() > 0; });
  };
  while (busy() && parts_.clock.Now() < until)
    if (!(co_await parts_.clock.Sleep(kDrainPoll)).ok()) break;
  for (const auto& [tp, running] : all) running.task->Stop();
  for (const auto& [tp, running] : all) {
    co_await running.task->Join();
    if (stopping_.erase(tp) > 0) Count(tp, *running.runner);
    stopped_.insert(tp);
  }
  if (store_ && !stopped_.empty()) (void)co_await store_->Persist();
  for (const TopicPartition& tp : stopped_) store_->Forget(tp);
  stopped_.clear();
  changed_.NotifyAll();
  if (book_) {
    book_->Stop();
    co_await book_->Join();
  }
}

// Everything the leader does ends here: no effect of ours is under way when this returns.
Async<void> Link::StopLeading() {
  steering_ = false;
  if (leading_) {
    lead_->Stop();
    co_await lead_->Join();
  }
  co_await StopMirrors();
  leading_ = false;
}

// What a mirror that ends has done stays in the link's sums, and how far it was.
void Link::Count(const TopicPartition& tp, const PartitionRunner& runner) {
  ended_.Add(runner.progress());
  stood_[tp] = link::StandingOf(runner.progress());
}

}  // namespace klink::link
