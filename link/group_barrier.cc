// The barrier: positions that were read are committed only once every mirror that is alive has passed what its source
// held after the reading. An application that consumes, produces and then commits never finds its input consumed and
// its output missing at the destination.
//
// What it wrote stands below the high watermark when its commit can be read, also where a transaction's marker is still
// on its way to some partition: offsets and output of one transaction get their markers independently, so a last stable
// offset taken then may lie below the output. Hence the high watermark counts; a transaction that has been open for
// longer than kOpenTransactionAfter cannot be the one whose offsets were read, and from then on the last stable offset
// does.
#include <algorithm>

#include "link/group_sync.h"

namespace klink::link {
namespace {

constexpr Duration kAskAgain = 1s;

struct Target {
  TopicPartition source;
  TopicPartition destination;
  std::optional<SourceOffset> until;  // empty: its end could not be read yet
};

std::set<TopicPartition> SourcesOf(const std::vector<Target>& targets, bool unknown_alone) {
  std::set<TopicPartition> sources;
  for (const Target& target : targets)
    if (!unknown_alone || !target.until) sources.insert(target.source);
  return sources;
}

}  // namespace

Async<Status> GroupSync::AwaitBarrier() {
  const Instant began = p_.clock.Now();
  std::vector<Target> targets;
  for (const GroupMirror& mirror : mirrors_) {
    for (size_t p = 0; p < mirror.partitions.size(); p++) {
      const auto index = static_cast<int32_t>(p);
      if (mirror.partitions[p].healthy)
        targets.push_back({{mirror.source_topic, index}, {mirror.destination_topic, index}, std::nullopt});
    }
  }
  const auto passed = [&](const Target& target) {
    const auto standing = p_.mirrors.Standing(target.destination);
    if (!standing || !standing->healthy) return true;  // it stopped: nothing waits for it
    if (!target.until) return p_.clock.Now() - began >= kUnreadableAfter;
    return standing->replicated_to && *standing->replicated_to >= *target.until;
  };
  Instant asked_at = began - kAskAgain;
  for (bool stable_read = false;;) {
    if (const auto unknown = SourcesOf(targets, true); !unknown.empty() && p_.clock.Now() - asked_at >= kAskAgain) {
      asked_at = p_.clock.Now();
      CO_TRY(const auto ends, co_await PointsOf(p_.source, unknown, GroupPoint::kHighWatermark));
      for (Target& target : targets)
        if (const auto end = ends.find(target.source); !target.until && end != ends.end())
          target.until = SourceOffset(end->second);
    }
    std::erase_if(targets, passed);
    waiting_.clear();
    if (targets.empty()) co_return absl::OkStatus();
    waiting_ = fmt::format(
        "{} partitions have not passed what the source held when offsets were read, the first is {}{}", targets.size(),
        targets.front().destination,
        targets.front().until ? fmt::format(" (up to {})", *targets.front().until) : ", whose end cannot be read");
    if (!stable_read && p_.clock.Now() - began >= kOpenTransactionAfter) {
      stable_read = true;
      CO_TRY(const auto stable, co_await PointsOf(p_.source, SourcesOf(targets, false), GroupPoint::kLastStable));
      for (Target& target : targets)
        if (const auto at = stable.find(target.source); target.until && at != stable.end())
          target.until = std::min(*target.until, SourceOffset(at->second));
    }
    CO_RETURN_IF_ERROR(co_await p_.clock.Sleep(kBarrierPoll));
  }
}

}  // namespace klink::link
