// What is known of a cluster's topics: ids, partition leaders and their epochs. Pure: fed by Metadata answers and by
// hints in other answers, asked by everybody.
//
// An older leader epoch never replaces a newer one of the same topic id: brokers learn of elections at different times
// (KIP-320).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "kafka/messages/metadata.h"

namespace klink::kafka {

struct PartitionLeader {
  int32_t broker = -1;
  int32_t epoch = -1;
  friend bool operator==(const PartitionLeader&, const PartitionLeader&) = default;
};

class TopicCache {
 public:
  enum class Scope : uint8_t { kSome, kAll };  // kAll: topics the answer does not name no longer exist

  void Apply(const MetadataResponse& response, Scope scope);

  // Nothing: unknown, forgotten, or without a leader.
  std::optional<PartitionLeader> Leader(const TopicPartition& tp) const;
  // The same after an answer about this topic, with the reason. Unavailable when there is no leader now, NotFound when
  // topic or partition do not exist, PermissionDenied when we may not know.
  StatusOr<PartitionLeader> LeaderOrWhy(const TopicPartition& tp) const;
  std::optional<Uuid> TopicId(const std::string& topic) const;

  void Forget(const TopicPartition& tp);
  void Note(const TopicPartition& tp, PartitionLeader leader);  // believed only when its epoch is newer

 private:
  struct Partition {
    bool exists = false;
    bool forgotten = false;  // somebody found this leader wrong
    PartitionLeader leader;
  };
  struct Topic {
    Error error = Error::kNone;
    Uuid id;
    std::vector<Partition> partitions;
  };
  static void Merge(Topic& known, const MetadataTopic& told);
  const Partition* Find(const TopicPartition& tp) const;
  Partition* Find(const TopicPartition& tp);

  std::map<std::string, Topic, std::less<>> topics_;
};

}  // namespace klink::kafka
