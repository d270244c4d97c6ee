#include "link/realign_plan.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "state/reasons.h"

namespace klink::link {
namespace {

bool IsAligned(const PartitionSnapshot& p) { return p.offsets == "identical" && !p.reason_code && p.state != "FAILED"; }

void AddUp(const MirrorSnapshot& mirror, RealignedMirror& plan) {
  plan.deletes = plan.copies = plan.prefills = 0;
  const auto add = [](std::optional<int64_t>& sum, std::optional<int64_t> from, std::optional<int64_t> to) {
    sum = sum && from && to ? std::optional(*sum + *to - *from) : std::nullopt;
  };
  for (const PartitionSnapshot& p : mirror.partitions) {
    add(plan.deletes, p.destination_log_start, p.destination_end);
    add(plan.copies, p.source_log_start, p.source_high_watermark);
    add(plan.prefills, 0, p.source_log_start);
  }
}

Status Check(const MirrorSnapshot& mirror, const RealignFacts& facts, const RealignRules& rules) {
  if (mirror.state == "PAUSED" || mirror.state == "LINK_PAUSED")
    return FailedPrecondition("mirror {} is {}: resume it first", mirror.topic, mirror.state);
  if (!rules.preserve)
    return FailedPrecondition("the link has offsets: translate; a new copy would be translated as well");
  if (rules.start_latest)
    return FailedPrecondition("the link has topics.start: latest; a new copy would begin at the source's end");
  for (const PartitionSnapshot& p : mirror.partitions) {
    if (p.state == "SOURCE_UNAVAILABLE")
      return Unavailable("the source does not answer: this copy is all there is of partition {}", p.partition);
    if (!p.source_log_start || !p.source_high_watermark)
      return Unavailable("partition {} is not mirrored yet, or its source was not read yet", p.partition);
    if (*p.source_log_start > rules.prefill_limit)
      return FailedPrecondition("{}: the source's log of partition {} starts at {}, beyond prefill_limit {}",
                                state::Name(state::Reason::kStartTooFar), p.partition, *p.source_log_start,
                                rules.prefill_limit);
  }
  if (!facts.readers.empty())
    return FailedPrecondition("{}: the mirror is read by {}; stop these consumers first",
                              state::Name(state::Reason::kGroupInUse), fmt::join(facts.readers, ", "));
  return absl::OkStatus();
}

}  // namespace

RealignedMirror PlanRealign(const MirrorSnapshot& mirror, const RealignFacts& facts, const RealignRules& rules) {
  RealignedMirror plan;
  plan.topic = mirror.topic;
  plan.state = mirror.state;
  const auto& partitions = mirror.partitions;
  if (!partitions.empty() && !mirror.reason_code && std::all_of(partitions.begin(), partitions.end(), IsAligned)) {
    plan.outcome = "unchanged";
    return plan;
  }
  AddUp(mirror, plan);
  plan.only_in_copy = facts.only_in_copy;
  plan.groups_not_told = facts.untold;
  if (const Status may = Check(mirror, facts, rules); !may.ok()) {
    plan.error = Text(may);
    return plan;
  }
  plan.outcome = "realigning";
  return plan;
}

}  // namespace klink::link
