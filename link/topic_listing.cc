#include "link/topic_listing.h"

namespace klink::link {

StatusOr<Listing> ListingOf(const kafka::MetadataResponse& metadata, std::string_view cluster) {
  if (metadata.brokers.empty()) return Unavailable("cluster {} names no broker in its metadata", cluster);
  Listing listing;
  listing.brokers = static_cast<int32_t>(metadata.brokers.size());
  for (const auto& topic : metadata.topics) {
    if (!topic.name || topic.is_internal || topic.error_code == kafka::Error::kUnknownTopicOrPartition) continue;
    if (topic.error_code != kafka::Error::kNone) {
      listing.unclear[*topic.name] = kafka::ToStatus(
          topic.error_code, fmt::format("reading the metadata of topic {} at {}", *topic.name, cluster));
      continue;
    }
    if (topic.partitions.empty()) {
      listing.unclear[*topic.name] =
          Unavailable("topic {} has no partitions in the metadata of {}", *topic.name, cluster);
      continue;
    }
    TopicShape& shape = listing.topics[*topic.name];
    shape.name = *topic.name;
    shape.id = topic.topic_id;
    shape.partitions = static_cast<int32_t>(topic.partitions.size());
    shape.replication_factor = static_cast<int32_t>(topic.partitions.front().replica_nodes.size());
  }
  return listing;
}

Async<StatusOr<Listing>> ListTopics(kafka::Cluster& cluster, std::optional<std::vector<std::string>> topics) {
  CO_TRY(const auto metadata, co_await cluster.Metadata(std::move(topics)));
  co_return ListingOf(metadata, cluster.name());
}

std::string IdText(const kafka::Uuid& id) { return id.is_zero() ? "" : kafka::ToString(id); }

}  // namespace klink::link
