// The list of Kafka APIs. One row in KLINK_KAFKA_MESSAGES is all that makes a message known: encoding, decoding,
// printing, version choice and the tests iterate over this list.
#pragma once

#include <cstdint>
#include <string_view>

namespace klink::kafka {

// Spoken by klink: messages/*.h describes <Name>Request and <Name>Response.
#define KLINK_KAFKA_MESSAGES(ROW)  \
  ROW(Produce, 0)                  \
  ROW(Fetch, 1)                    \
  ROW(ListOffsets, 2)              \
  ROW(Metadata, 3)                 \
  ROW(OffsetCommit, 8)             \
  ROW(OffsetFetch, 9)              \
  ROW(FindCoordinator, 10)         \
  ROW(LeaveGroup, 13)              \
  ROW(DescribeGroups, 15)          \
  ROW(ListGroups, 16)              \
  ROW(SaslHandshake, 17)           \
  ROW(ApiVersions, 18)             \
  ROW(CreateTopics, 19)            \
  ROW(DeleteTopics, 20)            \
  ROW(DeleteRecords, 21)           \
  ROW(InitProducerId, 22)          \
  ROW(OffsetForLeaderEpoch, 23)    \
  ROW(AddPartitionsToTxn, 24)      \
  ROW(EndTxn, 26)                  \
  ROW(WriteTxnMarkers, 27)         \
  ROW(DescribeAcls, 29)            \
  ROW(DescribeConfigs, 32)         \
  ROW(DescribeLogDirs, 35)         \
  ROW(SaslAuthenticate, 36)        \
  ROW(DeleteGroups, 42)            \
  ROW(IncrementalAlterConfigs, 44) \
  ROW(DescribeClientQuotas, 48)    \
  ROW(AlterClientQuotas, 49)       \
  ROW(DescribeCluster, 60)         \
  ROW(DescribeProducers, 61)       \
  ROW(DescribeTransactions, 65)    \
  ROW(ConsumerGroupDescribe, 69)

// Known by name only, for messages that quote a broker.
#define KLINK_KAFKA_OTHER_APIS(ROW) \
  ROW(JoinGroup, 11)                \
  ROW(Heartbeat, 12)                \
  ROW(SyncGroup, 14)                \
  ROW(AddOffsetsToTxn, 25)          \
  ROW(TxnOffsetCommit, 28)          \
  ROW(CreateAcls, 30)               \
  ROW(DeleteAcls, 31)               \
  ROW(AlterConfigs, 33)             \
  ROW(CreatePartitions, 37)         \
  ROW(ListTransactions, 66)         \
  ROW(DescribeTopicPartitions, 75)

enum class ApiKey : int16_t {
#define KLINK_ROW(NAME, KEY) k##NAME = KEY,
  KLINK_KAFKA_MESSAGES(KLINK_ROW) KLINK_KAFKA_OTHER_APIS(KLINK_ROW)
#undef KLINK_ROW
};

// "Fetch"; "unknown API" for a key klink has no name for.
std::string_view Name(ApiKey key);

struct VersionRange {
  int16_t min = 0;
  int16_t max = -1;  // below min: empty
  bool empty() const { return max < min; }
  bool Has(int16_t version) const { return min <= version && version <= max; }
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};

// What klink itself speaks of one API, for code that knows the key only at run time.
struct ApiInfo {
  ApiKey key = ApiKey::kApiVersions;
  std::string_view name;
  VersionRange versions;
  int16_t flexible_since = 0;
};
const ApiInfo* FindApi(ApiKey key);  // null: not spoken

#define KLINK_ROW(NAME, KEY) \
  struct NAME##Request;      \
  struct NAME##Response;
KLINK_KAFKA_MESSAGES(KLINK_ROW)
#undef KLINK_ROW

// Every request type, for code that iterates at compile time: ForEachRequest([]<class R>() { … }).
// The caller includes "kafka/messages/all.h".
template <class F>
void ForEachRequest(F&& f) {
#define KLINK_ROW(NAME, KEY) f.template operator()<NAME##Request>();
  KLINK_KAFKA_MESSAGES(KLINK_ROW)
#undef KLINK_ROW
}

}  // namespace klink::kafka
