// How mirrors begin, begin anew, and end: what TopicSync does to whole topics.
#include <algorithm>

#include "base/log.h"
#include "link/cluster_admin.h"
#include "link/topic_sync.h"

namespace klink::link {
namespace {

using state::MirrorRecord;
using state::Phase;
using state::Reason;

constexpr Duration kRefusedFirst = 5s;
constexpr Duration kRefusedMost = 60s;
constexpr Duration kAwaitGone = 15s;
constexpr Duration kAwaitStep = 50ms;
constexpr size_t kToldOneByOne = 10;  // topics made at once; beyond, one line tells their number

}  // namespace

bool TopicSync::IsUnmade(const std::string& name, const Listing& destination) const {
  const MirrorRecord* record = p_.book.Find(name);
  return record == nullptr || (record->phase == Phase::kCreating && record->destination_topic_id.empty() &&
                               !destination.topics.contains(name));
}

// The included topics without a mirror that may be made now. What is not clear, or was refused a short while ago, is
// noted and waits.
std::vector<NewMirror> TopicSync::Waiting(const Listing& source, const Listing& destination, SyncResult& result) {
  std::vector<NewMirror> waiting;
  for (const auto& [source_name, status] : source.unclear)
    if (filter_.Includes(source_name))
      Note(result, filter_.DestinationName(source_name), source_name, status, Reason::kSourceUnavailable);
  for (const auto& [source_name, shape] : source.topics) {
    if (!filter_.Includes(source_name)) continue;
    result.topics++;
    std::string name = filter_.DestinationName(source_name);
    if (!IsUnmade(name, destination)) continue;
    if (p_.book.Find(name) != nullptr && !p_.book.MayRun(name)) continue;
    result.unmade++;
    if (const auto unclear = destination.unclear.find(name); unclear != destination.unclear.end())
      Note(result, name, source_name, unclear->second, Reason::kDestinationUnavailable);
    else if (const auto refused = refused_.find(name);
             refused != refused_.end() && p_.clock.Now() < refused->second.until)
      Note(result, name, source_name, refused->second.status);
    else if (const Status provenance = CheckProvenance(source_name, name); !provenance.ok())
      Note(result, name, source_name, provenance);
    else if (const Status old = CheckOldSource(source_name, name, destination); !old.ok())
      Note(result, name, source_name, old);
    else
      waiting.push_back({shape, std::move(name)});
  }
  return waiting;
}

// One batch. When the destination does not answer, the next batch is a matter of the next round.
Async<Status> TopicSync::MakeSome(std::vector<NewMirror> waiting, Listing& destination, SyncResult& result) {
  if (waiting.empty()) co_return absl::OkStatus();
  CO_TRY(const DestinationAbilities abilities, co_await Abilities(destination.brokers));
  const size_t size = BatchSize(waiting);
  std::vector<NewMirror> batch(waiting.begin(), waiting.begin() + static_cast<ptrdiff_t>(size));
  std::map<std::string, std::string> source_names;
  for (const NewMirror& mirror : batch) source_names[mirror.name] = mirror.source.name;
  CO_TRY(const TopicMaker::Verdicts verdicts, co_await maker_.Make(std::move(batch), destination, abilities));
  size_t made = 0;
  for (const auto& [name, verdict] : verdicts) {
    if (verdict.ok()) {
      made++;
      refused_.erase(name);
      if (verdicts.size() <= kToldOneByOne)
        Log(Level::kInfo, Event::kTopicDiscovered, "created the mirror topic",
            {{"link", p_.config.name}, {"topic", name}});
      continue;
    }
    if (IsCancelled(verdict)) co_return verdict;
    Note(result, name, source_names[name], Refused(name, verdict), Reason::kDestinationUnavailable);
  }
  result.unmade -= made;
  result.more = made > 0 && size < waiting.size();
  if (made > 0 && verdicts.size() > kToldOneByOne)
    Log(Level::kInfo, Event::kTopicDiscovered, fmt::format("created {} mirror topics", made),
        {{"link", p_.config.name}, {"made", result.topics - result.unmade}, {"of", result.topics}});
  co_return absl::OkStatus();
}

// Remembers what a person must change, so that it is not asked for again and again.
Status TopicSync::Refused(const std::string& name, Status status) {
  if (IsUnavailable(status) || status.code() == Code::kDeadlineExceeded) return status;
  Refusal& refusal = refused_[name];
  refusal.pause = std::clamp<Duration>(refusal.pause * 2, kRefusedFirst, kRefusedMost);
  refusal.until = p_.clock.Now() + refusal.pause;
  refusal.status = status;
  return status;
}

Async<StatusOr<DestinationAbilities>> TopicSync::Abilities(int32_t brokers) {
  if (!abilities_) {
    CO_TRY(const auto broker, co_await DescribeBrokerConfigs(p_.destination));
    abilities_ = AbilitiesOf(broker, brokers);
  }
  abilities_->brokers = brokers;
  co_return *abilities_;
}

Async<Status> TopicSync::Begin(TopicShape source, std::string name, Listing& destination, kafka::Uuid before) {
  CO_TRY(const DestinationAbilities abilities, co_await Abilities(destination.brokers));
  NewMirror mirror{std::move(source), name, before};
  std::vector<NewMirror> one(1, std::move(mirror));
  CO_TRY(const TopicMaker::Verdicts verdicts, co_await maker_.Make(std::move(one), destination, abilities));
  co_return verdicts.at(name);
}

// An operator accepted that the source topic is another one now: its copy is deleted and begun anew. A crash on the way
// is continued: the acceptance stands until the new record does.
Async<Status> TopicSync::RestartAsNew(TopicShape source, std::string name, Status identity, Listing& destination) {
  if (identity.ok()) {  // it is the same one after all; a later change asks again
    MirrorBook::Change forget = [](MirrorRecord& r) { r.accept = state::Accept::kNone, r.accept_ms = 0; };
    co_return co_await p_.book.Update(name, std::move(forget));
  }
  if (ReasonOf(identity) == Reason::kDestinationTopicIdChanged) co_return identity;  // not ours to delete
  if (!p_.copies.Stand(name)) co_return identity;                                    // the next round finds it standing
  co_return co_await Remake(std::move(source), std::move(name), destination);
}

Async<Status> TopicSync::Remake(TopicShape source, std::string name, Listing& destination) {
  const auto partitions = static_cast<int32_t>(p_.book.Find(name)->partitions.size());
  const auto old = destination.topics.find(name);
  const kafka::Uuid before = old == destination.topics.end() ? kafka::Uuid{} : old->second.id;
  if (old != destination.topics.end())
    CO_RETURN_IF_ERROR(co_await Delete(name, destination, "as an operator accepted, to begin it anew"));
  CO_RETURN_IF_ERROR(co_await p_.copies.Forget(name, partitions));
  co_return co_await Begin(std::move(source), std::move(name), destination, before);
}

Async<Status> TopicSync::Delete(std::string name, Listing& destination, std::string why) {
  CO_RETURN_IF_ERROR(p_.state.MayDo(state::Effect::kDeleteTopic, name, p_.gate.MayWrite()));
  const Status deleted = co_await p_.topics.DeleteTopic(name);
  if (!deleted.ok() && deleted.code() != Code::kNotFound)
    co_return NeedsRight(deleted, "realign", fmt::format("DELETE on topic {}", name), p_.config.destination);
  Log(Level::kInfo, Event::kTopicDiscovered, fmt::format("deleted the mirror topic, {}", why),
      {{"link", p_.config.name}, {"topic", name}});
  const std::vector<std::string> which(1, name);
  for (const Instant until = p_.clock.Now() + kAwaitGone;;) {
    CO_TRY(const Listing shown, co_await ListTopics(p_.destination, which));
    if (!shown.topics.contains(name)) break;
    if (p_.clock.Now() > until) co_return Unavailable("topic {} was deleted but stays in the metadata", name);
    CO_RETURN_IF_ERROR(co_await p_.clock.Sleep(kAwaitStep));
  }
  destination.topics.erase(name);
  co_return absl::OkStatus();
}

// Mirrors whose source topic is not found any more, and those where it is back.
Async<Status> TopicSync::FollowAbsences(const Listing& source, Listing& destination, SyncResult& result) {
  const int64_t now = p_.clock.Wall().time_since_epoch().count();
  std::vector<MirrorRecord> changed;
  std::vector<std::string> abandoned;
  for (const auto& [name, unused] : p_.state.view().mirrors()) {
    if (!p_.book.MayRun(name)) continue;
    const MirrorRecord& record = *p_.book.Find(name);
    if (source.hidden.contains(record.source_topic)) {
      Note(result, name, record.source_topic,
           Halt(Reason::kAuthorizationError, "data needs READ on topic {}, which cluster {} does not grant",
                record.source_topic, p_.config.source));
      continue;
    }
    if (source.unclear.contains(record.source_topic)) continue;
    AbsenceFacts facts;
    facts.policy = p_.config.topics.delete_policy;
    facts.absent = !source.topics.contains(record.source_topic);
    facts.source_empty = source.topics.empty();
    facts.absent_since_ms = record.absent_since_ms;
    facts.now_ms = now;
    facts.hold = p_.delete_hold;
    const AbsenceStep step = PlanAbsence(facts);
    if (facts.absent)
      Note(result, name, record.source_topic,
           Halt(Reason::kSourceTopicMayBeDeleted, "topic {} is not at the source any more{}", record.source_topic,
                facts.policy == config::DeletePolicy::kMirror ? "; its copy is deleted a day after it was last seen"
                                                              : ""));
    if (step == AbsenceStep::kDelete) abandoned.push_back(name);
    if (step != AbsenceStep::kNote && step != AbsenceStep::kForget) continue;
    changed.push_back(record);
    changed.back().absent_since_ms = step == AbsenceStep::kNote ? now : 0;
  }
  CO_RETURN_IF_ERROR(co_await p_.book.PutAll(std::move(changed)));
  for (const std::string& name : abandoned) {
    if (p_.book.Find(name) == nullptr) continue;  // dropped meanwhile (link_drop.cc)
    const std::string source_topic = p_.book.Find(name)->source_topic;
    const Status deleted = co_await DeleteAbandoned(name, destination);
    if (IsCancelled(deleted)) co_return deleted;
    if (deleted.ok())
      result.troubles.erase(name);
    else
      Note(result, name, source_topic, deleted);
  }
  co_return absl::OkStatus();
}

// topics.delete: mirror. The copy, then what the link knows of it: a crash in between is continued by the next round.
Async<Status> TopicSync::DeleteAbandoned(std::string name, Listing& destination) {
  const MirrorRecord record = *p_.book.Find(name);
  const Status waits = Halt(Reason::kSourceTopicMayBeDeleted,
                            "topic {} is not at the source any more; its copy is deleted", record.source_topic);
  if (!p_.copies.Stand(name)) co_return waits;  // the next round finds it standing
  const bool there = destination.topics.contains(name);
  if (there) CO_RETURN_IF_ERROR(CheckCopy(record, destination));  // another topic of that name is not ours to delete
  state::AuditEvent event;
  event.type = "klink.mirrors.delete.requested";
  event.subject = p_.config.name;
  event.data["action"] = "mirrors.delete";
  event.data["principal"] = "klink";
  event.data["reason"] = "topics.delete: mirror";
  event.data["topic"] = name;
  event.data["topic_id"] = record.destination_topic_id;
  event.data["source_topic"] = record.source_topic;
  event.data["absent_since_ms"] = record.absent_since_ms;
  state::AuditEvent outcome = event;
  if (p_.auditor != nullptr) CO_RETURN_IF_ERROR(co_await p_.auditor->Before(std::move(event)));
  Status done;
  if (there) done = co_await Delete(name, destination, "as its source was deleted a day ago (topics.delete: mirror)");
  if (done.ok()) done = co_await p_.copies.Forget(name, static_cast<int32_t>(record.partitions.size()));
  if (done.ok()) done = co_await p_.state.EraseMirror(name);
  outcome.type = done.ok() ? "klink.mirrors.delete.completed" : "klink.mirrors.delete.failed";
  if (!done.ok()) outcome.data["error"] = Text(done);
  if (p_.auditor != nullptr) co_await p_.auditor->After(std::move(outcome));
  co_return done;
}

// ---- topic_making's ports ----

Async<StatusOr<std::map<std::string, StatusOr<MakingPorts::Configs>>>> TopicSync::SourceConfigs(
    std::vector<std::string> topics) {
  CO_TRY(const auto settings, co_await DescribeTopicSettings(p_.source, std::move(topics)));
  std::map<std::string, StatusOr<Configs>> all;
  for (const auto& [topic, of_topic] : settings) {
    if (of_topic.ok())
      all.insert_or_assign(topic, ValuesOf(*of_topic));
    else
      all.insert_or_assign(topic, of_topic.status());
  }
  co_return all;
}

Status TopicSync::MayBegin(const std::string& name) const {
  if (p_.book.Find(name) == nullptr || p_.book.MayRun(name)) return absl::OkStatus();
  return Unavailable("mirror {} was paused meanwhile", name);
}

Async<Status> TopicSync::NoteIds(std::map<std::string, std::string> ids) {
  std::vector<MirrorRecord> changed;
  for (auto& [name, id] : ids) {
    const MirrorRecord* record = p_.book.Find(name);
    if (record == nullptr || record->destination_topic_id == id) continue;
    changed.push_back(*record);
    changed.back().destination_topic_id = std::move(id);
  }
  return p_.book.PutAll(std::move(changed));
}

Async<std::vector<Status>> TopicSync::Create(std::vector<admin::TopicSpec> specs) {
  std::vector<std::string> names;
  for (const admin::TopicSpec& spec : specs) names.push_back(spec.name);
  std::vector<Status> verdicts = co_await p_.topics.CreateTopics(std::move(specs));
  for (size_t i = 0; i < verdicts.size(); i++)
    verdicts[i] = NeedsRight(std::move(verdicts[i]), "a new mirror", fmt::format("CREATE on topic {}", names[i]),
                             p_.config.destination);
  co_return verdicts;
}

Async<StatusOr<Listing>> TopicSync::Destination(std::vector<std::string> topics) {
  return ListTopics(p_.destination, std::move(topics));
}

Async<std::map<std::string, Status>> TopicSync::SetConfigs(std::map<std::string, Configs> configs) {
  TopicChanges changes;
  for (auto& [name, values] : configs)
    for (auto& [key, value] : values) changes[name].push_back({key, std::move(value), std::nullopt});
  return AlterTopicConfigs(p_.destination, std::move(changes));
}

}  // namespace klink::link
