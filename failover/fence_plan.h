// Who must be shut out of which partition, and how. Pure: what the partitions' leaders remember in, markers out.
//
// A producer of ours is shut out of a partition once its leader knows a higher epoch of it than any agent ever wrote
// with (protocol.md P20, T8). A marker under a higher epoch brings that about and takes one offset that no consumer
// sees; in an open transaction it is the abort. The leader's own answer says who is still to be shut out, so the plan
// is made again after each attempt until it is empty.
//
// A marker whose answer was lost may land late, and must not land behind the cut: each attempt writes a higher epoch
// than all before it, and only the last one counts, behind which the leader refuses the others (T12). So does each
// controller: `raise` leaves room between them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/types.h"
#include "link/ports.h"

namespace klink::failover {

// A producer id of the link, with the highest epoch that an agent may hold.
struct OwnProducer {
  int64_t producer_id = -1;
  int16_t epoch = 0;
  std::string transactional_id;  // where it comes from
  friend bool operator==(const OwnProducer&, const OwnProducer&) = default;
};

// What to write: a marker for each partition. Never a coordinator epoch above the one the partition knows: the real
// coordinator's own markers must not be refused (T12).
struct FenceMarker {
  int64_t producer_id = -1;
  int16_t epoch = 0;
  int32_t coordinator_epoch = 0;
  friend auto operator<=>(const FenceMarker&, const FenceMarker&) = default;
};
using FencePlan = std::map<FenceMarker, std::vector<TopicPartition>>;
using Remembered = std::map<TopicPartition, std::vector<link::ProducerState>>;

// What was attempted by this controller: the epoch that a producer must have reached in a partition.
using Attempted = std::map<std::pair<TopicPartition, int64_t>, int32_t>;
inline constexpr int32_t kAttemptsMost = 100;  // of one controller: the room between two

// `own`: who may still hold an epoch, shut out everywhere; `ever_used`: every other id the link ever wrote with, shut
// out where it is remembered.
FencePlan PlanFence(const std::vector<OwnProducer>& own, const std::vector<int64_t>& ever_used,
                    const Remembered& partitions, int32_t raise, const Attempted& attempted);
// Notes that this plan was tried.
void Note(const FencePlan& plan, Attempted& attempted);

}  // namespace klink::failover
