// From what a live drill saw to its verdicts. It writes no record to a topic that is in use, so what needs one is not
// checked: where a new producer's records land is read off those that applications wrote meanwhile. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "failover/drill_report.h"
#include "state/view.h"

namespace klink::failover {

// One partition of a mirror after the failover, by offsets of the destination.
struct LivePartition {
  std::optional<int64_t> cut;          // as the failover recorded it
  std::optional<int64_t> last_stable;  // nothing: its leader does not tell
  bool has_tail = false;               // the last copied batch was recorded, and can still be there
  std::optional<bool> tail_stands;     // with the same bytes; nothing: it could not be read
  bool read_behind = false;            // what stands behind the cut was read
  int64_t ours_behind = 0;             // batches of klink's producers there
  std::optional<int64_t> others_from;  // where the first batch of others begins; nothing: there is none, or it is gone
};

struct LiveFacts {
  std::map<TopicPartition, LivePartition> partitions;
  std::optional<Status> compared;        // how the comparison with the source ended; nothing: there was none
  std::map<std::string, int64_t> kinds;  // of the differences it found
  std::string operation;                 // the failover
  bool completed = false;
};
// L1, L4, L6 to L14.
std::vector<DrillInvariant> JudgeLive(const LiveFacts& facts, const DrillVerification& verification,
                                      const std::vector<DrillPosition>& positions);

// Of a drill without the source: where a group stood there is not known, but whether it stands anywhere is.
std::vector<DrillPosition> WithoutSource(std::vector<DrillPosition> positions);

// What there is of a failover that did not come to its end, as the link's state tells.
struct LiveStanding {
  std::vector<std::string> stopped;      // topics that can be written to
  std::vector<std::string> pending;      // under way
  std::vector<std::string> untouched;    // still mirrored
  std::optional<std::string> operation;  // the promotion that is under way

  bool touched() const { return operation || !stopped.empty() || !pending.empty(); }
};
LiveStanding StandingOf(const state::StateView& view, const std::vector<std::string>& topics);
DrillRollback RollbackOf(const LiveStanding& standing);
// What finishes what stands, or shows how it is brought back.
std::vector<DrillCommand> CommandsFor(const LiveStanding& standing, const std::string& link);

// Of a failover that ended so: was nothing of it begun because it was refused, did nothing of it stay, or does it
// stand?
DrillOutcome OutcomeOfAborted(const Status& why, bool touched);

}  // namespace klink::failover
