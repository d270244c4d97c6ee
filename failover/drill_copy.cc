#include "failover/drill_copy.h"

#include <algorithm>

#include "admin/topics.h"
#include "base/time_limit.h"
#include "failover/drill_judge.h"
#include "link/cluster_admin.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

constexpr int64_t kMemory = 64LL << 20;
constexpr Duration kOpenLimit = 30s;
constexpr Duration kTransactionTimeout = 60s;
constexpr Duration kLookEvery = 20ms;
constexpr int32_t kBrokersMost = 3;

SharedBytes OneRecord(const kafka::BatchIdentity& identity, const std::string& text, WallTime now) {
  kafka::Record record;
  record.timestamp = now.time_since_epoch().count();
  record.key = "klink-drill";
  record.value = text;
  const std::vector<kafka::Record> records(1, record);
  return kafka::BuildBatch(identity, records);
}

}  // namespace

struct DrillCopy::Partition {
  Partition(DrillCopy& of, const DrillMirror& topic, int32_t index, int64_t from)
      : mirror{topic.topic, index},
        copy{topic.drill_topic, index},
        begins(from),
        log(of.parts_.cluster, of.fetch_, mirror),
        source(log, SourceOffset(from), of.budget_, of.parts_.clock),
        sink(of.parts_.cluster, of.produce_, of.markers_, of.parts_.executor, copy,
             [](DestOffset) { return FailedPrecondition("a drill trims nothing"); }),
        transactions(*of.slots_, copy),
        progress(of.parts_.clock),
        engine(copy,
               link::MirrorPorts{of.parts_.executor, of.parts_.clock, source, sink, map, phase, of.gate_, transactions,
                                 progress, of.fills_},
               of.identity_, Options(topic), std::hash<std::string>{}(fmt::format("{}", copy))) {}

  static link::MirrorOptions Options(const DrillMirror& topic) {
    link::MirrorOptions options;
    options.preserve = false;  // its log begins at 0, wherever the mirror's newest part does
    options.compacted = topic.compacted;
    options.holes.fill = false;
    options.batch_bytes = static_cast<size_t>(topic.max_message_bytes);
    return options;
  }
  bool Reached(int64_t end) const {
    const auto to = progress.replicated_to();
    return to && to->value >= end;
  }

  TopicPartition mirror, copy;
  int64_t begins;
  link::KafkaSource log;
  NewestPart source;
  link::KafkaSink sink;
  link::PartitionTransactions transactions;
  CopyMap map;
  CopyPhase phase;
  link::PartitionProgress progress;
  link::PartitionMirror engine;
  int64_t log_end = 0;
};

DrillCopy::DrillCopy(Parts parts)
    : parts_(std::move(parts)),
      pool_(2),
      budget_(parts_.max_bytes),
      memory_(parts_.executor, kMemory),
      fills_(parts_.executor, 1),
      gate_(parts_.executor),
      fetch_(parts_.cluster, parts_.executor, parts_.clock, memory_, ""),
      produce_(parts_.cluster, parts_.executor, parts_.clock, gate_),
      markers_(parts_.cluster, parts_.executor, parts_.clock),
      copying_(parts_.executor) {}
DrillCopy::~DrillCopy() = default;

Async<Status> DrillCopy::Make(std::vector<DrillMirror> mirrors, std::map<TopicPartition, int64_t> begins) {
  mirrors_ = std::move(mirrors);
  CO_RETURN_IF_ERROR(co_await CreateTopics(mirrors_));
  state::LinkStateOptions options;
  options.destination = parts_.access;
  options.link = parts_.link.name;
  options.agent = parts_.link.name;
  state_ = std::make_unique<state::LinkState>(parts_.executor, parts_.clock, pool_, std::move(options));
  CO_RETURN_IF_ERROR(
      co_await Within(parts_.executor, parts_.clock, kOpenLimit, "opening the drill's state", state_->Open()));
  CO_RETURN_IF_ERROR(co_await Within(parts_.executor, parts_.clock, kOpenLimit, "taking control of the drill's state",
                                     state_->TakeControl()));
  CO_RETURN_IF_ERROR(co_await ClaimIdentity());
  for (const DrillMirror& mirror : mirrors_)
    for (int32_t p = 0; p < mirror.partitions; p++) Start(mirror, p, begins[{mirror.topic, p}]);
  co_return absl::OkStatus();
}

