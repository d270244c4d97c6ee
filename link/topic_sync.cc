#include "link/topic_sync.h"

#include "base/log.h"
#include "link/cluster_admin.h"

namespace klink::link {
namespace {

using state::MirrorRecord;
using state::Phase;
using state::Reason;

constexpr Duration kAwaitTopic = 15s;
constexpr Duration kAwaitStep = 50ms;

std::string IdText(const kafka::Uuid& id) { return id.is_zero() ? "" : kafka::ToString(id); }

}  // namespace

TopicSync::TopicSync(const config::LinkConfig& config, config::TopicFilter filter, kafka::Cluster& source,
                     kafka::Cluster& destination, admin::Topics& topics, state::LinkState& state, MirrorBook& book,
                     Gate& gate, Copies& copies, Clock& clock)
    : config_(config),
      filter_(std::move(filter)),
      source_(source),
      destination_(destination),
      topics_(topics),
      state_(state),
      book_(book),
      gate_(gate),
      copies_(copies),
      clock_(clock) {}

Async<StatusOr<TopicSync::Listing>> TopicSync::List(kafka::Cluster& cluster) {
  CO_TRY(const auto metadata, co_await cluster.Metadata(std::nullopt));
  Listing listing;
  listing.brokers = static_cast<int32_t>(metadata.brokers.size());
  for (const auto& topic : metadata.topics) {
    if (topic.error_code != kafka::Error::kNone || !topic.name || topic.is_internal) continue;
    TopicShape shape;
    shape.name = *topic.name;
    shape.id = topic.topic_id;
    shape.partitions = static_cast<int32_t>(topic.partitions.size());
    if (!topic.partitions.empty())
      shape.replication_factor = static_cast<int32_t>(topic.partitions.front().replica_nodes.size());
    listing.topics.emplace(*topic.name, std::move(shape));
  }
  co_return listing;
}

// A topic whose rights were taken away is left out of a listing as one that was deleted is. Asked for by name, the
// cluster tells which it is.
Async<Status> TopicSync::AskForHidden(Listing& source) const {
  std::vector<std::string> missing;
  for (const auto& [name, record] : state_.view().mirrors())
    if (book_.MayRun(name) && !source.topics.contains(record.source_topic)) missing.push_back(record.source_topic);
  if (missing.empty()) co_return absl::OkStatus();
  CO_TRY(const auto metadata, co_await source_.Metadata(missing));
  for (const auto& topic : metadata.topics)
    if (topic.name && topic.error_code == kafka::Error::kTopicAuthorizationFailed) source.hidden.insert(*topic.name);
  co_return absl::OkStatus();
}

Async<StatusOr<SyncResult>> TopicSync::Round() {
  CO_TRY(Listing source, co_await List(source_));
  CO_RETURN_IF_ERROR(co_await AskForHidden(source));
  CO_TRY(Listing destination, co_await List(destination_));
  CO_RETURN_IF_ERROR(co_await FollowFilter());
  SyncResult result;
  for (const auto& [source_name, topic] : source.topics) {
    if (!filter_.Includes(source_name)) continue;
    const std::string name = filter_.DestinationName(source_name);
    const Status one = co_await One(topic, destination, result);
    if (IsCancelled(one)) co_return one;
    if (book_.Find(name) == nullptr || book_.MayRun(name)) Note(result, name, source_name, one);
  }
  for (const auto& [name, record] : state_.view().mirrors()) {
    if (!book_.MayRun(name) || source.topics.contains(record.source_topic)) continue;
    if (source.hidden.contains(record.source_topic)) {
      Note(result, name, record.source_topic,
           Halt(Reason::kAuthorizationError, "data needs READ on topic {}, which cluster {} does not grant",
                record.source_topic, config_.source));
      continue;
    }
    Note(result, name, record.source_topic,
         Halt(Reason::kSourceTopicMayBeDeleted, "topic {} is not at the source any more", record.source_topic));
  }
  troubles_ = result.troubles;
  co_return result;
}

// Pauses what left the filter and takes back what came back to it.
Async<Status> TopicSync::FollowFilter() {
  std::vector<MirrorRecord> changed;
  for (const auto& [name, unused] : state_.view().mirrors()) {
    const MirrorRecord& record = *book_.Find(name);
    const config::Decision decision = filter_.Decide(record.source_topic);
    const std::string name_now = filter_.DestinationName(record.source_topic);
    state::FilterVerdict verdict{decision.included, decision.why, clock_.Wall().time_since_epoch().count()};
    if (verdict.included && name_now != name) {
      verdict.included = false;
      verdict.why = fmt::format("{} is now mirrored as {}", record.source_topic, name_now);
    }
    if (auto next = state::FollowFilter(record, verdict)) changed.push_back(*std::move(next));
  }
  if (changed.empty()) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(co_await book_.PutAll(changed));
  for (const MirrorRecord& record : changed) {
    if (record.phase == Phase::kPaused)
      Log(Level::kInfo, Event::kMirrorPaused, "the topic left the link's filter; its copy is kept as it is",
          {{"link", config_.name}, {"topic", record.destination_topic}, {"why", record.text}});
    else
      Log(Level::kInfo, Event::kMirrorResumed, "the link's filter includes the topic again",
          {{"link", config_.name}, {"topic", record.destination_topic}});
  }
  co_return absl::OkStatus();
}

// Everything about one topic: an error halts this topic only.
Async<Status> TopicSync::One(const TopicShape& source, Listing& destination, SyncResult& result) {
  const std::string name = filter_.DestinationName(source.name);
  const MirrorRecord* record = book_.Find(name);
  if (record != nullptr ? !book_.MayRun(name) : state_.view().pause().paused) co_return absl::OkStatus();
  const bool creating = record != nullptr && record->phase == Phase::kCreating &&
                        record->destination_topic_id.empty() && !destination.topics.contains(name);
  if (record == nullptr || creating) {
    CO_RETURN_IF_ERROR(co_await Begin(source, name, destination));
    record = book_.Find(name);
  }
  if (record->accept == state::Accept::kRestartAsNew) {
    const Status identity = CheckIdentity(source, *record, destination);
    CO_RETURN_IF_ERROR(co_await RestartAsNew(source, name, identity, destination));
    record = book_.Find(name);
  }
  if (record->accept == state::Accept::kRealign) {
    const Status identity = CheckIdentity(source, *record, destination);
    // Deleted already, by who began this and died. Another topic of that name is not ours to delete, nor is what is
    // left of a source that is gone.
    if (!identity.ok() && ReasonOf(identity) != Reason::kDestinationTopicDeleted) co_return identity;
    if (!copies_.Stand(name)) co_return absl::OkStatus();  // stopped as it is not listed; the next round finds it so
    CO_RETURN_IF_ERROR(co_await Remake(source, name, destination));
    record = book_.Find(name);
  }
  CO_RETURN_IF_ERROR(CheckIdentity(source, *record, destination));
  if (const std::string id = IdText(destination.topics.at(name).id); record->destination_topic_id != id) {
    MirrorBook::Change note_id = [id](MirrorRecord& r) { r.destination_topic_id = id; };
    CO_RETURN_IF_ERROR(co_await book_.Update(name, std::move(note_id)));
  }
  CO_RETURN_IF_ERROR(co_await Grow(source, name, destination));
  if (!book_.MayRun(name)) co_return absl::OkStatus();
  record = book_.Find(name);
  for (int32_t p = 0; p < static_cast<int32_t>(record->partitions.size()); p++)
    result.partitions.push_back({source.name, name, {record->source_topic_id, record->destination_topic_id}, p});
  if (record->phase == Phase::kActive && !settled_.contains(name))
    CO_RETURN_IF_ERROR(co_await Settle(name, source.name));
  co_return absl::OkStatus();
}

// An operator accepted that the source topic is another one now: its copy is deleted and begun anew. A crash on the way
// is continued: the acceptance stands until the new record does.
Async<Status> TopicSync::RestartAsNew(TopicShape source, std::string name, Status identity, Listing& destination) {
  if (identity.ok()) {  // it is the same one after all; a later change asks again
    MirrorBook::Change forget = [](MirrorRecord& r) { r.accept = state::Accept::kNone, r.accept_ms = 0; };
    co_return co_await book_.Update(name, std::move(forget));
  }
  if (ReasonOf(identity) == Reason::kDestinationTopicIdChanged) co_return identity;  // not ours to delete
  if (!copies_.Stand(name)) co_return identity;                                      // the next round finds it standing
  co_return co_await Remake(std::move(source), std::move(name), destination);
}

Async<Status> TopicSync::Remake(TopicShape source, std::string name, Listing& destination) {
  const auto partitions = static_cast<int32_t>(book_.Find(name)->partitions.size());
  const auto old = destination.topics.find(name);
  const kafka::Uuid before = old == destination.topics.end() ? kafka::Uuid{} : old->second.id;
  if (old != destination.topics.end()) CO_RETURN_IF_ERROR(co_await Delete(name, destination));
  CO_RETURN_IF_ERROR(co_await copies_.Forget(name, partitions));
  settled_.erase(name);
  co_return co_await Begin(std::move(source), std::move(name), destination, before);
}

Async<Status> TopicSync::Delete(std::string name, Listing& destination) {
  CO_RETURN_IF_ERROR(state_.MayDo(state::Effect::kDeleteTopic, name, gate_.MayWrite()));
  const Status deleted = co_await topics_.DeleteTopic(name);
  if (!deleted.ok() && deleted.code() != Code::kNotFound)
    co_return NeedsRight(deleted, "realign", fmt::format("DELETE on topic {}", name), config_.destination);
  Log(Level::kInfo, Event::kTopicDiscovered, "deleted the mirror topic, as an operator accepted, to begin it anew",
      {{"link", config_.name}, {"topic", name}});
  Shows gone = [&name](const Listing& listing) { return !listing.topics.contains(name); };
  co_return co_await AwaitListing(destination, std::move(gone),
                                  fmt::format("topic {} was deleted but stays in the metadata", name));
}

// The record is written before the topic is made, so that a crash in between is continued, not misread.
Async<Status> TopicSync::Begin(TopicShape source, std::string name, Listing& destination, kafka::Uuid before) {
  const auto existing = destination.topics.find(name);
  if (existing != destination.topics.end() && existing->second.partitions != source.partitions)
    co_return Halt(Reason::kPartitionsDiffer,
                   "topic {} exists at the destination with {} partitions, the source has {}", name,
                   existing->second.partitions, source.partitions);
  CO_TRY(TopicPlan plan, co_await Plan(source, name, destination.brokers));
  const int64_t now = clock_.Wall().time_since_epoch().count();
  MirrorRecord record;
  record.source_topic = source.name;
  record.destination_topic = name;
  record.source_topic_id = IdText(source.id);
  record.since_ms = record.created_ms = now;
  record.partitions.resize(static_cast<size_t>(source.partitions));
  for (auto& partition : record.partitions) partition.since_ms = now;
  record.created = existing == destination.topics.end();
  record.compacted = plan.compacted;
  record.deletes = plan.deletes;
  record.max_message_bytes = plan.max_message_bytes;
  if (book_.Find(name) != nullptr && !book_.MayRun(name)) co_return Unavailable("mirror {} was paused meanwhile", name);
  CO_RETURN_IF_ERROR(co_await book_.Put(std::move(record)));
  if (existing == destination.topics.end()) {
    for (const std::string& warning : plan.warnings)
      Log(Level::kWarning, Event::kTopicDiscovered, warning, {{"link", config_.name}, {"topic", name}});
    CO_RETURN_IF_ERROR(co_await Create(std::move(plan)));
    // A broker may still show the one of that name `before`.
    Shows there = [&name, before](const Listing& listing) {
      const auto found = listing.topics.find(name);
      return found != listing.topics.end() && (before.is_zero() || found->second.id != before);
    };
    CO_RETURN_IF_ERROR(co_await AwaitListing(
        destination, std::move(there), fmt::format("topic {} was created but does not appear in the metadata", name)));
  } else {
    CO_RETURN_IF_ERROR(co_await SetTopicConfigs(destination_, name, plan.spec.configs));
  }
  co_return absl::OkStatus();
}

Async<StatusOr<TopicPlan>> TopicSync::Plan(TopicShape source, std::string name, int32_t brokers) {
  const std::vector<std::string> which(1, source.name);
  CO_TRY(auto configs, co_await DescribeTopicConfigs(source_, which));
  source.configs = std::move(configs[source.name]);
  if (!abilities_) {
    CO_TRY(const auto broker, co_await DescribeBrokerConfigs(destination_));
    abilities_ = AbilitiesOf(broker, brokers);
  }
  abilities_->brokers = brokers;
  co_return PlanTopic(source, std::move(name), config_.topics, *abilities_);
}

Async<Status> TopicSync::Create(TopicPlan plan) {
  const std::string name = plan.spec.name;
  CO_RETURN_IF_ERROR(state_.MayDo(state::Effect::kCreateTopic, name, gate_.MayWrite()));
  Status created = co_await topics_.CreateTopic(std::move(plan.spec));
  if (created.ok())
    Log(Level::kInfo, Event::kTopicDiscovered, "created the mirror topic", {{"link", config_.name}, {"topic", name}});
  if (created.code() == Code::kAlreadyExists) co_return absl::OkStatus();  // an answer was lost
  co_return NeedsRight(created, "a new mirror", fmt::format("CREATE on topic {}", name), config_.destination);
}

// Lists the destination until it shows what was done there.
Async<Status> TopicSync::AwaitListing(Listing& destination, Shows shows, std::string otherwise) {
  for (const Instant until = clock_.Now() + kAwaitTopic;;) {
    CO_TRY(destination, co_await List(destination_));
    if (shows(destination)) co_return absl::OkStatus();
    if (clock_.Now() > until) co_return Unavailable("{}", otherwise);
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kAwaitStep));
  }
}

