#include "link/topic_sync.h"

#include "base/log.h"
#include "link/cluster_admin.h"

namespace klink::link {
namespace {

using state::MirrorRecord;
using state::Phase;
using state::Reason;

}  // namespace

TopicSync::TopicSync(SyncParts parts, config::TopicFilter filter)
    : p_(std::move(parts)),
      filter_(std::move(filter)),
      maker_(*this, p_.config.topics, p_.clock),
      provenance_(p_.config, p_.source, p_.destination, p_.clock) {}

// A topic whose rights were taken away is left out of a listing as one that was deleted is. Asked for by name, the
// cluster tells which it is.
Async<Status> TopicSync::AskForHidden(Listing& source) const {
  std::vector<std::string> missing;
  for (const auto& [name, record] : p_.state.view().mirrors())
    if (p_.book.MayRun(name) && !source.topics.contains(record.source_topic)) missing.push_back(record.source_topic);
  if (missing.empty()) co_return absl::OkStatus();
  CO_TRY(const auto metadata, co_await p_.source.Metadata(missing));
  for (const auto& topic : metadata.topics)
    if (topic.name && topic.error_code == kafka::Error::kTopicAuthorizationFailed) source.hidden.insert(*topic.name);
  co_return absl::OkStatus();
}

Async<StatusOr<SyncResult>> TopicSync::Round() {
  CO_TRY(Listing source, co_await ListTopics(p_.source, std::nullopt));
  CO_RETURN_IF_ERROR(co_await AskForHidden(source));
  CO_TRY(Listing destination, co_await ListTopics(p_.destination, std::nullopt));
  CO_RETURN_IF_ERROR(co_await FollowFilter());
  ProvenanceWatch::Topics source_states = StateTopicsOf(source), destination_states = StateTopicsOf(destination);
  CO_RETURN_IF_ERROR(co_await provenance_.Follow(std::move(source_states), std::move(destination_states)));
  WarnOfIdleLines(source);
  SyncResult result;
  std::vector<NewMirror> waiting = Waiting(source, destination, result);
  CO_RETURN_IF_ERROR(co_await MakeSome(std::move(waiting), destination, result));
  for (const auto& [source_name, topic] : source.topics) {
    if (!filter_.Includes(source_name)) continue;
    const std::string name = filter_.DestinationName(source_name);
    if (result.troubles.contains(name) || IsUnmade(name, destination)) continue;
    const Status one = co_await One(topic, destination, result);
    if (IsCancelled(one)) co_return one;
    if (p_.book.Find(name) == nullptr || p_.book.MayRun(name)) Note(result, name, source_name, one);
  }
  CO_RETURN_IF_ERROR(co_await FollowAbsences(source, destination, result));
  troubles_ = result.troubles;
  co_return result;
}

// Pauses what left the filter and takes back what came back to it.
Async<Status> TopicSync::FollowFilter() {
  std::vector<MirrorRecord> changed;
  for (const auto& [name, unused] : p_.state.view().mirrors()) {
    const MirrorRecord& record = *p_.book.Find(name);
    const config::Decision decision = filter_.Decide(record.source_topic);
    const std::string name_now = filter_.DestinationName(record.source_topic);
    state::FilterVerdict verdict{decision.included, decision.why, p_.clock.Wall().time_since_epoch().count()};
    if (verdict.included && name_now != name) {
      verdict.included = false;
      verdict.why = fmt::format("{} is now mirrored as {}", record.source_topic, name_now);
    }
    if (auto next = state::FollowFilter(record, verdict)) changed.push_back(*std::move(next));
  }
  if (changed.empty()) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(co_await p_.book.PutAll(changed));
  for (const MirrorRecord& record : changed) {
    if (record.phase == Phase::kPaused)
      Log(Level::kInfo, Event::kMirrorPaused, "the topic left the link's filter; its copy is kept as it is",
          {{"link", p_.config.name}, {"topic", record.destination_topic}, {"why", record.text}});
    else
      Log(Level::kInfo, Event::kMirrorResumed, "the link's filter includes the topic again",
          {{"link", p_.config.name}, {"topic", record.destination_topic}});
  }
  co_return absl::OkStatus();
}

// Everything about one topic whose mirror was made: an error halts this topic only.
Async<Status> TopicSync::One(const TopicShape& source, Listing& destination, SyncResult& result) {
  const std::string name = filter_.DestinationName(source.name);
  const MirrorRecord* record = p_.book.Find(name);
  if (record == nullptr || !p_.book.MayRun(name)) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(CheckProvenance(source.name, name));
  if (destination.unclear.contains(name)) co_return destination.unclear.at(name);
  if (record->accept == state::Accept::kRestartAsNew) {
    const Status identity = CheckIdentity(source, *record, destination);
    CO_RETURN_IF_ERROR(co_await RestartAsNew(source, name, identity, destination));
    record = p_.book.Find(name);
    if (record == nullptr) co_return absl::OkStatus();  // dropped meanwhile (link_drop.cc)
  }
  if (record->accept == state::Accept::kRealign) {
    const Status identity = CheckIdentity(source, *record, destination);
    // Deleted already, by who began this and died. Another topic of that name is not ours to delete, nor is what is
    // left of a source that is gone.
    if (!identity.ok() && ReasonOf(identity) != Reason::kDestinationTopicDeleted) co_return identity;
    if (!p_.copies.Stand(name)) co_return absl::OkStatus();  // stopped as it is not listed; the next round finds it so
    CO_RETURN_IF_ERROR(co_await Remake(source, name, destination));
    record = p_.book.Find(name);
    if (record == nullptr) co_return absl::OkStatus();
  }
  CO_RETURN_IF_ERROR(CheckIdentity(source, *record, destination));
  if (const std::string id = IdText(destination.topics.at(name).id); record->destination_topic_id != id) {
    MirrorBook::Change note_id = [id](MirrorRecord& r) { r.destination_topic_id = id; };
    CO_RETURN_IF_ERROR(co_await p_.book.Update(name, std::move(note_id)));
  }
  CO_RETURN_IF_ERROR(co_await FollowOrigins(source.name, name));
  CO_RETURN_IF_ERROR(co_await Grow(source, name, destination));
  if (!p_.book.MayRun(name)) co_return absl::OkStatus();
  record = p_.book.Find(name);
  for (int32_t p = 0; p < static_cast<int32_t>(record->partitions.size()); p++)
    result.partitions.push_back({source.name, name, {record->source_topic_id, record->destination_topic_id}, p});
  co_return absl::OkStatus();
}

// Is the topic at the destination the one klink wrote to?
Status TopicSync::CheckCopy(const MirrorRecord& record, const Listing& destination) const {
  const auto copy = destination.topics.find(record.destination_topic);
  if (copy == destination.topics.end())
    return Halt(Reason::kDestinationTopicDeleted, "mirror topic {} is not at the destination any more",
                record.destination_topic);
  const std::string copy_id = IdText(copy->second.id);
  if (!record.destination_topic_id.empty() && !copy_id.empty() && record.destination_topic_id != copy_id)
    return Halt(Reason::kDestinationTopicIdChanged, "mirror topic {} has id {}, klink wrote to {}",
                record.destination_topic, copy_id, record.destination_topic_id);
  return absl::OkStatus();
}

Status TopicSync::CheckIdentity(const TopicShape& source, const MirrorRecord& record,
                                const Listing& destination) const {
  RETURN_IF_ERROR(CheckCopy(record, destination));
  const std::string source_id = IdText(source.id);
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
    if (const auto refused = refused_.find(name); refused != refused_.end() && p_.clock.Now() < refused->second.until)
      co_return refused->second.status;
    CO_RETURN_IF_ERROR(p_.state.MayDo(state::Effect::kAlterConfigs, name, p_.gate.MayWrite()));
    const Status grown = NeedsRight(co_await p_.topics.CreatePartitions(name, source.partitions), "new partitions",
                                    fmt::format("ALTER on topic {}", name), p_.config.destination);
    if (!grown.ok()) co_return Refused(name, grown);
    refused_.erase(name);
    destination.topics.at(name).partitions = source.partitions;
    Log(Level::kInfo, Event::kPartitionsAdded, "the mirror topic follows its source's partitions",
        {{"link", p_.config.name}, {"topic", name}, {"partitions", source.partitions}});
  }
  const MirrorRecord* record = p_.book.Find(name);  // only now: it may have been written anew meanwhile
  if (record == nullptr || static_cast<int32_t>(record->partitions.size()) == source.partitions)
    co_return absl::OkStatus();
  const int64_t now = p_.clock.Wall().time_since_epoch().count();
  const auto count = static_cast<size_t>(source.partitions);
  MirrorBook::Change grow = [=](MirrorRecord& r) {
    const size_t before = r.partitions.size();
    r.partitions.resize(count);
    for (size_t p = before; p < count; p++) r.partitions[p].since_ms = now;
  };
  co_return co_await p_.book.Update(name, std::move(grow));
}

void TopicSync::Note(SyncResult& result, const std::string& name, const std::string& source_topic, const Status& status,
                     std::optional<Reason> passing) {
  if (status.ok()) return;
  Trouble trouble = TroubleOf(source_topic, status, p_.clock.Wall(), passing);
  if (auto before = troubles_.find(name); before != troubles_.end() && before->second.text == trouble.text)
    trouble.since = before->second.since;
  else
    Log(Level::kWarning, Event::kTopicRefused, trouble.text,
        {{"link", p_.config.name}, {"topic", name}, {"reason", trouble.reason ? state::Name(*trouble.reason) : ""}});
  result.troubles.insert_or_assign(name, std::move(trouble));
}

}  // namespace klink::link
