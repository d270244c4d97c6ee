// Consumer groups of a link: what group sync needs of it, and what it tells about them.
#include <algorithm>

#include "base/time_limit.h"
#include "link/link.h"
#include "state/control.h"

namespace klink::link {
namespace {

using state::Name;
using Kind = PlannedPosition::Kind;

constexpr Duration kRoundLimit = 24h;    // it has limits of its own
constexpr Duration kPauseLeast = 200ms;  // between rounds that take longer than their interval

void Add(PositionCounts& counts, Kind kind) {
  counts.total++;
  counts.exact += kind == Kind::kExact;
  counts.clamped += kind == Kind::kClamped;
  counts.unknown += kind == Kind::kUnknown;
  counts.skipped += kind == Kind::kSkipped;
}

GroupSummary SummaryOf(const std::string& name, const Group& group) {
  GroupSummary out;
  out.group = name;
  out.committed = group.committed;
  bool left = false;
  for (const GroupEntry& entry : group.entries) {
    if (entry.source == GroupEntry::kNone) continue;
    Add(out.positions, entry.answer);
    left = left || entry.left == entry.source;
  }
  if (!group.trouble.empty()) out.reason = group.trouble;
  if (group.gone) {
    out.state = "STOPPED";
  } else if (group.refusal == CommitResult::kInUse || left) {
    out.state = "PAUSED";
    out.reason_code = Name(state::Reason::kGroupInUse);
    if (!out.reason) out.reason = "the group was at work at the destination, and has not moved at the source since";
  } else if (!group.trouble.empty()) {
    out.state = "FAILED";
    if (group.refusal == CommitResult::kUnauthorized) out.reason_code = Name(state::Reason::kAuthorizationError);
  }
  return out;
}

GroupSideSnapshot SideOf(const GroupMembers& members) {
  GroupSideSnapshot out;
  if (!members.exists) return out;
  out.state = members.state;
  out.type = members.type;
  for (const GroupMembers::Member& member : members.members) out.members.push_back({member.client_id, member.host});
  return out;
}

}  // namespace

// Everything a mirror is known by, at this moment.
class Link::MirrorsForGroups final : public GroupMirrors {
 public:
  explicit MirrorsForGroups(const Link& link) : link_(link) {}

  std::vector<GroupMirror> Mirrors() const override {
    std::vector<GroupMirror> mirrors;
    if (!link_.state_) return mirrors;
    for (const auto& [name, record] : link_.state_->view().mirrors()) {
      GroupMirror& mirror = mirrors.emplace_back();
      mirror.source_topic = record.source_topic;
      mirror.destination_topic = name;
      mirror.destination_id = record.destination_topic_id;
      mirror.why_not = WhyNot(record);
      for (size_t p = 0; p < record.partitions.size(); p++)
        mirror.partitions.push_back(link_.StandingOf({name, static_cast<int32_t>(p)}));
    }
    return mirrors;
  }
  std::optional<GroupPartition> Standing(const TopicPartition& tp) const override {
    if (!link_.mirrors_.contains(tp)) return std::nullopt;
    return link_.StandingOf(tp);
  }
  Status MayCommit(const std::string& topic) const override {
    if (link_.groups_finally_.contains(topic))
      return link_.state_->MayDo(state::Effect::kJournalStep, topic, link_.state_->in_control());
    return link_.state_->MayDo(state::Effect::kCommitGroupOffsets, topic, link_.MayWrite());
  }
  const std::map<std::string, state::GroupRecord, std::less<>>& Records() const override {
    return link_.state_->view().groups();
  }
  Async<Status> Remember(std::vector<state::GroupRecord> records) override {
    std::vector<state::Record> all(records.begin(), records.end());
    co_return co_await link_.state_->Write(std::move(all));
  }

 private:
  std::string WhyNot(const state::MirrorRecord& record) const {
    const std::string& name = record.destination_topic;
    if (link_.groups_finally_.contains(name)) return "";
    if (const auto trouble = link_.troubles_.find(name);
        trouble != link_.troubles_.end() && EndsTheMirror(trouble->second))
      return trouble->second.text;
    if (link_.state_->view().pause().paused) return fmt::format("link {} is paused", link_.config_.name);
    if (state::Allowed(state::Effect::kCommitGroupOffsets, record.phase)) return "";
    return fmt::format("mirror {} is {}{}{}", name, Name(record.phase), record.text.empty() ? "" : ": ", record.text);
  }

