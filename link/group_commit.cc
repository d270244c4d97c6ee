// Sending positions to the destination's coordinators: one request a group, several connections a broker.
#include <algorithm>

#include "base/log.h"
#include "kafka/messages/offset_commit.h"
#include "link/group_sync.h"
#include "link/halt.h"

namespace klink::link {
namespace {

using kafka::Error;

constexpr Duration kCommitDeadline = 10s;
constexpr char kDropped[] = "dropped";  // it was not allowed at the moment of sending

}  // namespace

Async<Status> GroupSync::CommitAll(Which which) {
  std::vector<Work> works = PlanAll(which);
  CO_RETURN_IF_ERROR(co_await ReadBounds(works));
  CO_RETURN_IF_ERROR(co_await FindDestinations(works));
  Look();
  works = PlanAll(which);
  bounds_.clear();
  bool behind = false;
  for (Work& work : works) {
    for (const Send& send : work.sends) {
      if (!send.planned.behind) continue;
      work.group->entries[send.entry].behind = behind = true;
      notable_.insert(*work.name);
    }
  }
  if (behind) CO_RETURN_IF_ERROR(co_await RememberNotable());  // first: a crash behind the commit forgets nothing
  size_t next = 0;
  TaskGroup workers(p_.executor);
  for (size_t lane = 0; lane < std::min(kCommitsAtOnce, works.size()); lane++) workers.Spawn(Commit(works, next, lane));
  co_await workers.Join();
  if (co_await IsStopping()) co_return Cancelled("stopped while committing offsets");
  co_return absl::OkStatus();
}

// Where the copies begin and end now, of the partitions concerned: what lies outside would make a consumer start anew.
Async<Status> GroupSync::ReadBounds(const std::vector<Work>& works) {
  std::set<TopicPartition> concerned;
  for (const Work& work : works) {
    for (const Send& send : work.sends) {
      const GroupEntry& entry = work.group->entries[send.entry];
      const TopicPartition tp{destination_of_number_[static_cast<size_t>(entry.topic)], entry.partition};
      concerned.insert(tp);
    }
  }
  CO_TRY(const auto starts, co_await PointsOf(p_.destination, concerned, GroupPoint::kStart));
  CO_TRY(const auto ends, co_await PointsOf(p_.destination, concerned, GroupPoint::kHighWatermark));
  bounds_.clear();
  for (const auto& [tp, start] : starts)
    if (const auto end = ends.find(tp); end != ends.end()) bounds_[tp] = {start, end->second};
  co_return absl::OkStatus();
}

Async<Status> GroupSync::FindDestinations(const std::vector<Work>& works) {
  std::vector<std::string> unknown;
  for (const Work& work : works)
    if (work.group->destination_broker < 0) unknown.push_back(*work.name);
  if (unknown.empty()) co_return absl::OkStatus();
  CO_TRY(const auto found, co_await FindCoordinators(p_.destination, std::move(unknown)));
  for (const auto& [name, broker] : found) {
    Group& group = book_.groups()[name];
    if (broker.ok())
      group.destination_broker = *broker;
    else
      Refused(name, group, broker.status());
  }
  co_return absl::OkStatus();
}

Async<void> GroupSync::Commit(std::vector<Work>& works, size_t& next, size_t lane) {
  while (next < works.size()) {
    if (co_await IsStopping()) co_return;
    co_await CommitOne(works[next++], lane);
  }
}

Async<void> GroupSync::CommitOne(Work& work, size_t lane) {
  Group& group = *work.group;
  kafka::OffsetCommitRequest request;
  request.group_id = *work.name;
  std::map<int32_t, Status> may;
  for (const Send& send : work.sends) {
    GroupEntry& entry = group.entries[send.entry];
    const std::string& topic = destination_of_number_[static_cast<size_t>(entry.topic)];
    const auto [asked, fresh] = may.try_emplace(entry.topic);
    if (fresh) asked->second = p_.mirrors.MayCommit(topic);
    if (!asked->second.ok()) {
      p_.totals.commits[kDropped]++;
      entry.answer = PlannedPosition::Kind::kSkipped;
      entry.why = Text(asked->second);
      continue;
    }
    entry.sent = GroupEntry::kNone;  // until it is answered
    if (request.topics.empty() || request.topics.back().name != topic) request.topics.emplace_back().name = topic;
    auto& position = request.topics.back().partitions.emplace_back();
    position.partition_index = entry.partition;
    position.committed_offset = send.planned.value;
    position.committed_metadata = entry.metadata;  // the leader epoch stays −1: it is the source's (protocol.md G4)
  }
  if (request.topics.empty()) co_return;
  if (group.destination_broker < 0) {
    if (group.refusal == CommitResult::kUnauthorized) co_return;  // klink may not see it there
    Trouble(*work.name, group,
            Unavailable("{}: the coordinator of group {} is not known now", p_.destination.name(), *work.name));
    co_return;
  }
  const auto response = co_await p_.destination.Call(group.destination_broker, kafka::GroupLane(lane),
                                                     std::move(request), kCommitDeadline);
  if (!response.ok()) {
    group.destination_broker = -1;
    if (!IsCancelled(response.status())) Trouble(*work.name, group, response.status());
    p_.totals.commits[std::string(Name(CommitResult::kRetry))] += static_cast<int64_t>(work.sends.size());
    co_return;
  }
  for (const auto& topic : response->topics)
    for (const auto& partition : topic.partitions)
      Settle(work, topic.name, partition.partition_index, partition.error_code);
}

// The answer about one position.
void GroupSync::Settle(Work& work, const std::string& topic, int32_t partition, kafka::Error error) {
  Group& group = *work.group;
  const CommitResult result = ResultOf(error);
  p_.totals.commits[std::string(Name(result))]++;
  const auto number = number_of_destination_.find(topic);
  if (number == number_of_destination_.end()) return;
  const auto sent = std::find_if(work.sends.begin(), work.sends.end(), [&](const Send& send) {
    const GroupEntry& entry = group.entries[send.entry];
    return entry.topic == number->second && entry.partition == partition;
  });
  if (sent == work.sends.end()) return;
  GroupEntry& entry = group.entries[sent->entry];
  if (result == CommitResult::kCommitted) {
    entry.sent = sent->planned.value;
    entry.sent_at = p_.clock.Now();
    entry.metadata_sent = true;
    entry.behind = sent->planned.behind;
    if (entry.behind) p_.totals.clamped++;
    group.committed = p_.clock.Wall();
    if (!std::exchange(group.carried, true)) notable_.insert(*work.name);
    return;
  }
  entry.answer = PlannedPosition::Kind::kSkipped;
  if (result == CommitResult::kCoordinator) group.destination_broker = -1;
  if (result == CommitResult::kInUse) return LeaveAlone(*work.name, group);
  group.refusal = result;
  const Status refused = kafka::ToStatus(error, fmt::format("{}: committing the offset of group {} in {}-{}",
                                                            p_.destination.name(), *work.name, topic, partition));
  entry.why = Text(refused);
  if (error == Error::kGroupAuthorizationFailed) return Refused(*work.name, group, refused);
  Trouble(*work.name, group,
          NeedsRight(refused, "group sync", fmt::format("READ on topic {}", topic), p_.destination.name()));
}

// Writes what changed of what must outlive this leader.
Async<Status> GroupSync::RememberNotable() {
  std::vector<state::GroupRecord> changed;
  for (auto at = notable_.begin(); at != notable_.end() && changed.size() < kRecordsPerRound;) {
    const auto group = book_.groups().find(*at);
    state::GroupRecord record;
    record.group = *at;
    if (group != book_.groups().end()) record = book_.RecordOf(*at, group->second, destination_of_number_);
    const auto known = p_.mirrors.Records().find(*at);
    const bool same = known == p_.mirrors.Records().end()
                          ? record.empty()
                          : known->second.clamped == record.clamped && known->second.left == record.left &&
                                known->second.carried == record.carried;
    const bool settled = record.clamped.empty() && record.left.empty();
    if (!same) {
      record.since_ms = p_.clock.Wall().time_since_epoch().count();
      changed.push_back(std::move(record));
    }
    at = settled && same ? notable_.erase(at) : std::next(at);
  }
  if (changed.empty()) co_return absl::OkStatus();
  co_return co_await p_.mirrors.Remember(std::move(changed));
}

}  // namespace klink::link