Status TopicSync::CheckIdentity(const TopicShape& source, const MirrorRecord& record,
                                const Listing& destination) const {
  const auto copy = destination.topics.find(record.destination_topic);
  if (copy == destination.topics.end())
    return Halt(Reason::kDestinationTopicDeleted, "mirror topic {} is not at the destination any more",
                record.destination_topic);
  const std::string copy_id = IdText(copy->second.id), source_id = IdText(source.id);
  if (!record.destination_topic_id.empty() && !copy_id.empty() && record.destination_topic_id != copy_id)
    return Halt(Reason::kDestinationTopicIdChanged, "mirror topic {} has id {}, klink wrote to {}",
                record.destination_topic, copy_id, record.destination_topic_id);
  if (!record.source_topic_id.empty() && !source_id.empty() && record.source_topic_id != source_id)
    return Halt(Reason::kSourceTopicIdChanged, "source topic {} has id {}, copied was {}", source.name, source_id,
                record.source_topic_id);
  return absl::OkStatus();
}

Async<Status> TopicSync::Grow(const TopicShape& source, const std::string& name, Listing& destination) {
  const int32_t there = destination.topics.at(name).partitions;
  if (there > source.partitions)
    co_return Halt(Reason::kPartitionsDiffer, "mirror topic {} has {} partitions, its source {}", name, there,
                   source.partitions);
  if (there < source.partitions) {
    CO_RETURN_IF_ERROR(state_.MayDo(state::Effect::kAlterConfigs, name, gate_.MayWrite()));
    const Status grown = co_await topics_.CreatePartitions(name, source.partitions);
    CO_RETURN_IF_ERROR(
        NeedsRight(grown, "new partitions", fmt::format("ALTER on topic {}", name), config_.destination));
    destination.topics.at(name).partitions = source.partitions;
    Log(Level::kInfo, Event::kPartitionsAdded, "the mirror topic follows its source's partitions",
        {{"link", config_.name}, {"topic", name}, {"partitions", source.partitions}});
  }
  const MirrorRecord* record = book_.Find(name);  // only now: it may have been written anew meanwhile
  if (static_cast<int32_t>(record->partitions.size()) == source.partitions) co_return absl::OkStatus();
  const int64_t now = clock_.Wall().time_since_epoch().count();
  const auto count = static_cast<size_t>(source.partitions);
  MirrorBook::Change grow = [=](MirrorRecord& r) {
    const size_t before = r.partitions.size();
    r.partitions.resize(count);
    for (size_t p = before; p < count; p++) r.partitions[p].since_ms = now;
  };
  co_return co_await book_.Update(name, std::move(grow));
}

