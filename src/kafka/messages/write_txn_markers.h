// WriteTxnMarkers: the leader appends one control batch per entry, one offset each, whether or not a transaction is
// open (protocol.md T9–T13). Version 1 is the one that every broker from 2.8 to 4.3 speaks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct WritableTxnMarkerPartitionResult {
  int32_t partition_index = 0;
  Error error_code = Error::kNone;

  static void Describe(auto& m, auto& field) {
    field(m.partition_index);
    field(m.error_code);
  }
  bool operator==(const WritableTxnMarkerPartitionResult&) const = default;
};

struct WritableTxnMarkerTopicResult {
  std::string name{};
  std::vector<WritableTxnMarkerPartitionResult> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partitions);
  }
  bool operator==(const WritableTxnMarkerTopicResult&) const = default;
};

struct WritableTxnMarkerResult {
  int64_t producer_id = 0;
  std::vector<WritableTxnMarkerTopicResult> topics{};

  static void Describe(auto& m, auto& field) {
    field(m.producer_id);
    field(m.topics);
  }
  bool operator==(const WritableTxnMarkerResult&) const = default;
};

// By producer id: of entries that share one, only the last result is told (T13).
struct WriteTxnMarkersResponse {
  static constexpr ApiKey kKey = ApiKey::kWriteTxnMarkers;
  static constexpr int16_t kFlexibleSince = 1;

  std::vector<WritableTxnMarkerResult> markers{};

  static void Describe(auto& m, auto& field) { field(m.markers); }
  bool operator==(const WriteTxnMarkersResponse&) const = default;
};

struct WritableTxnMarkerTopic {
  std::string name{};
  std::vector<int32_t> partition_indexes{};  // each at most once (T13)

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.partition_indexes);
  }
  bool operator==(const WritableTxnMarkerTopic&) const = default;
};

struct WritableTxnMarker {
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  bool transaction_result = false;  // false: ABORT, true: COMMIT
  std::vector<WritableTxnMarkerTopic> topics{};
  int32_t coordinator_epoch = 0;

  static void Describe(auto& m, auto& field) {
    field(m.producer_id);
    field(m.producer_epoch);
    field(m.transaction_result);
    field(m.topics);
    field(m.coordinator_epoch);
  }
  bool operator==(const WritableTxnMarker&) const = default;
};

struct WriteTxnMarkersRequest {
  using Response = WriteTxnMarkersResponse;
  static constexpr ApiKey kKey = ApiKey::kWriteTxnMarkers;
  static constexpr int16_t kMin = 1;
  static constexpr int16_t kMax = 1;
  static constexpr int16_t kFlexibleSince = 1;

  std::vector<WritableTxnMarker> markers{};

  static void Describe(auto& m, auto& field) { field(m.markers); }
  bool operator==(const WriteTxnMarkersRequest&) const = default;
};

}  // namespace klink::kafka
