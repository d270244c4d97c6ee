// What follows the cut: groups, settings and grants. They keep nothing back: a topic that klink is shut out of becomes
// STOPPED, and what could not be done is told as commands.
#include "base/log.h"
#include "base/time_limit.h"
#include "failover/promoter.h"

namespace klink::failover {
namespace {

using state::MirrorRecord;
using state::Phase;
using state::PromotionRecord;
using state::PromotionTopic;

constexpr Duration kGroupsLimit = 20s;
constexpr Duration kConfigsLimit = 15s;
constexpr Duration kAclsLimit = 15s;

void Add(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Async<Status> Controller::CommitGroups(PromotionRecord& now) {
  CO_RETURN_IF_ERROR(host_.MayStep());
  auto committed = co_await Within(executor_, clock_, kGroupsLimit, "the last commits of groups",
                                   host_.CommitGroups(RunningTopics(now)));
  if (IsCancelled(committed.status())) co_return committed.status();
  if (committed.ok())
    Add(now.remaining, *std::move(committed));
  else
    now.remaining.push_back(fmt::format("klink offsets group GROUP --link {}  # positions may be behind: {}",
                                        host_.link(), Text(committed.status())));
  if (const auto read = host_.GroupsReadAt()) now.groups_read_ms = read->time_since_epoch().count();
  co_return co_await Advance(now, Step::kRestoreConfigs);
}

Async<Status> Controller::RestoreConfigs(PromotionRecord& now) {
  CO_RETURN_IF_ERROR(host_.MayStep());
  auto restored = co_await Within(executor_, clock_, kConfigsLimit, "restoring topic settings",
                                  host_.RestoreConfigs(RunningTopics(now)));
  if (IsCancelled(restored.status())) co_return restored.status();
  for (PromotionTopic& topic : now.topics) {
    if (topic.outcome != Outcome::kRunning) continue;
    if (restored.ok() && restored->contains(topic.topic)) Add(topic.remaining, restored->at(topic.topic));
  }
  if (!restored.ok())
    now.remaining.push_back(
        fmt::format("klink diff --link {}  # settings may differ: {}", host_.link(), Text(restored.status())));
  co_return co_await Advance(now, Step::kReleaseAcls);
}

Async<Status> Controller::ReleaseAcls(PromotionRecord& now) {
  CO_RETURN_IF_ERROR(host_.MayStep());
  auto released = co_await Within(executor_, clock_, kAclsLimit, "granting what was held back",
                                  host_.ReleaseAcls(RunningTopics(now)));
  if (IsCancelled(released.status())) co_return released.status();
  if (released.ok())
    Add(now.remaining, *std::move(released));
  else
    now.remaining.push_back(fmt::format("klink acl list --link {}  # what is held was not granted: {}", host_.link(),
                                        Text(released.status())));
  co_return co_await Finish(now);
}

Async<Status> Controller::Finish(PromotionRecord& now) {
  std::vector<state::Record> records;
  for (PromotionTopic& topic : now.topics) {
    if (topic.outcome != Outcome::kRunning) continue;
    topic.outcome = Outcome::kStopped;
    const MirrorRecord* mirror = host_.view().mirror(topic.topic);
    if (mirror == nullptr) continue;
    MirrorRecord next = *mirror;
    next.phase = Phase::kStopped;
    next.since_ms = NowMs();
    for (state::PartitionRecord& partition : next.partitions) {
      partition.phase = Phase::kStopped;
      partition.reason.reset();
      partition.text.clear();
      partition.since_ms = next.since_ms;
    }
    records.emplace_back(std::move(next));
  }
  co_return co_await Advance(now, Step::kDone, std::move(records));
}

}  // namespace klink::failover