// The state last: a drill whose topics cannot be made has made none that says it had begun.
Async<Status> DrillCopy::CreateTopics(const std::vector<DrillMirror>& mirrors) {
  CO_TRY(const auto topics, admin::Topics::Open(parts_.executor, parts_.access));
  const int32_t brokers = std::clamp(static_cast<int32_t>(parts_.cluster.Brokers().size()), 1, kBrokersMost);
  std::vector<admin::TopicSpec> specs;
  for (const DrillMirror& mirror : mirrors) {
    admin::TopicSpec& spec = specs.emplace_back();
    spec.name = mirror.drill_topic;
    spec.partitions = mirror.partitions;
    spec.replication_factor = mirror.replicas;
    spec.configs = mirror.settings;
    spec.configs.merge(
        std::map<std::string, std::string>{{"cleanup.policy", "delete"},
                                           {"retention.ms", "-1"},
                                           {"retention.bytes", "-1"},
                                           {"compression.type", "producer"},
                                           {"message.timestamp.type", "CreateTime"},
                                           {"max.message.bytes", std::to_string(mirror.max_message_bytes)},
                                           {"unclean.leader.election.enable", "false"}});
  }
  const std::vector<std::string> names = [&] {
    std::vector<std::string> all;
    for (const auto& spec : specs) all.push_back(spec.name);
    return all;
  }();
  const std::vector<Status> made = co_await topics->CreateTopics(std::move(specs));
  for (size_t i = 0; i < made.size(); i++)
    CO_RETURN_IF_ERROR(Annotate(made[i], fmt::format("making topic {}", names[i])));
  CO_RETURN_IF_ERROR(co_await state::CreateLinkTopics(*topics, parts_.link.name, brokers));
  std::set<TopicPartition> made_partitions = {{state::StateTopic(parts_.link.name), 0}};
  for (const DrillMirror& mirror : mirrors)
    for (int32_t p = 0; p < mirror.partitions; p++) made_partitions.insert({mirror.drill_topic, p});
  co_return co_await AwaitLeaders(std::move(made_partitions));
}

// A broker learns of a topic some time after the controller made it.
Async<Status> DrillCopy::AwaitLeaders(std::set<TopicPartition> left) {
  for (const Instant until = parts_.clock.Now() + kOpenLimit;;) {
    const TopicPartition tp = *left.begin();
    const auto leader = co_await parts_.cluster.Leader(tp);
    if (IsCancelled(leader.status())) co_return leader.status();
    if (leader.ok()) left.erase(left.begin());
    if (left.empty()) co_return absl::OkStatus();
    if (leader.ok()) continue;
    if (parts_.clock.Now() >= until) co_return leader.status();
    CO_RETURN_IF_ERROR(co_await parts_.clock.Sleep(kLookEvery));
  }
}

Async<Status> DrillCopy::ClaimIdentity() {
  const std::string& link = parts_.link.name;
  CO_TRY(const std::string cluster, co_await parts_.cluster.ClusterId());
  CO_TRY(
      const link::ProducerIdentity data,
      co_await link::InitProducer(parts_.cluster, parts_.clock, state::DataTransactionalId(link), kTransactionTimeout));
  CO_TRY(const link::ProducerIdentity filler,
         co_await link::InitProducer(parts_.cluster, parts_.clock, state::FillerTransactionalId(link),
                                     kTransactionTimeout));
  const int64_t now = parts_.clock.Wall().time_since_epoch().count();
  state::LinkRecord record;
  record.source_cluster_id = record.destination_cluster_id = cluster;
  record.data_pid = data.producer_id;
  record.data_epoch = data.producer_epoch;
  record.filler_pid = filler.producer_id;
  record.filler_epoch = filler.producer_epoch;
  record.created_ms = now;
  std::vector<state::Record> records;
  records.emplace_back(state::PidRecord{data.producer_id, state::PidUse::kData, now});
  records.emplace_back(state::PidRecord{filler.producer_id, state::PidUse::kFiller, now});
  records.emplace_back(record);
  CO_RETURN_IF_ERROR(co_await state_->Write(std::move(records)));
  identity_ = {data.producer_id, data.producer_epoch, filler.producer_id, filler.producer_epoch,
               std::make_shared<std::set<int64_t>>(std::set<int64_t>{data.producer_id, filler.producer_id})};
  slots_ = std::make_unique<link::TransactionSlots>(parts_.cluster, parts_.clock, *state_, link, kTransactionTimeout,
                                                    identity_.ever_used);
  co_return co_await slots_->Load();
}