  const Link& link_;
};

GroupPartition Link::StandingOf(const TopicPartition& tp) const {
  GroupPartition out;
  if (store_ && store_->state(tp) == offsets::TranslationStore::State::kKnown) out.map = store_->Find(tp);
  const auto running = mirrors_.find(tp);
  if (running == mirrors_.end()) return out;
  const PartitionProgress& progress = running->second.runner->progress();
  out.replicated_to = progress.replicated_to();
  out.log_start = progress.destination_log_start();
  if (const auto at = progress.position()) out.high_watermark = at->dest_next;
  out.healthy = !progress.failed();
  return out;
}

// One at a time; it ends early when the limit is over, or when a promotion cannot wait for it.
Async<Status> Link::GroupRound(Duration limit) {
  CO_TRY(const int64_t turn, co_await group_turn_.Take(1));
  if (!groups_) {  // none are asked for any more
    group_turn_.Give(turn);
    co_return absl::OkStatus();
  }
  const auto ended = std::make_shared<Limited<Status>>(parts_.executor);
  TaskGroup round(parts_.executor);
  group_round_ = &round;
  const Status waited = co_await AwaitLimited(round, parts_.clock, limit, groups_->Round(), ended);
  group_round_ = nullptr;
  group_turn_.Give(turn);
  if (!waited.ok()) co_return waited;
  if (ended->late || IsCancelled(*ended->result)) co_return Unavailable("a round of groups was ended before its time");
  co_return *ended->result;
}

Async<Status> Link::RaiseGroups() {
  CO_TRY(const int64_t turn, co_await group_turn_.Take(1));
  Status raised;
  if (groups_) raised = co_await groups_->RaiseClamped();
  group_turn_.Give(turn);
  co_return raised;
}

// While this agent leads. Which groups are asked for is looked at before every round: a reload changes it.
Async<void> Link::SyncGroups() {
  groups_.reset();
  mirrors_for_groups_ = std::make_unique<MirrorsForGroups>(*this);
  std::optional<config::Groups> followed;
  for (;;) {
    const Instant began = parts_.clock.Now();
    const config::Groups& asked = config_.groups;
    if (!followed || asked.include != followed->include || asked.exclude != followed->exclude) {
      followed = asked;
      if (IsCancelled(co_await FollowGroupFilter())) break;
    }
    if (groups_ && !state_->view().pause().paused) {
      Status round = co_await GroupRound(kRoundLimit);
      if (IsUnavailable(round)) round.Update(co_await RaiseGroups());
      if (IsCancelled(round)) break;
      group_task_.Ended(round);
    }
    const Duration rest = config_.groups.interval - (parts_.clock.Now() - began);
    if (!(co_await parts_.clock.Sleep(std::max(rest, kPauseLeast))).ok()) break;
  }
}

// Between two rounds, a promotion's among them.
Async<Status> Link::FollowGroupFilter() {
  StatusOr<config::GroupFilter> filter = config::GroupFilter::Compile(config_.groups);
  group_task_.Ended(filter.status());
  CO_TRY(const int64_t turn, co_await group_turn_.Take(1));
  if (!filter.ok() || filter->empty()) {
    groups_.reset();
  } else if (groups_) {
    groups_->Follow(*std::move(filter));
  } else {
    GroupSyncParts parts{config_,      *std::move(filter),   source_,      destination_, parts_.executor,
                         parts_.clock, *mirrors_for_groups_, group_totals_};
    groups_ = std::make_unique<GroupSync>(std::move(parts));
  }
  group_turn_.Give(turn);
  co_return absl::OkStatus();
}

StatusOr<GroupsSnapshot> Link::Groups() const {
  if (config_.groups.include.empty())
    return FailedPrecondition("link {} carries over no groups: groups.include is empty", config_.name);
  RETURN_IF_ERROR(MayControl());
  if (!groups_) return Unavailable("link {}: the groups have not been read yet", config_.name);
  GroupsSnapshot out;
  out.read_at = group_totals_.read_at;
  if (!groups_->waiting().empty()) out.waiting = groups_->waiting();
  for (const auto& [name, group] : groups_->book().groups()) out.groups.push_back(SummaryOf(name, group));
  return out;
}

namespace {

struct Committed {
  std::optional<int64_t> offset;
  bool unstable = false;
};
using CommittedOffsets = std::map<TopicPartition, Committed>;

Async<StatusOr<CommittedOffsets>> OffsetsOf(kafka::Cluster& cluster, std::string group) {
  CO_TRY(const int32_t broker, co_await cluster.Coordinator(kafka::CoordinatorType::kGroup, group));
  const std::vector<std::string> one(1, group);
  CO_TRY(const auto answers, co_await FetchCommitted(cluster, broker, one));
  CommittedOffsets out;
  for (const auto& told : answers) {
    CO_RETURN_IF_ERROR(
        kafka::ToStatus(told.error_code, fmt::format("{}: reading the offsets of group {}", cluster.name(), group)));
    for (const auto& topic : told.topics) {
      for (const auto& partition : topic.partitions) {
        Committed& committed = out[{topic.name, partition.partition_index}];
        committed.unstable = partition.error_code == kafka::Error::kUnstableOffsetCommit;
        if (partition.error_code == kafka::Error::kNone && partition.committed_offset >= 0)
          committed.offset = partition.committed_offset;
      }
    }
  }
  co_return out;
}

GroupPositionSnapshot PositionOf(const TopicPartition& tp, const Committed& committed, const GroupMirror* mirror,
                                 const CommittedOffsets& destination) {
  GroupPositionSnapshot out;
  out.topic = tp.topic;
  out.partition = tp.partition;
  out.source_offset = committed.offset;
  if (mirror != nullptr) {
    out.destination_topic = mirror->destination_topic;
    if (const auto there = destination.find({mirror->destination_topic, tp.partition}); there != destination.end())
      out.destination_offset = there->second.offset;
  }
  if (!committed.offset) {
    if (committed.unstable) out.reason = "the group's offset is part of a transaction that is still open";
    return out;
  }
  const PlannedPosition planned = PlanIn(mirror, tp.topic, tp.partition, SourceOffset(*committed.offset));
  out.answer = Name(planned.kind);
  if (!planned.why.empty()) out.reason = planned.why;
  if (planned.kind != Kind::kExact && planned.kind != Kind::kClamped) return out;
  out.translated = planned.value;
  if (out.destination_offset) out.delta = *out.destination_offset - planned.value;
  return out;
}

}  // namespace

Async<StatusOr<GroupSnapshot>> Link::GroupNow(std::string group) {
  if (!state_) co_return Unavailable("link {} is not connected yet: {}", config_.name, text_);
  CO_TRY(const auto filter, config::GroupFilter::Compile(config_.groups));
  CO_TRY(const GroupMembers source, co_await DescribeMembers(source_, group));
  CO_TRY(const CommittedOffsets committed, co_await OffsetsOf(source_, group));
  CO_TRY(const GroupMembers destination, co_await DescribeMembers(destination_, group));
  CO_TRY(const CommittedOffsets there, co_await OffsetsOf(destination_, group));
  if (!source.exists && !destination.exists && committed.empty() && there.empty())
    co_return NotFound("neither {} nor {} has a group {}", config_.source, config_.destination, group);
  const config::Decision decision = filter.Decide(group);
  GroupSnapshot out;
  out.group = std::move(group);
  out.selected = decision.included;
  out.filter = decision.why;
  out.source = SideOf(source);
  out.destination = SideOf(destination);
  if (!state_) co_return Unavailable("link {} was lost meanwhile", config_.name);
  const std::vector<GroupMirror> mirrors = MirrorsForGroups(*this).Mirrors();
  for (const auto& [tp, position] : committed) {
    const auto mirror =
        std::find_if(mirrors.begin(), mirrors.end(), [&](const auto& m) { return m.source_topic == tp.topic; });
    out.positions.push_back(PositionOf(tp, position, mirror == mirrors.end() ? nullptr : &*mirror, there));
  }
  co_return out;
}

}  // namespace klink::link
