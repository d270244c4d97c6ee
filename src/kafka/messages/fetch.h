// Fetch: records as stored, in incremental sessions (KIP-227). Names up to version 12, topic ids from version 13.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"
#include "kafka/messages/common.h"
#include "kafka/types.h"

namespace klink::kafka {

struct EpochEndOffset {
  int32_t epoch = -1;
  int64_t end_offset = -1;

  static void Describe(auto& m, auto& field) {
    field(m.epoch);
    field(m.end_offset);
  }
  bool operator==(const EpochEndOffset&) const = default;
};

struct SnapshotId {
  int64_t end_offset = -1;
  int32_t epoch = -1;

  static void Describe(auto& m, auto& field) {
    field(m.end_offset);
    field(m.epoch);
  }
  bool operator==(const SnapshotId&) const = default;
};

struct AbortedTransaction {
  int64_t producer_id = 0;
  int64_t first_offset = 0;

  static void Describe(auto& m, auto& field) {
    field(m.producer_id);
    field(m.first_offset);
  }
  bool operator==(const AbortedTransaction&) const = default;
};

struct FetchPartitionResponse {
  int32_t partition_index = 0;
  Error error_code = Error::kNone;
  int64_t high_watermark = 0;
  int64_t last_stable_offset = -1;
  int64_t log_start_offset = -1;
  EpochEndOffset diverging_epoch{};
  LeaderIdAndEpoch current_leader{};
  SnapshotId snapshot_id{};
  std::optional<std::vector<AbortedTransaction>> aborted_transactions{};
  int32_t preferred_read_replica = -1;
  SharedBytes records{};  // views the response frame

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.error_code);
    field(m.high_watermark);
    field(m.last_stable_offset);
    field(m.log_start_offset, Since(5));
    field(m.diverging_epoch, Tag(0, Since(12)));
    field(m.current_leader, Tag(1, Since(12)));
    field(m.snapshot_id, Tag(2, Since(12)));
    field(m.aborted_transactions);
    field(m.preferred_read_replica, Since(11));
    field(m.records);
  }
  bool operator==(const FetchPartitionResponse&) const = default;
};

struct FetchTopicResponse {
  std::string topic{};
  Uuid topic_id{};
  std::vector<FetchPartitionResponse> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.topic, Until(12));
    field(m.topic_id, Since(13));
    field(m.partitions);
  }
  bool operator==(const FetchTopicResponse&) const = default;
};

struct FetchResponse {
  static constexpr ApiKey kKey = ApiKey::kFetch;
  static constexpr int16_t kFlexibleSince = 12;

  int32_t throttle_time_ms = 0;
  Error error_code = Error::kNone;
  int32_t session_id = 0;
  std::vector<FetchTopicResponse> responses{};
  std::vector<NodeEndpoint> node_endpoints{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.error_code, Since(7));
    field(m.session_id, Since(7));
    field(m.responses);
    field(m.node_endpoints, Tag(0, Since(16)));
  }
  bool operator==(const FetchResponse&) const = default;
};

struct ReplicaState {
  int32_t replica_id = -1;
  int64_t replica_epoch = -1;

  static void Describe(auto& m, auto& field) {
    field(m.replica_id);
    field(m.replica_epoch);
  }
  bool operator==(const ReplicaState&) const = default;
};

struct FetchPartition {
  int32_t partition = 0;
  int32_t current_leader_epoch = -1;
  int64_t fetch_offset = 0;
  int32_t last_fetched_epoch = -1;
  int64_t log_start_offset = -1;
  int32_t partition_max_bytes = 0;
  Uuid replica_directory_id{};

  static void Describe(auto& m, auto& field) {
    field(m.partition);
    field(m.current_leader_epoch, Since(9));
    field(m.fetch_offset);
    field(m.last_fetched_epoch, Since(12));
    field(m.log_start_offset, Since(5));
    field(m.partition_max_bytes);
    field(m.replica_directory_id, Tag(0, Since(17)));
  }
  bool operator==(const FetchPartition&) const = default;
};

struct FetchTopic {
  std::string topic{};
  Uuid topic_id{};
  std::vector<FetchPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.topic, Until(12));
    field(m.topic_id, Since(13));
    field(m.partitions);
  }
  bool operator==(const FetchTopic&) const = default;
};

struct ForgottenTopic {
  std::string topic{};
  Uuid topic_id{};
  std::vector<int32_t> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.topic, Until(12));
    field(m.topic_id, Since(13));
    field(m.partitions);
  }
  bool operator==(const ForgottenTopic&) const = default;
};

struct FetchRequest {
  using Response = FetchResponse;
  static constexpr ApiKey kKey = ApiKey::kFetch;
  static constexpr int16_t kMin = 4;
  static constexpr int16_t kMax = 17;
  static constexpr int16_t kFlexibleSince = 12;
  static constexpr int16_t kMaxByName = 12;  // from 13 on topics are named by id alone

  std::optional<std::string> cluster_id{};
  int32_t replica_id = -1;
  ReplicaState replica_state{};
  int32_t max_wait_ms = 0;
  int32_t min_bytes = 0;
  int32_t max_bytes = std::numeric_limits<int32_t>::max();
  int8_t isolation_level = 0;  // 1: read_committed
  int32_t session_id = 0;
  int32_t session_epoch = -1;
  std::vector<FetchTopic> topics{};
  std::vector<ForgottenTopic> forgotten_topics_data{};
  std::string rack_id{};

  static void Describe(auto& m, auto& field) {
    field(m.cluster_id, Tag(0, Since(12)));
    field(m.replica_id, Until(14));
    field(m.replica_state, Tag(1, Since(15)));
    field(m.max_wait_ms);
    field(m.min_bytes);
    field(m.max_bytes);
    field(m.isolation_level);
    field(m.session_id, Since(7));
    field(m.session_epoch, Since(7));
    field(m.topics);
    field(m.forgotten_topics_data, Since(7));
    field(m.rack_id, Since(11));
  }
  bool operator==(const FetchRequest&) const = default;
};

}  // namespace klink::kafka
