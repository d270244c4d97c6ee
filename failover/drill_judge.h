// From what a drill saw to its verdicts. Pure: each rule is one function with a table test.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "config/schema_drill.h"
#include "failover/drill_report.h"
#include "link/promotion_snapshot.h"

namespace klink::failover {

// What is known of one mirror partition as the incident is declared.
struct LossFacts {
  std::optional<int64_t> source_end;        // as the source answers; nothing: it does not
  std::optional<int64_t> replicated_to;     // source offset
  std::optional<int64_t> tail_bytes;        // of what had not crossed
  std::optional<int64_t> oldest_ms;         // the time of the first record that had not
  std::optional<int64_t> newest_copied_ms;  // the time of the last record that had
};
DrillLoss LossOf(const std::string& topic, const std::vector<LossFacts>& partitions, int64_t now_ms);
// Of all topics: sums, and the worst of the times.
DrillRpo SumUp(std::vector<DrillLoss> topics);

DrillObjective JudgeRpo(double target_seconds, const DrillRpo& rpo);
// `measured` nothing: the drill did not come that far, or does not look (`dry`).
DrillObjective JudgeRto(double target_seconds, std::optional<double> measured, config::DrillKind kind);
// Where the time of a failover went that took so many seconds: what no step of it counts was taking control.
std::vector<DrillPhase> PhasesOf(const std::vector<link::PromotionStepTime>& steps, double seconds);

// Where a group stands, in offsets of the source's log and the mirror's own. `reached`: the source offset up to which
// the destination's position counts as read.
struct PositionFacts {
  std::optional<int64_t> source_at_begin;  // committed at the source when the drill began
  std::optional<int64_t> source_now;       // and after the destination was asked
  std::optional<int64_t> reached;
  bool source_answers = true;
  bool copy_reaches_begin = true;   // the mirror held what the group had read
  std::optional<bool> same_record;  // what it got first in the drill is what stands at its position in the mirror
};
struct PositionVerdict {
  DrillVerdict ahead = DrillVerdict::kUnknown;
  DrillVerdict behind = DrillVerdict::kUnknown;
  std::string detail;
};
PositionVerdict JudgePosition(const PositionFacts& facts);
// L7 (`ahead`) or L8 (`behind`) of all groups, in the words of the worst position.
DrillInvariant OfGroups(std::string code, std::string name, const std::vector<DrillPosition>& positions,
                        std::string DrillPosition::* member);

// The worst of them; of none NOT_CHECKED.
DrillVerdict Worst(const std::vector<DrillVerdict>& verdicts);
std::optional<DrillVerdict> VerdictNamed(std::string_view name);

// What the whole came to, of a drill that was not aborted.
DrillOutcome JudgeAll(const DrillReport& report);
// The one line that ends a run.
std::string SummaryOf(const DrillReport& report);

// Of a cluster's topics or groups: those that belong to drills, by the id of the drill.
std::optional<std::string> DrillIdOf(std::string_view name);
// `_klink.drill.<id>.`
std::string DrillPrefix(std::string_view id);
// When that drill began, by its id.
std::optional<WallTime> BeganAt(std::string_view id);
// Sorts by time; two of one second differ.
std::string NewDrillId(WallTime now, uint32_t random);

// Where in a log a copy of at most so many bytes begins, from a few batches that were looked at.
struct SizeSample {
  int64_t start = 0;
  int64_t end = 0;
  double bytes_per_offset = 0;  // of the largest batch that was seen; 0: none was
};
int64_t CopyFrom(const SizeSample& log, int64_t bytes_most);

}  // namespace klink::failover
