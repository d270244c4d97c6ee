// Consumer groups as a coordinator keeps them, and the ends of logs: ListGroups 4–5, OffsetFetch 7–9, OffsetCommit 8–9,
// DescribeGroups, ConsumerGroupDescribe (no group is of that protocol), DeleteGroups, ListOffsets. An outsider's commit
// to a group that is not Empty is UNKNOWN_MEMBER_ID (protocol.md G1).
#pragma once

#include <map>
#include <set>
#include <string>

#include "kafka/messages/all.h"
#include "tests/fake/broker.h"

namespace klink::fake {

struct GroupOffset {
  int64_t offset = -1;
  std::string metadata;
  int32_t leader_epoch = -1;
  bool unstable = false;
};
struct GroupState {
  std::string state = "Empty";
  std::map<std::string, std::map<int32_t, GroupOffset>> offsets;
};
struct GroupsState {
  std::map<std::string, GroupState> groups;
  std::map<std::string, int64_t> starts, ends, stable;  // of every partition of a topic; without `stable` the end
  kafka::Error listing = kafka::Error::kNone;
  kafka::Error committing = kafka::Error::kNone;
  std::set<std::string> silent;  // commits of these groups are never answered, and not kept
  int commits = 0;
};

inline kafka::CommittedGroup Committed(const GroupsState& state, const std::string& name) {
  kafka::CommittedGroup told;
  told.group_id = name;
  const auto group = state.groups.find(name);
  if (group == state.groups.end()) return told;
  for (const auto& [topic, partitions] : group->second.offsets) {
    auto& out = told.topics.emplace_back();
    out.name = topic;
    for (const auto& [partition, at] : partitions) {
      auto& one = out.partitions.emplace_back();
      one.partition_index = partition;
      one.committed_offset = at.unstable ? -1 : at.offset;
      one.metadata = at.metadata;
      if (at.unstable) one.error_code = kafka::Error::kUnstableOffsetCommit;
    }
  }
  return told;
}

inline kafka::OffsetCommitResponse Commit(GroupsState& state, const kafka::OffsetCommitRequest& request) {
  kafka::OffsetCommitResponse response;
  kafka::Error error = state.committing;
  if (const auto group = state.groups.find(request.group_id);
      group != state.groups.end() && error == kafka::Error::kNone)
    if (group->second.state != "Empty") error = kafka::Error::kUnknownMemberId;
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partitions) {
      out.partitions.push_back({partition.partition_index, error});
      if (error != kafka::Error::kNone) continue;
      state.groups[request.group_id].offsets[topic.name][partition.partition_index] = {
          partition.committed_offset, partition.committed_metadata.value_or(""), partition.committed_leader_epoch,
          false};
      state.commits++;
    }
  }
  return response;
}

inline kafka::ListOffsetsResponse Ends(const GroupsState& state, const kafka::ListOffsetsRequest& request) {
  const auto of = [](const std::map<std::string, int64_t>& by_topic, const std::string& topic) {
    const auto at = by_topic.find(topic);
    return at == by_topic.end() ? int64_t{0} : at->second;
  };
  kafka::ListOffsetsResponse response;
  for (const auto& topic : request.topics) {
    auto& out = response.topics.emplace_back();
    out.name = topic.name;
    for (const auto& partition : topic.partitions) {
      auto& one = out.partitions.emplace_back();
      one.partition_index = partition.partition_index;
      const bool start = partition.timestamp == kafka::ListOffsetsPartition::kEarliest;
      const bool stable = request.isolation_level == 1 && state.stable.contains(topic.name);
      one.offset = of(start ? state.starts : stable ? state.stable : state.ends, topic.name);
    }
  }
  return response;
}

inline void ServeGroups(Broker& broker, GroupsState& state) {
  using namespace kafka;
  broker.Handle(ApiKey::kListGroups, [&state](const RequestHeader& header) {
    return Reply<ListGroupsRequest>(header, [&](const auto&) {
      ListGroupsResponse response;
      response.error_code = state.listing;
      for (const auto& [name, group] : state.groups) {
        auto& out = response.groups.emplace_back();
        out.group_id = name;
        out.group_state = group.state;
        out.group_type = "classic";
      }
      return response;
    });
  });
  broker.Handle(ApiKey::kOffsetFetch, [&state](const RequestHeader& header) {
    return Reply<OffsetFetchRequest>(header, [&](const OffsetFetchRequest& request) {
      OffsetFetchResponse response;
      for (const auto& asked : request.groups) response.groups.push_back(Committed(state, asked.group_id));
      if (request.groups.empty()) response.topics = Committed(state, request.group_id).topics;
      return response;
    });
  });
  broker.Handle(ApiKey::kOffsetCommit, [&state](const RequestHeader& header) -> std::optional<SharedBytes> {
    const auto request = Decode<OffsetCommitRequest>(header.body, header.version);
    if (request.ok() && state.silent.contains(request->group_id)) return std::nullopt;
    return Reply<OffsetCommitRequest>(header, [&](const auto& body) { return Commit(state, body); });
  });
  broker.Handle(ApiKey::kListOffsets, [&state](const RequestHeader& header) {
    return Reply<ListOffsetsRequest>(header, [&](const auto& request) { return Ends(state, request); });
  });
  broker.Handle(ApiKey::kConsumerGroupDescribe, [](const RequestHeader& header) {
    return Reply<ConsumerGroupDescribeRequest>(header, [](const ConsumerGroupDescribeRequest& request) {
      ConsumerGroupDescribeResponse response;
      for (const std::string& name : request.group_ids) {
        auto& out = response.groups.emplace_back();
        out.group_id = name;
        out.error_code = Error::kGroupIdNotFound;
      }
      return response;
    });
  });
  broker.Handle(ApiKey::kDescribeGroups, [&state](const RequestHeader& header) {
    return Reply<DescribeGroupsRequest>(header, [&](const DescribeGroupsRequest& request) {
      DescribeGroupsResponse response;
      for (const std::string& name : request.groups) {
        auto& out = response.groups.emplace_back();
        out.group_id = name;
        const auto group = state.groups.find(name);
        out.group_state = group == state.groups.end() ? "Dead" : group->second.state;
      }
      return response;
    });
  });
  broker.Handle(ApiKey::kDeleteGroups, [&state](const RequestHeader& header) {
    return Reply<DeleteGroupsRequest>(header, [&](const DeleteGroupsRequest& request) {
      DeleteGroupsResponse response;
      for (const std::string& name : request.groups_names) {
        auto& out = response.results.emplace_back();
        out.group_id = name;
        if (state.groups.erase(name) == 0) out.error_code = Error::kGroupIdNotFound;
      }
      return response;
    });
  });
}

}  // namespace klink::fake
