// What must hold, looked at from outside: the two logs, what the agent says, and the map. It watches every append and
// every step, and reads everything at the end. guarantees: nothing lost (L1), doubled (L2), reordered (L3), changed
// (L4), moved (L5) or foreign (L6); transactions as at the source (L9, L10); status never ahead of the log (L13);
// progress once the weather is fair (L14).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/sim/agent.h"
#include "tests/sim/scenario.h"

namespace klink::sim {

class Oracle {
 public:
  Oracle(World& world, const Scenario& scenario, const SourceLog& source, const DestLog& dest, const Durable& durable)
      : world_(world), scenario_(scenario), source_(source), dest_(dest), durable_(durable) {}

  // What is wrong with a batch at the moment it is appended; empty when nothing is.
  std::string Inspect(DestLog::Stored& stored) const;
  // After a step of the agent.
  void Watch(const Agent& agent);
  // At the end.
  void Judge(const Agent& agent);

  void Complain(std::string what);
  const std::vector<std::string>& complaints() const { return complaints_; }
  int64_t UntoldForeign() const;
  int64_t misplaced() const { return world_.counts()[static_cast<size_t>(Fault::kMisplaced)]; }

 private:
  bool MayHalt(state::Reason reason) const;
  bool LogIsSpoilt() const;
  void JudgeSpoilt(const Agent& agent);
  void JudgeLog(const Agent& agent);
  void JudgeMap(const Agent& agent, const std::vector<const DestLog::Stored*>& ours);
  void JudgeBatch(const DestLog::Stored& stored);
  void JudgeTransactions();
  std::string InspectFilled(DestLog::Stored& stored) const;
  void JudgeFilled(const Agent& agent);
  bool IsShown(const SourceLog::Batch& batch) const;
  void JudgeShown(const SourceLog::Batch& batch, const offsets::Translation& map);
  std::optional<int64_t> NextExpected() const;
  std::map<int64_t, int64_t> Carried() const;
  std::string InspectTransaction(const DestLog::Stored& stored) const;
  bool IsGone(int64_t source_producer, int64_t dest) const;
  bool StandElsewhere(int64_t from, int64_t to) const;
  bool IsSameMarker(int64_t a, int64_t b) const;
  bool IsMarkerAt(const DestLog::Stored& stored, int64_t offset) const;
  std::string InspectMarker(DestLog::Stored& stored) const;
  std::string InspectGapFiller(DestLog::Stored& stored) const;
  bool Bit(Fault fault) const { return world_.counts()[static_cast<size_t>(fault)] > 0; }

  World& world_;
  const Scenario& scenario_;
  const SourceLog& source_;
  const DestLog& dest_;
  const Durable& durable_;
  std::vector<std::string> complaints_;
  std::string last_text_;
  std::optional<link::Position> watched_;
};

// Whose producer ids are these?
inline constexpr int64_t kDataProducer = 5000;
inline constexpr int64_t kFillerProducer = 5001;
bool OfOurs(const DestLog::Stored& stored);  // data and markers

}  // namespace klink::sim
