#include "link/group_sync.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/log.h"
#include "link/halt.h"

namespace klink::link {

using kafka::Error;

GroupSync::GroupSync(GroupSyncParts parts) : p_(std::move(parts)) {}

Async<Status> GroupSync::Round() {
  trouble_ = absl::OkStatus();
  TakeFilter();
  CO_TRY(const FoundGroups at_source, co_await ListAllGroups(p_.source));
  Look();
  LoadRecords();
  Select(at_source);
  const WallTime read_at = p_.clock.Wall();
  CO_RETURN_IF_ERROR(co_await Read());
  CO_RETURN_IF_ERROR(co_await Meet());
  Look();
  if (!PlanAll(Which::kAll).empty()) {
    if (p_.config.groups.barrier == config::GroupBarrier::kLink) CO_RETURN_IF_ERROR(co_await AwaitBarrier());
    CO_RETURN_IF_ERROR(co_await CommitAll(Which::kAll));
  }
  CO_RETURN_IF_ERROR(co_await RememberNotable());
  CO_RETURN_IF_ERROR(co_await FollowGone());
  p_.totals.read_at = read_at;
  co_return trouble_;
}

Async<Status> GroupSync::RaiseClamped() {
  trouble_ = absl::OkStatus();
  TakeFilter();
  Look();
  LoadRecords();
  if (notable_.empty()) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(co_await Meet());
  Look();
  if (!PlanAll(Which::kClamped).empty()) CO_RETURN_IF_ERROR(co_await CommitAll(Which::kClamped));
  CO_RETURN_IF_ERROR(co_await RememberNotable());
  co_return trouble_;
}

// What a reload left. Of groups that are not asked for any more nothing is known here; what was written down stays.
void GroupSync::TakeFilter() {
  if (!next_filter_) return;
  p_.filter = *std::exchange(next_filter_, std::nullopt);
  std::erase_if(book_.groups(), [this](const auto& entry) { return !p_.filter.Includes(entry.first); });
  std::erase_if(notable_, [this](const std::string& name) { return !p_.filter.Includes(name); });
  loaded_ = warned_empty_ = warned_idle_ = false;
}

// Which groups there are, of those that are asked for.
void GroupSync::Select(const FoundGroups& source) {
  const Instant now = p_.clock.Now();
  for (auto& [name, group] : book_.groups())
    if (!source.contains(name) && !group.missing_since) group.missing_since = now;
  size_t selected = 0;
  for (const auto& [name, found] : source) {
    if (!p_.filter.Includes(name) || found.type == "share") continue;
    selected++;
    Group& group = book_.groups()[name];
    group.source_broker = found.broker;
    group.source_state = found.state;
    group.missing_since.reset();
    group.gone = false;
  }
  for (auto& [name, group] : book_.groups()) {
    group.trouble.clear();
    group.refusal.reset();
  }
  WarnOfFilter(source, selected);
}

// Once for a filter.
void GroupSync::WarnOfFilter(const FoundGroups& source, size_t selected) {
  if (selected == 0 && !std::exchange(warned_empty_, true))
    Log(Level::kWarning, Event::kNoGroupMatches,
        fmt::format("no group at {} matches groups.include, or klink may not see it (DESCRIBE on the group)",
                    p_.source.name()),
        {{"link", p_.config.name}});
  if (selected == 0 || std::exchange(warned_idle_, true)) return;
  std::vector<std::string> names;
  for (const auto& [name, found] : source) names.push_back(name);
  if (const std::vector<std::string> idle = p_.filter.Idle(names); !idle.empty())
    Log(Level::kWarning, Event::kFilterIdle,
        fmt::format("{} takes no group of {}", fmt::join(idle, ", "), p_.source.name()), {{"link", p_.config.name}});
}

// What an earlier leader left written down.
void GroupSync::LoadRecords() {
  if (std::exchange(loaded_, true)) return;
  for (const auto& [name, record] : p_.mirrors.Records()) {
    if (!p_.filter.Includes(name) || book_.groups().contains(name)) continue;
    book_.TakeRecord(record, number_of_destination_);
    notable_.insert(name);
  }
}

Async<Status> GroupSync::Read() {
  std::map<int32_t, std::vector<std::string>> by_broker;
  for (const auto& [name, group] : book_.groups())
    if (!group.missing_since) by_broker[group.source_broker].push_back(name);
  for (auto& [broker, names] : by_broker) {
    CO_TRY(const auto answers, co_await FetchCommitted(p_.source, broker, std::move(names)));
    for (const kafka::CommittedGroup& told : answers) {
      const auto found = book_.groups().find(told.group_id);
      if (found == book_.groups().end()) continue;
      if (told.error_code == Error::kNone)
        book_.TakeSource(found->second, told);
      else
        Hidden(told.group_id, found->second,
               kafka::ToStatus(told.error_code,
                               fmt::format("{}: reading the offsets of group {}", p_.source.name(), told.group_id)));
    }
  }
  co_return absl::OkStatus();
}

// How the groups stand at the destination; and what it holds of those this leader has not dealt with yet, so that
// nothing is committed twice. Who has members there is left alone.
Async<Status> GroupSync::Meet() {
  CO_TRY(const FoundGroups at_destination, co_await ListAllGroups(p_.destination));
  for (auto& [name, group] : book_.groups()) {
    const auto found = at_destination.find(name);
    group.destination_state = found == at_destination.end() ? "" : found->second.state;
    if (found != at_destination.end()) group.destination_broker = found->second.broker;
    if (HasMembers(group.destination_state)) LeaveAlone(name, group);
  }
  std::map<int32_t, std::vector<std::string>> by_broker;
  for (auto& [name, group] : book_.groups()) {
    if (group.met) continue;
    if (group.destination_state.empty())
      group.met = true;
    else
      by_broker[group.destination_broker].push_back(name);
  }
  for (auto& [broker, names] : by_broker) {
    CO_TRY(const auto answers, co_await FetchCommitted(p_.destination, broker, std::move(names)));
    for (const kafka::CommittedGroup& told : answers) {
      const auto found = book_.groups().find(told.group_id);
      if (found == book_.groups().end()) continue;
      if (told.error_code == Error::kNone) {
        book_.TakeDestination(found->second, told, number_of_destination_,
                              p_.clock.Now() - RecommitAfter(told.group_id) + FirstRecommitAfter(told.group_id));
        if (found->second.carried) notable_.insert(told.group_id);
      } else {
        Refused(told.group_id, found->second,
                kafka::ToStatus(told.error_code, fmt::format("{}: reading the offsets of group {}",
                                                             p_.destination.name(), told.group_id)));
      }
    }
  }
  co_return absl::OkStatus();
}

// Takes the mirrors as they stand now. Holds until the next wait.
void GroupSync::Look() {
  mirrors_ = p_.mirrors.Mirrors();
  for (const GroupMirror& mirror : mirrors_) book_.TopicNumber(mirror.source_topic);
  by_number_.assign(book_.topic_count(), nullptr);
  destination_of_number_.resize(book_.topic_count());
  id_of_number_.resize(book_.topic_count());
  for (GroupMirror& mirror : mirrors_) {
    const int32_t number = book_.TopicNumber(mirror.source_topic);
    const auto at = static_cast<size_t>(number);
    by_number_[at] = &mirror;
    destination_of_number_[at] = mirror.destination_topic;
    number_of_destination_[mirror.destination_topic] = number;
    if (!id_of_number_[at].empty() && id_of_number_[at] != mirror.destination_id) book_.ForgetSent(number);
    id_of_number_[at] = mirror.destination_id;
    for (size_t p = 0; p < mirror.partitions.size() && !bounds_.empty(); p++) {
      const auto told = bounds_.find({mirror.destination_topic, static_cast<int32_t>(p)});
      if (told == bounds_.end()) continue;
      mirror.partitions[p].log_start = DestOffset(told->second.first);
      mirror.partitions[p].high_watermark = DestOffset(told->second.second);
    }
  }
}

PlannedPosition GroupSync::Plan(const GroupEntry& entry) const {
  const auto at = static_cast<size_t>(entry.topic);
  const GroupMirror* mirror = at < by_number_.size() ? by_number_[at] : nullptr;
  return PlanIn(mirror, book_.TopicName(entry.topic), entry.partition, SourceOffset(entry.source));
}

bool GroupSync::IsDue(const std::string& name, const GroupEntry& entry, const PlannedPosition& planned) const {
  using Kind = PlannedPosition::Kind;
  if (planned.kind != Kind::kExact && planned.kind != Kind::kClamped) return false;
  if (planned.value != entry.sent || !entry.metadata_sent) return true;
  return p_.clock.Now() - entry.sent_at >= RecommitAfter(name);
}

// Notes in every entry what becomes of it, and answers what is to be committed.
std::vector<GroupSync::Work> GroupSync::PlanAll(Which which) {
  std::vector<Work> works;
  for (auto& [name, group] : book_.groups()) {
    if (HasMembers(group.destination_state) || group.gone || !group.met) continue;
    Work work{&name, &group, {}};
    for (size_t i = 0; i < group.entries.size(); i++) {
      GroupEntry& entry = group.entries[i];
      if (entry.source == GroupEntry::kNone || (which == Which::kClamped && !entry.behind)) continue;
      PlannedPosition planned = Plan(entry);
      if (entry.left == entry.source) {
        planned = {PlannedPosition::Kind::kSkipped, -1, false,
                   "the group was at work at the destination, and has not moved at the source since"};
      } else {
        entry.left = GroupEntry::kNone;
      }
      entry.answer = planned.kind;
      if (entry.why != planned.why) entry.why = planned.why;
      if (IsDue(name, entry, planned)) work.sends.push_back({i, std::move(planned)});
    }
    if (!work.sends.empty()) works.push_back(std::move(work));
  }
  return works;
}

// It reads at the destination: what it has there is its own.
void GroupSync::LeaveAlone(const std::string& name, Group& group) {
  group.refusal = CommitResult::kInUse;
  group.trouble = fmt::format("group {} has members at {}", name, p_.destination.name());
  const bool news = std::none_of(group.entries.begin(), group.entries.end(),
                                 [](const GroupEntry& entry) { return entry.left != GroupEntry::kNone; });
  for (GroupEntry& entry : group.entries) {
    entry.left = entry.source;
    entry.sent = GroupEntry::kNone;
    entry.answer = PlannedPosition::Kind::kSkipped;
    entry.why = "the group has members at the destination";
  }
  notable_.insert(name);
  if (news && !group.entries.empty())
    Log(Level::kInfo, Event::kGroupInUse, group.trouble, {{"link", p_.config.name}, {"group", name}});
}

// The source does not tell what it is asked about the group.
void GroupSync::Hidden(const std::string& name, Group& group, Status status) {
  if (status.code() == Code::kPermissionDenied) group.refusal = CommitResult::kUnauthorized;
  Trouble(name, group,
          NeedsRight(std::move(status), "group sync", fmt::format("DESCRIBE on group {}", name), p_.source.name()));
}

// Nor does the destination, or it does not take a commit.
void GroupSync::Refused(const std::string& name, Group& group, Status status) {
  if (status.code() == Code::kPermissionDenied) group.refusal = CommitResult::kUnauthorized;
  Trouble(name, group,
          NeedsRight(std::move(status), "group sync", fmt::format("READ on group {}", name), p_.destination.name()));
}

void GroupSync::Trouble(const std::string& name, Group& group, Status status) {
  group.trouble = Text(status);
  const bool news = trouble_.ok();
  if (news || status.code() == Code::kPermissionDenied) trouble_ = status;
  if (news) Log(Level::kDebug, Event::kGroupSyncFailed, group.trouble, {{"link", p_.config.name}, {"group", name}});
}

}  // namespace klink::link
