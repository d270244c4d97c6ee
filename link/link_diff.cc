// klink diff, and klink_drift from the same comparison: reads both clusters as they are now, and changes nothing. Any
// agent of the link can; the leader counts what differs once a minute.
#include "base/log.h"
#include "link/cluster_admin.h"
#include "link/diff.h"
#include "link/link.h"
#include "link/topic_listing.h"

namespace klink::link {
namespace {

constexpr Duration kCountEvery = 60s;

std::optional<int32_t> PartitionsIn(const Listing& listing, const std::string& topic) {
  const auto found = listing.topics.find(topic);
  return found == listing.topics.end() ? std::nullopt : std::optional(found->second.partitions);
}

}  // namespace

// What the filter takes at the source, and what the link has a mirror of.
std::vector<DiffTopic> Link::TopicsToCompare(const Listing& source, const Listing& destination,
                                             const config::TopicFilter& filter) const {
  std::map<std::string, DiffTopic> topics;  // by name at the destination
  for (const auto& [name, shape] : source.topics) {
    if (!filter.Includes(name)) continue;
    DiffTopic& topic = topics[filter.DestinationName(name)];
    topic.source_topic = name;
  }
  for (const MirrorSnapshot& mirror : Snapshot().mirrors) {
    const state::MirrorRecord* record = state_ ? state_->view().mirror(mirror.topic) : nullptr;
    const bool left = record != nullptr && record->reason == state::Reason::kFilteredOut;
    if (left || mirror.state == Name(state::MirrorState::kStopped)) {
      topics.erase(mirror.topic);  // not a copy any more, or not to be one
      continue;
    }
    DiffTopic& topic = topics[mirror.topic];
    topic.source_topic = mirror.source_topic;
    topic.mirror = record != nullptr;
    topic.state = mirror.state;
    topic.reason_code = mirror.reason_code;
  }
  std::vector<DiffTopic> all;
  for (auto& [name, topic] : topics) {
    topic.name = name;
    topic.at_source = PartitionsIn(source, topic.source_topic);
    topic.at_destination = PartitionsIn(destination, name);
    all.push_back(std::move(topic));
  }
  return all;
}

Async<Status> Link::CompareSettings(std::vector<DiffTopic>& topics) {
  std::vector<std::string> at_source, at_destination;
  for (const DiffTopic& topic : topics) {
    if (!topic.at_source || !topic.at_destination || !topic.mirror) continue;
    at_source.push_back(topic.source_topic);
    at_destination.push_back(topic.name);
  }
  CO_TRY(const auto originals, co_await DescribeTopicSettings(source_, std::move(at_source)));
  CO_TRY(const auto mirrors, co_await DescribeTopicSettings(destination_, std::move(at_destination), kRightThere));
  Status refused;
  for (DiffTopic& topic : topics) {
    const auto original = originals.find(topic.source_topic);
    const auto mirror = mirrors.find(topic.name);
    if (original == originals.end() || mirror == mirrors.end()) continue;
    refused.Update(original->second.status());
    refused.Update(mirror->second.status());
    if (!original->second.ok() || !mirror->second.ok()) continue;
    const state::MirrorRecord* record = state_ ? state_->view().mirror(topic.name) : nullptr;
    const bool aligned = record != nullptr && record->phase == state::Phase::kActive;
    topic.configs =
        PlanConfigs(*original->second, *mirror->second, config_.topics.configs, aligned ? Aligned::kYes : Aligned::kNo);
  }
  co_return refused;
}

Async<StatusOr<LinkDiff>> Link::Diff() {
  if (!state_) co_return Unavailable("link {} is not connected yet: {}", config_.name, text_);
  if (SourceGone()) co_return Unavailable("cluster {} does not answer", config_.source);
  if (DestinationGone()) co_return Unavailable("cluster {} does not answer", config_.destination);
  CO_TRY(const auto filter, config::TopicFilter::Compile(config_.topics));
  CO_TRY(const Listing source, co_await ListTopics(source_, std::nullopt));
  CO_TRY(const Listing destination, co_await ListTopics(destination_, std::nullopt));
  std::vector<DiffTopic> topics = TopicsToCompare(source, destination, filter);
  const Status settings = co_await CompareSettings(topics);
  if (IsCancelled(settings)) co_return settings;
  LinkDiffer differ(config_.name, config_.source, config_.destination);
  for (const char* kind : {"topics", "partitions"}) differ.Compared(kind, 0);
  if (settings.ok())
    differ.Compared("configs", 0);
  else
    differ.NotCompared("configs", Text(settings));
  for (const DiffTopic& topic : topics) differ.Topic(topic);
  co_await CompareAcls(differ);
  co_await CompareQuotas(differ);
  CompareGroups(differ);
  co_return differ.Take();
}

Async<void> Link::CountDrift() {
  for (;;) {
    const StatusOr<LinkDiff> diff = co_await Diff();
    if (diff.ok()) {
      drift_.clear();
      for (const ComparedKind& kind : diff->kinds)
        if (kind.compared) drift_[kind.kind] = kind.differences;
    }
    if (!(co_await parts_.clock.Sleep(kCountEvery)).ok()) co_return;
  }
}

}  // namespace klink::link
