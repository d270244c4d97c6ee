// What TopicSync knows of topics beyond its own link: where their records come from, and which lines of the filter meet
// nothing.
#include "base/log.h"
#include "link/topic_sync.h"

namespace klink::link {

using state::MirrorRecord;

void TopicSync::WarnOfIdleLines(const Listing& source) {
  std::vector<std::string> names;
  for (const auto& [name, topic] : source.topics) names.push_back(name);
  for (const std::string& line : filter_.Idle(names))
    if (idle_.insert(line).second)
      Log(Level::kWarning, Event::kFilterIdle, fmt::format("{} takes no topic of {}", line, p_.config.source),
          {{"link", p_.config.name}});
}

ProvenanceWatch::Topics TopicSync::StateTopicsOf(const Listing& listing) {
  ProvenanceWatch::Topics states;
  for (const auto& [name, topic] : listing.topics)
    if (!LinkOfStateTopic(name).empty()) states.emplace(name, topic.id);
  return states;
}

Status TopicSync::CheckProvenance(const std::string& source, const std::string& name) const {
  if (!p_.state.view().link()) return absl::OkStatus();
  ProvenanceWatch::Asked asked{source, name, p_.state.view().link()->destination_cluster_id, {}};
  if (const MirrorRecord* record = p_.book.Find(name)) asked.created_ms = record->created_ms;
  return provenance_.Check(asked);
}

// Only before there is a record of ours: it says that somebody decided.
Status TopicSync::CheckOldSource(const std::string& source, const std::string& name, const Listing& destination) const {
  const auto there = destination.topics.find(name);
  if (there == destination.topics.end() || !p_.state.view().link()) return absl::OkStatus();
  const ProvenanceWatch::Asked asked{source, name, p_.state.view().link()->destination_cluster_id, {}};
  return provenance_.CheckOldSource(asked, IdText(there->second.id));
}

// What is behind us learns from our record where its source's records came from.
Async<Status> TopicSync::FollowOrigins(std::string source, std::string name) {
  const std::vector<std::string> origins = provenance_.OriginsOf(source);
  const MirrorRecord* record = p_.book.Find(name);
  if (record == nullptr || record->origins == origins || !provenance_.trouble().ok()) co_return absl::OkStatus();
  MirrorBook::Change follow = [origins](MirrorRecord& r) { r.origins = origins; };
  co_return co_await p_.book.Update(std::move(name), std::move(follow));
}

// Once the records stand, another link that begins the same can see them: looking again, one of both sees the other.
Async<Status> TopicSync::Write(std::vector<MirrorRecord> records) {
  for (MirrorRecord& record : records) {
    if (const MirrorRecord* older = p_.book.Find(record.destination_topic)) record.created_ms = older->created_ms;
    record.origins = provenance_.OriginsOf(record.source_topic);
  }
  CO_RETURN_IF_ERROR(co_await p_.book.PutAll(std::move(records)));
  (void)co_await provenance_.FollowAgain();  // trouble is told by the next round
  co_return absl::OkStatus();
}

Status TopicSync::MayCreate(const std::string& name) const {
  RETURN_IF_ERROR(p_.state.MayDo(state::Effect::kCreateTopic, name, p_.gate.MayWrite()));
  const MirrorRecord* record = p_.book.Find(name);
  return record == nullptr ? absl::OkStatus() : CheckProvenance(record->source_topic, name);
}

}  // namespace klink::link
