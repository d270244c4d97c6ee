#include "failover/targets.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "link/control_plan.h"

namespace klink::failover {
namespace {

using link::PromoteRequest;
using state::MirrorRecord;
using state::Phase;
using state::PromotionKind;
using state::PromotionOutcome;
using state::PromotionRecord;
using state::PromotionTopic;

PromotionTopic Refused(std::string topic, std::optional<state::Reason> reason, std::string text) {
  return {std::move(topic), PromotionOutcome::kRefused, reason, std::move(text), {}};
}

PromotionTopic TargetOf(const MirrorRecord& mirror, PromotionKind kind, bool link_paused) {
  const std::string& topic = mirror.destination_topic;
  if (mirror.phase == Phase::kStopped) return {topic, PromotionOutcome::kStopped, {}, std::string(kAlreadyStopped), {}};
  // A topic that is being taken over is ACTIVE soon: that is waited for, like whatever else is not yet there.
  const bool waits = !link_paused && (mirror.phase == Phase::kActive || mirror.phase == Phase::kRestore);
  if (kind == PromotionKind::kFailover || mirror.phase == Phase::kPendingStopped || waits)
    return {topic, PromotionOutcome::kRunning, {}, "", {}};
  const std::string is = link_paused ? "its link is PAUSED" : fmt::format("it is {}", Name(mirror.phase));
  return Refused(topic, mirror.reason,
                 fmt::format("promote waits until nothing is left to copy, but {}: resume it, or use failover and "
                             "accept the loss that is shown",
                             is));
}

}  // namespace

std::vector<PromotionTopic> PlanTargets(const PromoteRequest& request, const state::StateView& view,
                                        const config::TopicSets& sets) {
  std::vector<PromotionTopic> targets;
  std::set<std::string> seen;
  const auto add = [&](const MirrorRecord& mirror) {
    if (seen.insert(mirror.destination_topic).second)
      targets.push_back(TargetOf(mirror, request.kind, view.pause().paused));
  };
  const auto add_matching = [&](const std::string& pattern) {
    bool any = false;
    for (const auto& [topic, mirror] : view.mirrors()) {
      if (!link::MatchesPattern(pattern, topic)) continue;
      any = true;
      add(mirror);
    }
    return any;
  };
  if (request.all) add_matching("*");
  for (const std::string& name : request.sets) {
    bool any = false;
    for (const auto& [topic, mirror] : view.mirrors()) {
      const std::string* set = sets.SetOf(mirror.source_topic);
      if (set == nullptr || *set != name) continue;
      any = true;
      add(mirror);
    }
    if (!any)
      targets.push_back(
          Refused(name, std::nullopt, fmt::format("no mirror topic of link {} is in set {}", request.link, name)));
  }
  for (const std::string& topic : request.topics) {
    if (link::IsPattern(topic)) {
      if (!add_matching(topic))
        targets.push_back(
            Refused(topic, std::nullopt, fmt::format("no mirror topic of link {} matches {}", request.link, topic)));
    } else if (const MirrorRecord* mirror = view.mirror(topic)) {
      add(*mirror);
    } else if (seen.insert(topic).second) {
      targets.push_back(
          Refused(topic, std::nullopt, fmt::format("link {} has no mirror topic {}", request.link, topic)));
    }
  }
  return targets;
}

bool IsCarriedOut(const PromoteRequest& request, const state::StateView& view, const config::TopicSets& sets) {
  const PromotionRecord* running = view.promotion();
  if (running == nullptr || running->kind != request.kind || request.automatic) return false;
  bool pauses = false;
  std::set<std::string> carried;
  for (const auto& [id, wave] : view.promotions()) {
    if (OperationOf(wave) != OperationOf(*running)) continue;
    pauses |= wave.pause_link;
    for (const PromotionTopic& topic : wave.topics) carried.insert(topic.topic);
  }
  if (request.all && !pauses) return false;
  const std::vector<PromotionTopic> targets = PlanTargets(request, view, sets);
  return std::all_of(targets.begin(), targets.end(),
                     [&](const PromotionTopic& t) { return carried.contains(t.topic); });
}

std::vector<PromotionRecord> Waves(PromotionRecord promotion, const state::StateView& view,
                                   const config::TopicSets& sets) {
  const auto priority = [&](const PromotionTopic& topic) {
    const MirrorRecord* mirror = view.mirror(topic.topic);
    return mirror == nullptr ? -1 : sets.PriorityOf(mirror->source_topic);
  };
  std::map<int64_t, std::vector<PromotionTopic>, std::greater<>> by_priority;
  std::vector<PromotionTopic> settled;  // refused, or STOPPED before
  for (const PromotionTopic& topic : promotion.topics)
    (topic.outcome == PromotionOutcome::kRunning ? by_priority[priority(topic)] : settled).push_back(topic);
  if (promotion.kind == PromotionKind::kPromote || by_priority.size() <= 1) return {std::move(promotion)};
  std::vector<PromotionRecord> waves;
  for (auto& [level, topics] : by_priority) {
    PromotionRecord wave = promotion;
    wave.topics = std::move(topics);
    if (!waves.empty()) {
      wave.id = fmt::format("{}.{:03}", promotion.id, waves.size() + 1);
      wave.operation = promotion.id;
      wave.pause_link = false;
    }
    waves.push_back(std::move(wave));
  }
  std::vector<PromotionTopic>& last = waves.back().topics;
  last.insert(last.end(), settled.begin(), settled.end());
  return waves;
}

}  // namespace klink::failover
