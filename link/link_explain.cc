// klink explain: looks up what the rules ask for, at both clusters and in the link's state. Any agent of the link can;
// what keeps a topic from being mirrored, only the one that carries the link knows.
#include <algorithm>

#include "config/group_filter.h"
#include "link/explain.h"
#include "link/link.h"

namespace klink::link {
namespace {

// protocol.md G14.
Presence PresenceOf(const kafka::MetadataTopic& topic) {
  Presence presence;
  switch (topic.error_code) {
    case kafka::Error::kNone:
      presence.is = Presence::Is::kThere;
      presence.partitions = static_cast<int32_t>(topic.partitions.size());
      break;
    case kafka::Error::kUnknownTopicOrPartition:
    case kafka::Error::kInvalidTopic:
      presence.is = Presence::Is::kMissing;
      break;
    case kafka::Error::kTopicAuthorizationFailed:
      presence.is = Presence::Is::kForbidden;
      break;
    default:
      presence.text = fmt::format("{}", kafka::Name(topic.error_code));
  }
  return presence;
}

}  // namespace

Async<void> Link::AskPresence(kafka::Cluster& cluster, bool gone, std::vector<std::string> topics,
                              std::map<std::string, Presence>& out) {
  for (const std::string& topic : topics) out[topic].text = "it does not answer";
  if (gone) co_return;
  const auto metadata = co_await cluster.Metadata(std::move(topics));
  if (!metadata.ok()) {
    for (auto& [topic, presence] : out) presence.text = Text(metadata.status());
    co_return;
  }
  for (const kafka::MetadataTopic& topic : metadata->topics)
    if (topic.name) out[*topic.name] = PresenceOf(topic);
}

LinkFacts Link::FactsOfLink(const LinkSnapshot& shown) const {
  LinkFacts facts;
  facts.name = config_.name;
  facts.source = config_.source;
  facts.destination = config_.destination;
  facts.state = shown.state;
  facts.reason_code = shown.reason_code;
  facts.reason = shown.reason;
  facts.agent = parts_.agent_id;
  facts.leads = steering_;
  if (state_ && state_->view().controller()) facts.leader = state_->view().controller()->agent;
  facts.refresh = config_.topics.refresh;
  return facts;
}

Async<StatusOr<Link::Explained>> Link::Explain(ExplainKind kind, std::string name) {
  Explained out;
  if (kind == ExplainKind::kGroup) {
    CO_TRY(const auto filter, config::GroupFilter::Compile(config_.groups));
    GroupFacts facts{FactsOfLink(Snapshot()), std::move(name), {}};
    facts.decision = filter.Decide(facts.group);
    out.concerned = facts.decision.included;
    const StatusOr<GroupsSnapshot> groups = Groups();
    if (!groups.ok()) facts.unknown = Text(groups.status());
    if (groups.ok() && !groups->read_at) facts.unknown = "the offsets of groups have not been read yet";
    if (facts.unknown.empty())
      for (const GroupSummary& group : groups->groups)
        if (group.group == facts.group) facts.standing = group;
    out.explanation = ExplainGroup(facts);
    co_return out;
  }
  CO_TRY(const auto filter, config::TopicFilter::Compile(config_.topics));
  const config::Rename rename = config_.topics.rename;
  NameFacts reading;
  if (const state::MirrorRecord* record = state_ ? state_->view().mirror(name) : nullptr)
    reading.source_of_record = record->source_topic;
  const auto original = config::DestinationToSourceName(rename, name);
  std::vector<std::string> maybe(1, name);
  for (const auto& other : {original, reading.source_of_record})
    if (other && std::find(maybe.begin(), maybe.end(), *other) == maybe.end()) maybe.push_back(*other);
  std::vector<std::string> copies{config::SourceToDestinationName(rename, name)};
  if (copies.front() != name) copies.push_back(name);
  std::map<std::string, Presence> at_source, at_destination;
  {
    TaskGroup asking(parts_.executor);
    asking.Spawn(AskPresence(source_, SourceGone(), std::move(maybe), at_source));
    asking.Spawn(AskPresence(destination_, DestinationGone(), std::move(copies), at_destination));
    co_await asking.Join();
  }
  reading.there = at_source[name].is == Presence::Is::kThere;
  reading.there_without_rename = original && at_source[*original].is == Presence::Is::kThere;

  TopicFacts facts;
  const LinkSnapshot shown = Snapshot();
  facts.link = FactsOfLink(shown);
  facts.names = ReadTopicName(name, rename, reading);
  facts.decision = filter.Decide(facts.names.source);
  facts.at_source = at_source[facts.names.source];
  facts.at_destination = at_destination[facts.names.destination];
  for (const MirrorSnapshot& mirror : shown.mirrors)
    if (mirror.topic == facts.names.destination) facts.mirror = mirror;
  out.concerned = facts.decision.included || facts.mirror;
  out.explanation = ExplainTopic(facts);
  co_return out;
}

}  // namespace klink::link