void DrillCopy::Start(const DrillMirror& mirror, int32_t index, int64_t from) {
  auto partition = std::make_unique<Partition>(*this, mirror, index, from);
  copying_.Spawn(partition->engine.Run());
  partitions_[{mirror.drill_topic, index}] = std::move(partition);
}

// What keeps a copy from going on, when it does not pass by itself.
std::optional<Status> DrillCopy::Trouble() const {
  for (const auto& [tp, partition] : partitions_)
    if (partition->progress.failed())
      return FailedPrecondition("copying {} stopped: {}", partition->mirror, partition->progress.text());
  return std::nullopt;
}

std::string DrillCopy::Left(const std::map<TopicPartition, int64_t>& ends) const {
  for (const auto& [tp, partition] : partitions_) {
    const auto end = ends.find(partition->mirror);
    if (end == ends.end() || partition->Reached(end->second)) continue;
    const auto to = partition->progress.replicated_to();
    return fmt::format("{} is copied to offset {} of {}{}", partition->mirror, to ? std::to_string(to->value) : "?",
                       end->second, partition->progress.text().empty() ? "" : ": " + partition->progress.text());
  }
  return "";
}

Async<Status> DrillCopy::CopyTo(std::map<TopicPartition, int64_t> ends, Duration limit) {
  for (const Instant until = parts_.clock.Now() + limit;;) {
    if (const auto trouble = Trouble()) co_return *trouble;
    const std::string left = Left(ends);
    if (left.empty() || budget_.spent()) break;
    if (parts_.clock.Now() >= until)
      co_return DeadlineExceeded("the copies were not made within {} s: {}", ToMillis(limit) / 1000, left);
    CO_RETURN_IF_ERROR(co_await parts_.clock.Sleep(kLookEvery));
  }
  co_return absl::OkStatus();
}

state::MirrorRecord DrillCopy::RecordOf(const DrillMirror& mirror) const {
  const int64_t now = parts_.clock.Wall().time_since_epoch().count();
  state::MirrorRecord record;
  record.source_topic = mirror.topic;
  record.destination_topic = mirror.drill_topic;
  record.phase = state::Phase::kActive;
  record.since_ms = record.created_ms = now;
  record.created = true;
  record.compacted = mirror.compacted;
  record.max_message_bytes = mirror.max_message_bytes;
  for (int32_t p = 0; p < mirror.partitions; p++) {
    const Partition& of = *partitions_.at({mirror.drill_topic, p});
    state::PartitionRecord& partition = record.partitions.emplace_back();
    partition.phase = state::Phase::kActive;
    partition.since_ms = now;
    partition.shift = of.map.shift();
    partition.mixed = of.phase.mixed();
  }
  return record;
}

Async<Status> DrillCopy::RecordMirrors() {
  std::vector<state::Record> records;
  for (const DrillMirror& mirror : mirrors_) records.emplace_back(RecordOf(mirror));
  co_return co_await state_->Write(std::move(records));
}

Async<Status> DrillCopy::Break() {
  copying_.Stop();
  co_await copying_.Join();
  CO_RETURN_IF_ERROR(co_await RecordMirrors());
  for (auto& [tp, partition] : partitions_) {
    CO_TRY(partition->log_end, co_await link::OffsetOf(parts_.cluster, tp, link::LogPoint::kEnd));
  }
  planting_ = std::make_unique<link::TransactionSlots>(parts_.cluster, parts_.clock, *state_, parts_.link.name,
                                                       kTransactionTimeout, identity_.ever_used);
  CO_RETURN_IF_ERROR(co_await planting_->Load());
  for (const DrillMirror& mirror : mirrors_) CO_RETURN_IF_ERROR(co_await Plant({mirror.drill_topic, 0}));
  gate_.Set(false);
  co_return absl::OkStatus();
}

Async<StatusOr<DestOffset>> DrillCopy::Append(TopicPartition tp, SharedBytes batch,
                                              std::optional<link::TransactionSlot> slot) {
  CO_TRY(const kafka::PartitionLeader leader, co_await parts_.cluster.Leader(tp));
  auto pending = std::make_shared<link::PendingAppend>(parts_.executor);
  produce_.Send(tp, leader.broker, std::move(batch), std::move(slot), link::Acks::kAll, pending);
  co_return co_await pending->Wait();
}

