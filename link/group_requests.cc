#include "link/group_requests.h"

#include <algorithm>

#include "base/task_group.h"
#include "kafka/messages/consumer_group_describe.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/list_offsets.h"

namespace klink::link {
namespace {

using kafka::ApiKey;
using kafka::Error;
using kafka::Lane;

constexpr Duration kDeadline = 15s;
constexpr size_t kGroupsPerRequest = 500;
constexpr size_t kPartitionsPerRequest = 5000;

std::vector<std::string> Slice(const std::vector<std::string>& all, size_t at) {
  const auto from = all.begin() + static_cast<ptrdiff_t>(at);
  return {from, from + static_cast<ptrdiff_t>(std::min(kGroupsPerRequest, all.size() - at))};
}

Async<StatusOr<kafka::CommittedGroup>> FetchOne(kafka::Cluster& cluster, int32_t broker, std::string group) {
  kafka::OffsetFetchRequest request;
  request.group_id = group;
  request.require_stable = true;
  const int16_t one = kafka::OffsetFetchRequest::kManyGroups - 1;
  CO_TRY(auto response, co_await cluster.Call(broker, Lane::kControl, std::move(request), kDeadline, one));
  kafka::CommittedGroup answer;
  answer.group_id = std::move(group);
  answer.topics = std::move(response.topics);
  answer.error_code = response.error_code;
  co_return answer;
}

}  // namespace

Async<StatusOr<FoundGroups>> ListAllGroups(kafka::Cluster& cluster) {
  CO_TRY(const auto metadata, co_await cluster.Metadata(std::vector<std::string>()));
  FoundGroups found;
  for (const auto& broker : metadata.brokers) {
    kafka::ListGroupsRequest request;
    CO_TRY(auto response, co_await cluster.Call(broker.node_id, Lane::kControl, std::move(request), kDeadline));
    if (response.error_code != Error::kNone)
      co_return kafka::ToStatus(response.error_code,
                                fmt::format("{}: listing the groups of broker {}", cluster.name(), broker.node_id));
    for (auto& group : response.groups)
      found.insert_or_assign(std::move(group.group_id),
                             FoundGroup{broker.node_id, std::move(group.group_state), std::move(group.group_type)});
  }
  co_return found;
}

Async<StatusOr<std::vector<kafka::CommittedGroup>>> FetchCommitted(kafka::Cluster& cluster, int32_t broker,
                                                                   std::vector<std::string> groups) {
  std::vector<kafka::CommittedGroup> answers;
  CO_TRY(const int16_t version, co_await cluster.Version(broker, ApiKey::kOffsetFetch));
  if (version < kafka::OffsetFetchRequest::kManyGroups) {
    for (std::string& group : groups) {
      CO_TRY(auto answer, co_await FetchOne(cluster, broker, std::move(group)));
      answers.push_back(std::move(answer));
    }
    co_return answers;
  }
  for (size_t at = 0; at < groups.size(); at += kGroupsPerRequest) {
    kafka::OffsetFetchRequest request;
    request.require_stable = true;
    for (std::string& group : Slice(groups, at)) {
      kafka::OffsetFetchGroup& asked = request.groups.emplace_back();
      asked.group_id = std::move(group);
    }
    CO_TRY(auto response, co_await cluster.Call(broker, Lane::kControl, std::move(request), kDeadline));
    std::move(response.groups.begin(), response.groups.end(), std::back_inserter(answers));
  }
  co_return answers;
}

Async<StatusOr<std::map<std::string, StatusOr<int32_t>>>> FindCoordinators(kafka::Cluster& cluster,
                                                                           std::vector<std::string> groups) {
  std::map<std::string, StatusOr<int32_t>> found;
  for (size_t at = 0; at < groups.size(); at += kGroupsPerRequest) {
    kafka::FindCoordinatorRequest request;
    request.coordinator_keys = Slice(groups, at);
    request.key = groups[at];
    CO_TRY(const auto response, co_await cluster.CallAny(std::move(request), kDeadline));
    for (const auto& one : response.coordinators)
      if (one.error_code == Error::kNone && one.node_id >= 0)
        found.insert_or_assign(one.key, one.node_id);
      else if (one.error_code == Error::kGroupAuthorizationFailed)
        found.insert_or_assign(one.key, kafka::ToStatus(one.error_code, fmt::format("looking for group {}", one.key)));
  }
  co_return found;
}

namespace {

struct Asking {
  kafka::Cluster& cluster;
  GroupPoint point;
  std::map<TopicPartition, int64_t> answers;
};

kafka::ListOffsetsRequest Request(const std::vector<TopicPartition>& partitions, size_t at, GroupPoint point) {
  kafka::ListOffsetsRequest request;
  request.isolation_level = point == GroupPoint::kLastStable ? 1 : 0;
  for (size_t i = at; i < std::min(partitions.size(), at + kPartitionsPerRequest); i++) {
    if (request.topics.empty() || request.topics.back().name != partitions[i].topic)
      request.topics.emplace_back().name = partitions[i].topic;
    auto& asked = request.topics.back().partitions.emplace_back();
    asked.partition_index = partitions[i].partition;
    asked.timestamp =
        point == GroupPoint::kStart ? kafka::ListOffsetsPartition::kEarliest : kafka::ListOffsetsPartition::kLatest;
  }
  return request;
}

// A partition without an answer is missing: the caller knows which it asked for.
Async<void> AskLeader(Asking& asking, int32_t broker, std::vector<TopicPartition> partitions) {
  for (size_t at = 0; at < partitions.size(); at += kPartitionsPerRequest) {
    kafka::ListOffsetsRequest request = Request(partitions, at, asking.point);
    const auto response = co_await asking.cluster.Call(broker, Lane::kControl, std::move(request), kDeadline);
    if (!response.ok()) {
      for (const TopicPartition& tp : partitions) asking.cluster.ForgetLeader(tp);
      co_return;
    }
    for (const auto& topic : response->topics)
      for (const auto& answer : topic.partitions) {
        const TopicPartition tp{topic.name, answer.partition_index};
        if (answer.error_code == Error::kNone)
          asking.answers[tp] = answer.offset;
        else
          asking.cluster.ForgetLeader(tp);
      }
  }
}

}  // namespace

Async<StatusOr<std::map<TopicPartition, int64_t>>> PointsOf(kafka::Cluster& cluster,
                                                            std::set<TopicPartition> partitions, GroupPoint point) {
  std::map<int32_t, std::vector<TopicPartition>> by_leader;
  for (const TopicPartition& tp : partitions) {
    const auto leader = co_await cluster.Leader(tp);
    if (IsCancelled(leader.status())) co_return leader.status();
    if (leader.ok()) by_leader[leader->broker].push_back(tp);
  }
  Asking asking{cluster, point, {}};
  for (auto& [broker, led] : by_leader) co_await AskLeader(asking, broker, std::move(led));
  if (co_await IsStopping()) co_return Cancelled("stopped while asking for log ends");
  co_return std::move(asking.answers);
}

namespace {

// Of the consumer protocol; nothing when the broker does not know it, or the group is not of it.
Async<StatusOr<std::optional<GroupMembers>>> DescribeConsumerGroup(kafka::Cluster& cluster, int32_t broker,
                                                                   std::string group) {
  if (!(co_await cluster.Version(broker, ApiKey::kConsumerGroupDescribe)).ok()) co_return std::nullopt;
  kafka::ConsumerGroupDescribeRequest request;
  request.group_ids.push_back(group);
  CO_TRY(auto response, co_await cluster.Call(broker, Lane::kControl, std::move(request), kDeadline));
  if (response.groups.size() != 1) co_return DataLoss("the broker described {} groups", response.groups.size());
  kafka::DescribedConsumerGroup& told = response.groups.front();
  if (told.error_code == Error::kGroupIdNotFound || told.error_code == Error::kUnsupportedVersion)
    co_return std::nullopt;
  if (told.error_code != Error::kNone)
    co_return kafka::ToStatus(told.error_code, fmt::format("{}: describing group {}", cluster.name(), group),
                              told.error_message);
  GroupMembers out;
  out.exists = true;
  out.type = "consumer";
  out.state = std::move(told.group_state);
  for (auto& member : told.members) out.members.push_back({std::move(member.client_id), std::move(member.client_host)});
  co_return out;
}

}  // namespace

Async<StatusOr<GroupMembers>> DescribeMembers(kafka::Cluster& cluster, std::string group) {
  CO_TRY(const int32_t broker, co_await cluster.Coordinator(kafka::CoordinatorType::kGroup, group));
  CO_TRY(auto consumer, co_await DescribeConsumerGroup(cluster, broker, group));
  if (consumer) co_return *std::move(consumer);
  kafka::DescribeGroupsRequest request;
  request.groups.push_back(group);
  CO_TRY(auto response, co_await cluster.Call(broker, Lane::kControl, std::move(request), kDeadline));
  if (response.groups.size() != 1) co_return DataLoss("the broker described {} groups", response.groups.size());
  kafka::DescribedGroup& told = response.groups.front();
  GroupMembers out;
  if (told.error_code == Error::kGroupIdNotFound) co_return out;
  if (told.error_code != Error::kNone)
    co_return kafka::ToStatus(told.error_code, fmt::format("{}: describing group {}", cluster.name(), group),
                              told.error_message);
  out.exists = told.group_state != "Dead";
  out.type = "classic";
  out.state = std::move(told.group_state);
  for (auto& member : told.members) out.members.push_back({std::move(member.client_id), std::move(member.client_host)});
  co_return out;
}

}  // namespace klink::link
