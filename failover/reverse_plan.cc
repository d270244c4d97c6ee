#include "failover/reverse_plan.h"

#include <algorithm>

#include "failover/failback_recreate.h"

namespace klink::failover {
namespace {

bool HasTail(const FailbackPartition& p) { return *p.source_end > *p.parted_at; }

// Why this partition cannot be taken over; empty: it can.
std::string Forbidden(const FailbackView& view, const FailbackPartition& p, OldTail tail) {
  if (p.reason) return fmt::format("partition {} is not known: {}", p.partition, *p.reason);
  if (!p.cut || !p.copied_end || !p.replicated_to)
    return fmt::format("the promotion recorded no cut of partition {}", p.partition);
  if (*p.parted_at != *p.parted_at_destination || *p.copied_end < *p.replicated_to)
    return fmt::format(
        "the offsets of partition {} are not those of {} ({} there stands at {}): use klink mirror failback --recreate",
        p.partition, view.old_source, *p.replicated_to, *p.copied_end);
  if (tail == OldTail::kKept) {
    if (p.never_crossed->transactions_open > 0)
      return fmt::format(
          "{} transactions behind offset {} of partition {} at {} are open, their ends would be foreign "
          "writes: wait until they are over",
          p.never_crossed->transactions_open, *p.parted_at, p.partition, view.old_source);
    return "";
  }
  if (*p.parted_at < *p.replicated_to)
    return fmt::format(
        "partition {}: {} lost what was copied from offset {} on, so its log is another one: klink mirror "
        "failback --keep-and-map or --recreate",
        p.partition, view.old_source, *p.parted_at);
  if (HasTail(p))
    return fmt::format(
        "partition {}: {} has {} records behind offset {} that never crossed: klink mirror failback --plan "
        "shows them, --keep-and-map keeps them there, --recreate makes the topic again",
        p.partition, view.old_source, p.never_crossed->records, *p.parted_at);
  return "";
}

std::string Forbidden(const FailbackView& view, const FailbackMirror& mirror, OldTail tail) {
  if (mirror.state != "STOPPED") return fmt::format("the mirror is {}, not STOPPED: promote it first", mirror.state);
  for (const FailbackPartition& p : view.partitions) {
    if (p.topic != mirror.topic) continue;
    if (std::string why = Forbidden(view, p, tail); !why.empty()) return why;
  }
  return "";
}

}  // namespace

std::vector<FailbackAction> PlanReverse(const FailbackView& view, const config::Config& config,
                                        const config::LinkConfig& link, OldTail tail) {
  std::vector<FailbackAction> actions;
  for (const FailbackMirror& mirror : view.mirrors) {
    FailbackAction& action = actions.emplace_back();
    action.topic = mirror.topic;
    action.source_topic = mirror.source_topic;
    if (const config::LinkConfig* back = LinkBack(config, link, mirror)) action.link_back = back->name;
    if (mirror.mirrored_by) {
      action.link_back = mirror.mirrored_by;
      action.outcome = "unchanged";
      continue;
    }
    std::string error = Forbidden(view, mirror, tail);
    if (error.empty() && !action.link_back)
      error = fmt::format("no link of the file mirrors {} from {} to {} as {}: add one and let an agent run it",
                          mirror.topic, link.destination, link.source, mirror.source_topic);
    if (!error.empty()) {
      action.error = std::move(error);
      continue;
    }
    action.outcome = "would_reverse";
    for (const FailbackPartition& p : view.partitions)
      if (p.topic == mirror.topic) action.partitions.push_back({*p.parted_at_destination, *p.source_end});
  }
  return actions;
}

std::map<std::string, std::vector<link::AdoptTopic>> ReverseOrders(const FailbackView& view) {
  std::map<std::string, std::vector<link::AdoptTopic>> orders;
  for (const FailbackAction& action : view.actions) {
    if (action.outcome != "would_reverse" || !action.link_back) continue;
    link::AdoptTopic& topic = orders[*action.link_back].emplace_back();
    topic.topic = action.source_topic;
    topic.source_topic = action.topic;
    topic.partitions = action.partitions;
    const auto is = [&action](const FailbackMirror& mirror) { return mirror.topic == action.topic; };
    const auto mirror = std::find_if(view.mirrors.begin(), view.mirrors.end(), is);
    if (mirror == view.mirrors.end()) continue;
    topic.topic_id = mirror->source_topic_id.value_or("");
    topic.source_topic_id = mirror->topic_id.value_or("");
  }
  return orders;
}

}  // namespace klink::failover
