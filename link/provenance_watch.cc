#include "link/provenance_watch.h"

#include "base/log.h"
#include "state/link_topics.h"

namespace klink::link {
namespace {

constexpr Duration kAskEvery = 60s;

}  // namespace

ProvenanceWatch::ProvenanceWatch(const config::LinkConfig& config, kafka::Cluster& source, kafka::Cluster& destination,
                                 Clock& clock)
    : config_(config),
      source_(source),
      clock_(clock),
      at_source_(source, ""),
      at_destination_(destination, config.name) {}

// Topics that klink may not see are not listed, as if there were none; asked for by name they are refused, whether they
// exist or not (protocol.md G14).
Async<Status> ProvenanceWatch::MaySee() {
  if (asked_at_ && clock_.Now() - *asked_at_ < kAskEvery) co_return may_see_;
  const std::string topic = state::StateTopic(config_.name);
  const std::vector<std::string> one(1, topic);
  CO_TRY(const auto metadata, co_await source_.Metadata(one));
  asked_at_ = clock_.Now();
  may_see_ = absl::OkStatus();
  for (const auto& answer : metadata.topics)
    if (answer.error_code == kafka::Error::kTopicAuthorizationFailed)
      may_see_ = PermissionDenied(
          "{} does not let klink see what other links copy into it; grant DESCRIBE and READ on "
          "topics with prefix _klink. there, or loops are not noticed",
          config_.source);
  co_return may_see_;
}

Async<Status> ProvenanceWatch::Follow(Topics at_source, Topics at_destination) {
  source_topics_ = std::move(at_source);
  destination_topics_ = std::move(at_destination);
  Status status = co_await MaySee();
  status.Update(co_await FollowAgain());
  if (IsCancelled(status)) co_return status;
  if (!status.ok() && Text(status) != Text(trouble_))
    Log(Level::kWarning, Event::kProvenanceUnknown, Text(status), {{"link", config_.name}});
  trouble_ = status;
  co_return absl::OkStatus();
}

Async<Status> ProvenanceWatch::FollowAgain() {
  Status status = Annotate(co_await at_source_.Follow(source_topics_), config_.source);
  status.Update(Annotate(co_await at_destination_.Follow(destination_topics_), config_.destination));
  co_return status;
}

Status ProvenanceWatch::Check(const Asked& asked) const {
  ProvenanceFacts facts;
  facts.link = config_.name;
  facts.source = config_.source;
  facts.destination = config_.destination;
  facts.destination_id = asked.destination_id;
  facts.source_topic = asked.source_topic;
  facts.destination_topic = asked.destination_topic;
  facts.created_ms = asked.created_ms;
  facts.at_source = at_source_.ClaimsOn(asked.source_topic);
  facts.at_destination = at_destination_.ClaimsOn(asked.destination_topic);
  return CheckProvenance(facts);
}

Status ProvenanceWatch::CheckOldSource(const Asked& asked, std::string destination_topic_id) const {
  OldSourceFacts facts;
  facts.source = config_.source;
  facts.destination = config_.destination;
  facts.destination_id = asked.destination_id;
  facts.source_topic = asked.source_topic;
  facts.destination_topic = asked.destination_topic;
  facts.destination_topic_id = std::move(destination_topic_id);
  return link::CheckOldSource(facts, at_source_.FormerCopies(asked.source_topic));
}

std::vector<std::string> ProvenanceWatch::OriginsOf(const std::string& source_topic) const {
  return link::OriginsOf(at_source_.ClaimsOn(source_topic));
}

}  // namespace klink::link
