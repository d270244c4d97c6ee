#include "link/adoption_plan.h"

#include <algorithm>

#include "link/topic_listing.h"

namespace klink::link {
namespace {

using state::MirrorRecord;
using state::PartitionRecord;
using state::Phase;

bool IsThis(const std::string& asked, const kafka::Uuid& id) {
  const std::string is = IdText(id);
  return asked.empty() || is.empty() || asked == is;
}

bool AtTheSame(const MirrorRecord& record, const std::vector<AdoptedPartition>& partitions) {
  return std::equal(record.partitions.begin(), record.partitions.end(), partitions.begin(), partitions.end(),
                    [](const PartitionRecord& is, const AdoptedPartition& asked) {
                      return is.adopted_from == asked.from && is.adopted_at == asked.at;
                    });
}

// Is each of them what was compared?
Status CheckTopics(const AdoptTopic& asked, const AdoptFacts& facts) {
  if (!facts.source) return FailedPrecondition("there is no topic {} at the source", asked.source_topic);
  if (!facts.destination) return FailedPrecondition("there is no topic {} at the destination", asked.topic);
  if (!IsThis(asked.source_topic_id, facts.source->id) || !IsThis(asked.topic_id, facts.destination->id))
    return FailedPrecondition("topic {} was deleted and made again since both logs were compared", asked.topic);
  const auto compared = static_cast<int32_t>(asked.partitions.size());
  if (facts.source->partitions != compared || facts.destination->partitions != compared)
    return FailedPrecondition("{} partitions were compared, the source has {}, {} has {}: give both as many", compared,
                              facts.source->partitions, asked.topic, facts.destination->partitions);
  for (const AdoptedPartition& p : asked.partitions)
    if (p.from < 0 || p.at < p.from)
      return InvalidArgument("a log that ends at {} does not hold what stands below {}", p.at, p.from);
  return absl::OkStatus();
}

}  // namespace

StatusOr<std::optional<MirrorRecord>> PlanAdoption(const AdoptTopic& asked, const AdoptFacts& facts) {
  if (facts.mirrored_as != asked.topic)
    return FailedPrecondition("the link's topics do not take in {} as {}: include it first", asked.source_topic,
                              asked.topic);
  RETURN_IF_ERROR(CheckTopics(asked, facts));
  const MirrorRecord* was = facts.record;
  if (was != nullptr && (was->phase == Phase::kActive || was->phase == Phase::kRestore)) {
    if (AtTheSame(*was, asked.partitions)) return std::nullopt;
    if (was->phase == Phase::kActive) return FailedPrecondition("{} is mirrored by this link already", asked.topic);
  } else if (was != nullptr && was->phase != Phase::kStopped && was->phase != Phase::kSetupForRestore) {
    return FailedPrecondition("mirror {} of this link is {}", asked.topic, Name(was->phase));
  }
  if (was != nullptr && was->source_topic != asked.source_topic)
    return FailedPrecondition("mirror {} of this link is a copy of {}, not of {}", asked.topic, was->source_topic,
                              asked.source_topic);
  if (was != nullptr && was->phase == Phase::kRestore && was->partitions.size() != asked.partitions.size())
    return FailedPrecondition("mirror {} has {} partitions, {} were compared", asked.topic, was->partitions.size(),
                              asked.partitions.size());
  const TopicPlan plan = PlanTopic(*facts.source, asked.topic, {}, {});
  MirrorRecord record;
  record.source_topic = asked.source_topic;
  record.destination_topic = asked.topic;
  record.source_topic_id = IdText(facts.source->id);
  record.destination_topic_id = IdText(facts.destination->id);
  record.phase = was != nullptr && was->phase == Phase::kRestore ? Phase::kRestore : Phase::kSetupForRestore;
  record.since_ms = record.created_ms = facts.now_ms;
  record.compacted = plan.compacted;
  record.deletes = plan.deletes;
  record.max_message_bytes = plan.max_message_bytes;
  if (was != nullptr) record.producers = was->producers;
  for (size_t i = 0; i < asked.partitions.size(); i++) {
    const AdoptedPartition& p = asked.partitions[i];
    PartitionRecord& partition = record.partitions.emplace_back();
    if (record.phase == Phase::kRestore && was->partitions.at(i).phase == Phase::kActive) {
      partition = was->partitions[i];  // it goes on from there
      continue;
    }
    partition.phase = Phase::kRestore;
    partition.since_ms = facts.now_ms;
    partition.adopted_from = p.from;
    partition.adopted_at = p.at;
  }
  return record;
}

}  // namespace klink::link