// What an application's transaction that was being copied leaves: its verdict never comes.
Async<Status> DrillCopy::Plant(TopicPartition tp) {
  CO_TRY(const link::TransactionSlot slot, co_await planting_->Begin(tp));
  kafka::BatchIdentity identity;
  identity.producer_id = slot.producer_id;
  identity.producer_epoch = slot.producer_epoch;
  identity.base_sequence = 0;
  identity.attributes = kafka::kTransactionalBit;
  SharedBytes batch = OneRecord(identity, "of a transaction that is never ended", parts_.clock.Wall());
  const StatusOr<DestOffset> at = co_await Append(tp, std::move(batch), slot);
  CO_RETURN_IF_ERROR(Annotate(at.status(), fmt::format("beginning a transaction in {}", tp)));
  planted_[tp] = slot;
  co_return absl::OkStatus();
}

namespace {

// A broker that answered with an error let nothing in; without an answer nobody knows.
LateEffect Refused(std::string what, const Status& answer) {
  LateEffect effect{std::move(what), DrillVerdict::kUnknown, std::string(Text(answer))};
  if (answer.ok())
    effect.verdict = DrillVerdict::kFailed, effect.answer = "it was accepted";
  else if (kafka::ErrorOf(answer) || answer.code() == Code::kFailedPrecondition)
    effect.verdict = DrillVerdict::kPassed;
  return effect;
}

}  // namespace

Async<std::vector<LateEffect>> DrillCopy::WakeUp() {
  std::vector<LateEffect> effects;
  gate_.Set(true);
  for (const auto& [tp, partition] : partitions_) {
    kafka::BatchIdentity identity;
    identity.producer_id = identity_.producer_id;
    identity.producer_epoch = identity_.producer_epoch;
    identity.base_sequence = 0;
    if (const auto at = partition->progress.position())
      identity.base_sequence = at->sequence, identity.producer_epoch = at->epoch;
    SharedBytes batch = OneRecord(identity, "late", parts_.clock.Wall());
    const auto answer = co_await Append(tp, std::move(batch), std::nullopt);
    effects.push_back(Refused(fmt::format("a batch of the copying agent in {}", tp), answer.status()));
  }
  for (const auto& [tp, slot] : planted_) {
    kafka::BatchIdentity identity;
    identity.producer_id = slot.producer_id;
    identity.producer_epoch = slot.producer_epoch;
    identity.base_sequence = 1;
    identity.attributes = kafka::kTransactionalBit;
    SharedBytes batch = OneRecord(identity, "late", parts_.clock.Wall());
    const auto answer = co_await Append(tp, std::move(batch), slot);
    effects.push_back(Refused(fmt::format("a batch of its transaction in {}", tp), answer.status()));
    const Status ended = co_await planting_->End(slot, link::TransactionEnd::kCommit);
    effects.push_back(Refused(fmt::format("the commit of its transaction in {}", tp), ended));
  }
  state::PauseRecord pause;
  pause.text = "late";
  effects.push_back(Refused("a write of its to the link's state", co_await state_->WriteOne(pause)));
  gate_.Set(false);
  co_return effects;
}

std::map<TopicPartition, DrillCopy::Copied> DrillCopy::copied() const {
  std::map<TopicPartition, Copied> all;
  for (const auto& [tp, partition] : partitions_) {
    Copied& copied = all[tp];
    copied.mirror = partition->mirror;
    copied.from = partition->begins;
    copied.map = &partition->map.map();
    copied.log_end = partition->log_end;
    if (const auto at = partition->progress.position()) copied.acknowledged = at->source_next.value;
    if (!copied.map->empty()) copied.from = copied.map->runs().front().run.source.value;
  }
  return all;
}

Async<void> DrillCopy::Close() {
  gate_.Set(false);
  copying_.Stop();
  co_await copying_.Join();
  fetch_.Stop();
  produce_.Stop();
  markers_.Stop();
  co_await fetch_.Join();
  co_await produce_.Join();
  co_await markers_.Join();
  if (state_ != nullptr) co_await state_->Close();
}

}  // namespace klink::failover
