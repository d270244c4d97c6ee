// The failover of the throwaway copies, by the code that fails over a link, and what an application finds behind it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "failover/drill_copy.h"
#include "failover/drill_look.h"
#include "link/promotion_snapshot.h"
#include "link/verify.h"

namespace klink::failover {

class DrillRehearsal {
 public:
  // All outlive it.
  DrillRehearsal(const config::Config& config, const config::LinkConfig& link, std::string id, DrillLook& look,
                 DrillCopy& copy, Executor executor, Clock& clock);

  // From the declared incident to the first records written and read. The report's rto is filled as it comes.
  Async<Status> FailOver(DrillReport& report);
  Async<Status> Write(DrillReport& report);
  Async<Status> Read(std::vector<DrillPosition>& positions, DrillReport& report);
  // What the agent that was copying tries when it wakes up.
  Async<void> WakeUp();
  // The copies against the mirrors, from raw batches.
  Async<Status> Verify(DrillReport& report);
  // L1, L4, L6 and L7 to L14.
  std::vector<DrillInvariant> Judge(const std::vector<DrillPosition>& positions, const DrillReport& report) const;

 private:
  struct Written {
    std::optional<int64_t> cut;
    std::vector<int64_t> offsets;  // of the new producer's records
    int64_t last_stable = -1;      // as a reader was told behind them
    int64_t high_watermark = -1;
    bool read = false;           // its first record was read by a committed reader
    std::optional<int64_t> end;  // of the log, after the agent woke up
  };
  const link::PromotedPartition* CutOf(const TopicPartition& tp) const;
  Async<Status> ReadPartition(TopicPartition tp, Written& written);
  Async<Status> ReadGroups(std::vector<DrillPosition>& positions);
  Async<Status> ReadAsGroup(DrillPosition& position, TopicPartition copy);
  Async<Status> VerifyPartition(TopicPartition tp, DrillCopy::Copied copied, DrillReport& report);
  std::optional<TopicPartition> CopyOf(const TopicPartition& mirror) const;
  double Since(Instant from) const;

  const config::Config& config_;
  const config::LinkConfig& link_;
  std::string id_;
  DrillLook& look_;
  DrillCopy& copy_;
  Executor executor_;
  Clock& clock_;
  Instant incident_{};
  std::map<TopicPartition, DrillCopy::Copied> copied_;
  std::optional<link::PromotionSnapshot> promotion_;
  std::map<TopicPartition, Written> written_;
  std::vector<LateEffect> late_;
  std::map<TopicPartition, std::string> not_there_;  // acknowledged, and not in the copy
  std::map<std::string, int64_t> kinds_;             // of differences
  std::optional<Status> verified_;
};

}  // namespace klink::failover
