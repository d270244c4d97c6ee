// What TopicSync knows of topics that are to be taken over: both shapes as they are now, and the filter's word.
#include "link/adoption_plan.h"
#include "link/cluster_admin.h"
#include "link/topic_sync.h"
#include "state/until_may.h"

namespace klink::link {

Async<StatusOr<TopicSync::Adoptions>> TopicSync::PlanAdoptions(std::vector<AdoptTopic> asked) {
  std::vector<std::string> here, there;
  for (const AdoptTopic& topic : asked) here.push_back(topic.topic), there.push_back(topic.source_topic);
  CO_TRY(const Listing source, co_await ListTopics(p_.source, there));
  CO_TRY(const Listing destination, co_await ListTopics(p_.destination, here));
  CO_TRY(auto configs, co_await SourceConfigs(there));
  CO_RETURN_IF_ERROR(co_await provenance_.FollowAgain());
  const std::string cluster_id = p_.state.view().link() ? p_.state.view().link()->destination_cluster_id : "";
  Adoptions adoptions;
  for (const AdoptTopic& topic : asked) {
    AdoptFacts facts;
    facts.record = p_.book.Find(topic.topic);
    facts.now_ms = p_.clock.Wall().time_since_epoch().count();
    if (filter_.Includes(topic.source_topic)) facts.mirrored_as = filter_.DestinationName(topic.source_topic);
    if (const auto at = source.topics.find(topic.source_topic); at != source.topics.end()) facts.source = at->second;
    if (const auto at = destination.topics.find(topic.topic); at != destination.topics.end())
      facts.destination = at->second;
    const auto settings = configs.find(topic.source_topic);
    // A record of ours that is older than the other link's copy gives no right to it.
    const ProvenanceWatch::Asked unclaimed{topic.source_topic, topic.topic, cluster_id, {}};
    Status may = provenance_.Check(unclaimed);
    if (may.ok() && settings != configs.end()) may = settings->second.status();
    if (may.ok() && facts.source && settings != configs.end()) facts.source->configs = *settings->second;
    auto plan = may.ok() ? PlanAdoption(topic, facts) : StatusOr<std::optional<state::MirrorRecord>>(may);
    AdoptedMirror& answer = adoptions.answers.emplace_back();
    answer.topic = topic.topic;
    if (!plan.ok())
      answer.error = Text(plan.status());
    else
      answer.outcome = *plan ? "adopting" : "unchanged";
    if (plan.ok() && *plan) adoptions.records.push_back(**std::move(plan));
  }
  co_return adoptions;
}

// The settings a copy needs while it is made; config_sync gives it the source's once it is ACTIVE.
Async<Status> TopicSync::SetUpAdopted(std::vector<state::MirrorRecord> records) {
  std::vector<std::string> sources;
  for (const state::MirrorRecord& record : records) sources.push_back(record.source_topic);
  CO_TRY(const Listing source, co_await ListTopics(p_.source, sources));
  CO_TRY(const Listing destination, co_await ListTopics(p_.destination, std::nullopt));
  CO_TRY(auto configs, co_await SourceConfigs(sources));
  CO_TRY(const DestinationAbilities abilities, co_await Abilities(destination.brokers));
  std::map<std::string, Configs> changes;
  for (const state::MirrorRecord& record : records) {
    const auto may = [&] {
      return p_.state.MayDo(state::Effect::kAlterConfigs, record.destination_topic, p_.gate.MayWrite());
    };
    CO_RETURN_IF_ERROR(co_await state::UntilMay(p_.clock, may));
    const auto shape = source.topics.find(record.source_topic);
    const auto settings = configs.find(record.source_topic);
    if (shape == source.topics.end() || settings == configs.end() || !settings->second.ok())
      co_return Unavailable("topic {} is not at the source any more", record.source_topic);
    TopicShape with_settings = shape->second;
    with_settings.configs = *settings->second;
    changes[record.destination_topic] =
        PlanTopic(with_settings, record.destination_topic, p_.config.topics, abilities).spec.configs;
  }
  for (const auto& [name, verdict] : co_await SetConfigs(std::move(changes))) CO_RETURN_IF_ERROR(verdict);
  co_return absl::OkStatus();
}

}  // namespace klink::link
