#include "link/group_book.h"

#include <algorithm>

namespace klink::link {

using kafka::Error;

int32_t GroupBook::TopicNumber(const std::string& source_topic) {
  const auto [at, fresh] = numbers_.try_emplace(source_topic, static_cast<int32_t>(topics_.size()));
  if (fresh) topics_.push_back(source_topic);
  return at->second;
}

GroupEntry& GroupBook::EntryOf(Group& group, int32_t topic, int32_t partition) {
  for (GroupEntry& entry : group.entries)
    if (entry.topic == topic && entry.partition == partition) return entry;
  GroupEntry& fresh = group.entries.emplace_back();
  fresh.topic = topic;
  fresh.partition = partition;
  return fresh;
}

namespace {

bool IsThere(const kafka::CommittedPartition& told) {
  return told.committed_offset >= 0 || told.error_code == Error::kUnstableOffsetCommit;
}

void Take(GroupEntry& entry, const kafka::CommittedPartition& told) {
  if (told.error_code != Error::kNone) return;  // of an open transaction: what was stable stays
  entry.source = told.committed_offset;
  if (entry.metadata == told.metadata) return;
  entry.metadata = told.metadata;
  entry.metadata_sent = false;
}

}  // namespace

void GroupBook::TakeSource(Group& group, const kafka::CommittedGroup& told) {
  size_t at = 0;
  bool same = true;
  for (const auto& topic : told.topics) {
    const int32_t number = TopicNumber(topic.name);
    for (const auto& partition : topic.partitions) {
      if (!IsThere(partition)) continue;
      same = same && at < group.entries.size() && group.entries[at].topic == number &&
             group.entries[at].partition == partition.partition_index;
      if (!same) break;
      Take(group.entries[at++], partition);
    }
  }
  if (same && at == group.entries.size()) return;
  std::map<std::pair<int32_t, int32_t>, GroupEntry> known;
  for (GroupEntry& entry : group.entries) known.emplace(std::pair(entry.topic, entry.partition), std::move(entry));
  group.entries.clear();
  for (const auto& topic : told.topics) {
    const int32_t number = TopicNumber(topic.name);
    for (const auto& partition : topic.partitions) {
      if (!IsThere(partition)) continue;
      const auto found = known.find({number, partition.partition_index});
      GroupEntry entry = found == known.end() ? GroupEntry{} : std::move(found->second);
      entry.topic = number;
      entry.partition = partition.partition_index;
      Take(entry, partition);
      group.entries.push_back(std::move(entry));
    }
  }
}

void GroupBook::TakeDestination(Group& group, const kafka::CommittedGroup& told,
                                const std::unordered_map<std::string, int32_t>& number_of_destination,
                                Instant sent_at) {
  group.met = true;
  for (const auto& topic : told.topics) {
    const auto number = number_of_destination.find(topic.name);
    if (number == number_of_destination.end()) continue;  // no mirror of this link
    for (const auto& partition : topic.partitions) {
      if (partition.error_code != Error::kNone || partition.committed_offset < 0) continue;
      for (GroupEntry& entry : group.entries) {
        if (entry.topic != number->second || entry.partition != partition.partition_index) continue;
        entry.sent = partition.committed_offset;
        entry.sent_at = sent_at;
        entry.metadata_sent = entry.metadata == partition.metadata;
        group.carried = true;
      }
    }
  }
}

void GroupBook::TakeRecord(const state::GroupRecord& record,
                           const std::unordered_map<std::string, int32_t>& number_of_destination) {
  Group& group = groups_[record.group];
  group.carried = record.carried;
  for (const auto& [list, left] : {std::pair(&record.clamped, false), {&record.left, true}}) {
    for (const state::GroupPosition& position : *list) {
      const auto number = number_of_destination.find(position.topic);
      if (number == number_of_destination.end()) continue;
      GroupEntry& entry = EntryOf(group, number->second, position.partition);
      if (entry.source == GroupEntry::kNone) entry.source = position.source;
      (left ? entry.left : entry.sent) = left ? position.source : GroupEntry::kNone;
      entry.behind = entry.behind || !left;
    }
  }
}

void GroupBook::ForgetSent(int32_t topic) {
  for (auto& [name, group] : groups_)
    for (GroupEntry& entry : group.entries)
      if (entry.topic == topic) entry.sent = GroupEntry::kNone;
}

state::GroupRecord GroupBook::RecordOf(const std::string& name, const Group& group,
                                       const std::vector<std::string>& destination_of_number) const {
  state::GroupRecord record;
  record.group = name;
  record.carried = group.carried;
  for (const GroupEntry& entry : group.entries) {
    const std::string& topic = destination_of_number[static_cast<size_t>(entry.topic)];
    if (topic.empty()) continue;
    if (entry.behind) record.clamped.push_back({topic, entry.partition, entry.source});
    if (entry.left != GroupEntry::kNone) record.left.push_back({topic, entry.partition, entry.left});
  }
  const auto order = [](const auto& a, const auto& b) {
    return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
  };
  std::sort(record.clamped.begin(), record.clamped.end(), order);
  std::sort(record.left.begin(), record.left.end(), order);
  return record;
}

}  // namespace klink::link
