// The questions group sync asks of a cluster, many groups or partitions in each.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "kafka/cluster.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/offset_fetch.h"

namespace klink::link {

struct FoundGroup {
  int32_t broker = -1;  // its coordinator
  std::string state;
  std::string type;  // classic, consumer, share, streams; empty before Kafka 3.8
};
using FoundGroups = std::unordered_map<std::string, FoundGroup>;

// Every group klink may describe. An error of one broker is an error: what it coordinates would be missing.
Async<StatusOr<FoundGroups>> ListAllGroups(kafka::Cluster& cluster);

// What these groups have committed in all their topics; `broker` coordinates them. An answer per group, each with its
// own error; of brokers before Kafka 3.0 one request per group.
Async<StatusOr<std::vector<kafka::CommittedGroup>>> FetchCommitted(kafka::Cluster& cluster, int32_t broker,
                                                                   std::vector<std::string> groups);

// The coordinators of these groups; one that is not known now is left out. PermissionDenied: klink may not see the
// group.
Async<StatusOr<std::map<std::string, StatusOr<int32_t>>>> FindCoordinators(kafka::Cluster& cluster,
                                                                           std::vector<std::string> groups);

// The same point of many logs, asked of each leader at once. A partition that does not answer is left out.
enum class GroupPoint : uint8_t { kStart, kHighWatermark, kLastStable };
Async<StatusOr<std::map<TopicPartition, int64_t>>> PointsOf(kafka::Cluster& cluster,
                                                            std::set<TopicPartition> partitions, GroupPoint point);

struct GroupMembers {
  std::string state;
  std::string type;  // classic | consumer
  struct Member {
    std::string client_id;
    std::string host;
  };
  std::vector<Member> members;
  bool exists = false;
};
Async<StatusOr<GroupMembers>> DescribeMembers(kafka::Cluster& cluster, std::string group);

}  // namespace klink::link
