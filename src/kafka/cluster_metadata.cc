#include "kafka/cluster_metadata.h"

#include <set>

namespace klink::kafka {
namespace {

constexpr int32_t kPartitionsMost = 1'000'000;  // an index beyond this is not believed

}  // namespace

void TopicCache::Apply(const MetadataResponse& response, Scope scope) {
  std::set<std::string_view> named;
  for (const MetadataTopic& told : response.topics) {
    if (!told.name) continue;
    named.insert(*told.name);
    Merge(topics_[*told.name], told);
  }
  if (scope == Scope::kAll) std::erase_if(topics_, [&](const auto& entry) { return !named.contains(entry.first); });
}

void TopicCache::Merge(Topic& known, const MetadataTopic& told) {
  if (told.error_code != Error::kNone) {
    known = Topic{.error = told.error_code, .id = {}, .partitions = {}};
    return;
  }
  const bool same = !told.topic_id.is_zero() && told.topic_id == known.id;
  if (!same) known = Topic{.error = Error::kNone, .id = told.topic_id, .partitions = {}};
  for (const MetadataPartition& part : told.partitions) {
    if (part.partition_index < 0 || part.partition_index >= kPartitionsMost) continue;
    const auto index = static_cast<size_t>(part.partition_index);
    if (known.partitions.size() <= index) known.partitions.resize(index + 1);
    Partition& partition = known.partitions[index];
    partition.exists = true;
    const bool older = part.leader_epoch >= 0 && part.leader_epoch < partition.leader.epoch;
    if (older) continue;
    partition.leader = {.broker = part.leader_id, .epoch = part.leader_epoch};
    partition.forgotten = false;
  }
}

const TopicCache::Partition* TopicCache::Find(const TopicPartition& tp) const {
  auto topic = topics_.find(tp.topic);
  if (topic == topics_.end() || tp.partition < 0) return nullptr;
  const auto index = static_cast<size_t>(tp.partition);
  if (index >= topic->second.partitions.size() || !topic->second.partitions[index].exists) return nullptr;
  return &topic->second.partitions[index];
}

TopicCache::Partition* TopicCache::Find(const TopicPartition& tp) {
  return const_cast<Partition*>(std::as_const(*this).Find(tp));
}

std::optional<PartitionLeader> TopicCache::Leader(const TopicPartition& tp) const {
  const Partition* partition = Find(tp);
  if (partition == nullptr || partition->forgotten || partition->leader.broker < 0) return std::nullopt;
  return partition->leader;
}

StatusOr<PartitionLeader> TopicCache::LeaderOrWhy(const TopicPartition& tp) const {
  if (auto leader = Leader(tp)) return *leader;
  auto topic = topics_.find(tp.topic);
  if (topic == topics_.end() || topic->second.error == Error::kUnknownTopicOrPartition) {
    return NotFound("topic {} does not exist", tp.topic);
  }
  if (topic->second.error != Error::kNone) return ToStatus(topic->second.error, fmt::format("topic {}", tp.topic));
  if (const Partition* partition = Find(tp); partition == nullptr) {
    return NotFound("partition {} does not exist: the topic has {}", tp, topic->second.partitions.size());
  }
  return Unavailable("partition {} has no leader now", tp);
}

std::optional<Uuid> TopicCache::TopicId(const std::string& topic) const {
  auto found = topics_.find(topic);
  if (found == topics_.end() || found->second.id.is_zero()) return std::nullopt;
  return found->second.id;
}

void TopicCache::Forget(const TopicPartition& tp) {
  if (Partition* partition = Find(tp)) partition->forgotten = true;
}

void TopicCache::Note(const TopicPartition& tp, PartitionLeader leader) {
  Partition* partition = Find(tp);
  if (partition == nullptr || leader.broker < 0 || leader.epoch <= partition->leader.epoch) return;
  partition->leader = leader;
  partition->forgotten = false;
}

}  // namespace klink::kafka