// Once every partition is aligned the mirror keeps its data as long as the source does.
Async<Status> TopicSync::Settle(std::string name, std::string source_topic) {
  TopicShape source;
  source.name = std::move(source_topic);
  CO_TRY(const TopicPlan plan, co_await Plan(std::move(source), name, abilities_ ? abilities_->brokers : 1));
  if (!plan.when_active.empty()) {
    CO_RETURN_IF_ERROR(state_.MayDo(state::Effect::kAlterConfigs, name, gate_.MayWrite()));
    CO_RETURN_IF_ERROR(co_await SetTopicConfigs(destination_, name, plan.when_active));
    Log(Level::kInfo, Event::kTopicConfigChanged, "the mirror now keeps its data as long as the source does",
        {{"link", config_.name}, {"topic", name}});
  }
  settled_.insert(name);
  co_return absl::OkStatus();
}

void TopicSync::Note(SyncResult& result, const std::string& name, const std::string& source_topic,
                     const Status& status) {
  if (status.ok()) return;
  Trouble trouble{source_topic, ReasonOf(status), Text(status), clock_.Wall()};
  if (!trouble.reason && status.code() == Code::kPermissionDenied) trouble.reason = Reason::kAuthorizationError;
  if (!trouble.reason && status.code() == Code::kFailedPrecondition) trouble.reason = Reason::kPolicyViolation;
  if (auto before = troubles_.find(name); before != troubles_.end() && before->second.text == trouble.text)
    trouble.since = before->second.since;
  else
    Log(Level::kWarning, Event::kTopicRefused, trouble.text,
        {{"link", config_.name}, {"topic", name}, {"reason", trouble.reason ? state::Name(*trouble.reason) : ""}});
  result.troubles.insert_or_assign(name, std::move(trouble));
}

}  // namespace klink::link
