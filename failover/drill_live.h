// The failover of a live drill and what is looked at behind it: nothing is written to a topic that is in use.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "failover/drill_door.h"
#include "failover/drill_live_judge.h"
#include "failover/drill_look.h"

namespace klink::failover {

class DrillLive {
 public:
  // All outlive it.
  DrillLive(const config::LinkConfig& link, const LiveAsk& ask, DrillLook& look, Executor executor, Clock& clock);

  // From the declared incident to its end. Another error than Cancelled: some mirror is not STOPPED.
  Async<Status> FailOver(link::PromoteRequest request, DrillReport& report);
  // What the failover left for a person to do; it keeps no topic back.
  const std::vector<std::string>& remaining() const { return promotion_.remaining; }
  const std::string& operation() const { return facts_.operation; }
  // Until each partition can be read up to its cut: the end of the RTO.
  Async<Status> Read(DrillReport& report);
  // What stands behind the cuts, and the last copied batches.
  Async<Status> LookBehind();
  // The newest part of the mirrors against their source, from raw batches.
  Async<Status> Compare(DrillReport& report);
  std::vector<DrillInvariant> Judge(const std::vector<DrillPosition>& positions, const DrillReport& report) const;

 private:
  double Since(Instant from) const;
  Async<Status> LookBehindOne(TopicPartition tp, LivePartition& partition);
  Async<Status> LookAtTail(TopicPartition tp, int64_t log_start, LivePartition& partition);
  Async<Status> ComparePartition(TopicPartition tp, int64_t from, DrillReport& report);
  Async<StatusOr<link::PartitionProof>> Prove(TopicPartition tp, int64_t from, int64_t end);
  const state::CutPartition* CutOf(const TopicPartition& tp) const;

  const config::LinkConfig& link_;
  const LiveAsk& ask_;
  DrillLook& look_;
  Executor executor_;
  Clock& clock_;
  Instant incident_{};
  double lead_seconds_ = 0;  // from the declared incident until the failover was asked for
  link::PromotionSnapshot promotion_;
  LiveFacts facts_;
};

}  // namespace klink::failover
