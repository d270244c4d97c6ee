#include "failover/fence_plan.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace klink::failover {
namespace {

FenceMarker MarkerOf(int64_t producer_id, int32_t epoch, const link::ProducerState* known) {
  const int32_t coordinator = known == nullptr ? 0 : std::max(known->coordinator_epoch, 0);
  return {producer_id, static_cast<int16_t>(std::min<int32_t>(epoch, INT16_MAX)), coordinator};
}

// The epoch to write next; nothing when this one is shut out.
std::optional<int32_t> NextEpoch(const OwnProducer& own, const link::ProducerState* known, int32_t raise,
                                 std::optional<int32_t> attempted) {
  const int32_t required = attempted.value_or(own.epoch + raise);
  if (known != nullptr && known->producer_epoch >= required && !known->open_since) return std::nullopt;
  const int32_t next = attempted ? *attempted + 1 : required;
  return known == nullptr ? next : std::max(next, known->producer_epoch + (known->open_since ? 1 : 0));
}

}  // namespace

FencePlan PlanFence(const std::vector<OwnProducer>& own, const std::vector<int64_t>& ever_used,
                    const Remembered& partitions, int32_t raise, const Attempted& attempted) {
  FencePlan plan;
  for (const auto& [tp, producers] : partitions) {
    for (const OwnProducer& producer : own) {
      const link::ProducerState* known = link::FindProducer(producers, producer.producer_id);
      const auto tried = attempted.find({tp, producer.producer_id});
      const auto next =
          NextEpoch(producer, known, raise, tried == attempted.end() ? std::nullopt : std::optional(tried->second));
      if (next) plan[MarkerOf(producer.producer_id, *next, known)].push_back(tp);
    }
    // Nobody holds an epoch of these any more but an agent that slept since: its appends are of the epoch that stands.
    for (const int64_t id : ever_used) {
      const auto is = [id](const OwnProducer& producer) { return producer.producer_id == id; };
      if (std::any_of(own.begin(), own.end(), is)) continue;
      const link::ProducerState* known = link::FindProducer(producers, id);
      if (known != nullptr && (known->last_sequence >= 0 || known->open_since))
        plan[MarkerOf(id, known->producer_epoch + raise, known)].push_back(tp);
    }
  }
  return plan;
}

void Note(const FencePlan& plan, Attempted& attempted) {
  for (const auto& [marker, partitions] : plan)
    for (const TopicPartition& tp : partitions) attempted[{tp, marker.producer_id}] = marker.epoch;
}

}  // namespace klink::failover
