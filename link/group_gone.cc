// Groups that are deleted at the source, also while nobody led: the link's state knows those with positions in our
// mirrors. A broker that takes over a coordinator may list nothing for a moment, so a group is gone only when it stayed
// away for a while and its coordinator says so when asked by name.
#include <algorithm>

#include "base/log.h"
#include "kafka/messages/delete_groups.h"
#include "link/group_sync.h"

namespace klink::link {
namespace {

using kafka::Error;

constexpr Duration kDeleteDeadline = 10s;

}  // namespace

Async<Status> GroupSync::FollowGone() {
  std::vector<std::string> missing;
  for (const auto& [name, group] : book_.groups())
    if (group.missing_since && p_.clock.Now() - *group.missing_since >= kGoneAfter) missing.push_back(name);
  if (missing.empty()) co_return absl::OkStatus();
  CO_TRY(const std::vector<std::string> visible, co_await VisibleOf(std::move(missing)));
  for (const std::string& name : visible) {
    Group& group = book_.groups()[name];
    if (!group.gone) {
      const auto told = co_await DescribeMembers(p_.source, name);
      if (IsCancelled(told.status())) co_return told.status();
      if (!told.ok() || told->exists) continue;
      group.gone = true;
      Log(Level::kInfo, Event::kGroupGone,
          p_.config.groups.delete_policy == config::DeletePolicy::kMirror
              ? "the group was deleted at the source and is deleted at the destination"
              : "the group was deleted at the source; its offsets at the destination are kept",
          {{"link", p_.config.name}, {"group", name}});
    }
    group.trouble = fmt::format("the group was deleted at {}", p_.source.name());
    for (GroupEntry& entry : group.entries) entry.left = GroupEntry::kNone, entry.behind = false;
    notable_.insert(name);
    bool over = group.destination_state.empty();  // nothing is left of it there either
    if (!over && p_.config.groups.delete_policy == config::DeletePolicy::kMirror) {
      const Status removed = co_await Remove(name, group);
      if (IsCancelled(removed)) co_return removed;
      over = removed.ok();
      if (!over) group.trouble += "; " + Text(removed);
    }
    if (over) book_.groups().erase(name);
  }
  co_return absl::OkStatus();
}

// Without those that klink may not see any more: brokers leave them out of their lists without a word.
Async<StatusOr<std::vector<std::string>>> GroupSync::VisibleOf(std::vector<std::string> missing) {
  CO_TRY(const auto coordinators, co_await FindCoordinators(p_.source, missing));
  std::erase_if(missing, [&](const std::string& name) {
    const auto found = coordinators.find(name);
    if (found == coordinators.end() || found->second.ok()) return false;
    Hidden(name, book_.groups()[name], found->second.status());
    return true;
  });
  co_return missing;
}

// Only what klink itself brought: a group that also reads something else of the destination stays.
Async<Status> GroupSync::Remove(const std::string& name, Group& group) {
  if (HasMembers(group.destination_state))
    co_return FailedPrecondition("it has members at {} and is kept", p_.destination.name());
  const std::vector<std::string> one(1, name);
  CO_TRY(const auto answers, co_await FetchCommitted(p_.destination, group.destination_broker, one));
  for (const auto& told : answers) {
    CO_RETURN_IF_ERROR(kafka::ToStatus(told.error_code, fmt::format("reading the offsets of group {}", name)));
    for (const auto& topic : told.topics) {
      if (!number_of_destination_.contains(topic.name))
        co_return FailedPrecondition("at {} it also has offsets in {}, which is no mirror of this link, and is kept",
                                     p_.destination.name(), topic.name);
      CO_RETURN_IF_ERROR(p_.mirrors.MayCommit(topic.name));
    }
  }
  kafka::DeleteGroupsRequest request;
  request.groups_names.push_back(name);
  CO_TRY(const auto response, co_await p_.destination.Call(group.destination_broker, kafka::Lane::kControl,
                                                           std::move(request), kDeleteDeadline));
  for (const auto& result : response.results) {
    if (result.error_code == Error::kGroupIdNotFound) continue;
    CO_RETURN_IF_ERROR(
        kafka::ToStatus(result.error_code, fmt::format("{}: deleting group {}", p_.destination.name(), name)));
  }
  co_return absl::OkStatus();
}

}  // namespace klink::link
