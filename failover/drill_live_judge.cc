#include "failover/drill_live_judge.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "failover/drill_judge.h"

namespace klink::failover {
namespace {

using V = DrillVerdict;

struct Judged {
  V verdict = V::kNotChecked;
  std::string detail;
};

// The worst of all partitions, with the words of the first that is as bad.
template <class F>
Judged OfPartitions(const LiveFacts& facts, std::string passed, F judge) {
  Judged worst{facts.partitions.empty() ? V::kUnknown : V::kNotChecked, "no partition was failed over"};
  bool first = true;
  for (const auto& [tp, partition] : facts.partitions) {
    Judged one = judge(partition);
    if (!one.detail.empty()) one.detail = fmt::format("{}: {}", tp, one.detail);
    if (std::exchange(first, false) || Worst({worst.verdict, one.verdict}) != worst.verdict) worst = std::move(one);
  }
  if (worst.verdict == V::kPassed) worst.detail = std::move(passed);
  return worst;
}

Judged Readable(const LivePartition& p) {
  if (!p.cut) return {V::kUnknown, "the failover recorded no cut"};
  if (!p.last_stable) return {V::kUnknown, "its leader does not tell how far it can be read"};
  if (*p.last_stable < *p.cut)
    return {V::kFailed, fmt::format("the last stable offset is {}, the cut {}", *p.last_stable, *p.cut)};
  return {V::kPassed, ""};
}

Judged NothingLate(const LivePartition& p) {
  if (!p.read_behind) return {V::kUnknown, "what stands behind the cut could not be read"};
  if (p.ours_behind > 0)
    return {V::kFailed, fmt::format("{} batches of klink's producers stand behind the cut", p.ours_behind)};
  return {V::kPassed, ""};
}

Judged AtTheCut(const LivePartition& p) {
  if (!p.others_from) return {};
  if (p.cut && *p.others_from == *p.cut) return {V::kPassed, ""};
  return {V::kFailed, fmt::format("the first record of others stands at {}, the cut is {}", *p.others_from,
                                  p.cut ? std::to_string(*p.cut) : "not known")};
}

Judged TailStands(const LivePartition& p) {
  if (!p.has_tail) return {};
  if (!p.tail_stands) return {V::kUnknown, "its last copied batch could not be read"};
  if (!*p.tail_stands) return {V::kFailed, "its last copied batch is not what the failover recorded"};
  return {V::kPassed, ""};
}

// What the comparison with the source says of one kind of difference.
Judged OfKind(const LiveFacts& facts, const std::string& kind, const DrillVerification& verification) {
  if (facts.kinds.contains(kind))
    return {V::kFailed, verification.first_differences.empty() ? kind : verification.first_differences.front()};
  if (!facts.compared) return {V::kNotChecked, "the source does not answer: there is nothing to compare with"};
  if (!facts.compared->ok()) return {V::kUnknown, std::string(Text(*facts.compared))};
  return {V::kPassed, fmt::format("{} batches, {} bytes compared with the source", verification.batches_equal,
                                  verification.bytes_compared)};
}

bool IsRefusal(Code code) {
  switch (code) {
    case Code::kFailedPrecondition:
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kUnimplemented:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::vector<DrillInvariant> JudgeLive(const LiveFacts& facts, const DrillVerification& verification,
                                      const std::vector<DrillPosition>& positions) {
  std::vector<DrillInvariant> all;
  const auto add = [&all](std::string code, std::string name, Judged judged) {
    all.push_back({std::move(code), std::move(name), std::string(Name(judged.verdict)), std::move(judged.detail)});
  };
  const Judged lost = OfKind(facts, "LOST", verification), corrupt = OfKind(facts, "CORRUPT", verification),
               phantom = OfKind(facts, "PHANTOM", verification);
  add("L1", "LOST", lost);
  add("L4", "CORRUPT", corrupt);
  add("L6", "PHANTOM", phantom);
  all.push_back(OfGroups("L7", "AHEAD", positions, &DrillPosition::ahead));
  all.push_back(OfGroups("L8", "BEHIND", positions, &DrillPosition::behind));
  Judged nine = lost;
  for (const Judged& one : {corrupt, phantom})
    if (Worst({nine.verdict, one.verdict}) != nine.verdict) nine = one;
  add("L9", "ABORTED", nine);
  add("L10", "OPEN", OfPartitions(facts, "committed readers get everything up to the cut of each partition", Readable));
  add("L11", "LATE EFFECT",
      OfPartitions(facts, "nothing of klink's producers stands behind the cut of any partition", NothingLate));
  Judged twelve = OfPartitions(facts, "the first records of others stand at the cut", AtTheCut);
  if (twelve.verdict == V::kNotChecked)
    twelve.detail = "no application wrote yet, and a live drill writes no records: an isolated one checks it";
  add("L12", "COLLISION", twelve);
  Judged thirteen =
      OfPartitions(facts, "the last copied batch of each partition stands as it was recorded", TailStands);
  if (thirteen.verdict == V::kNotChecked) thirteen.detail = "no partition has a copied batch that could be looked at";
  if (lost.verdict == V::kFailed) thirteen = lost;
  add("L13", "STALE-ACK", thirteen);
  add("L14", "STUCK",
      facts.completed ? Judged{V::kPassed, fmt::format("every step of operation {} ended", facts.operation)}
                      : Judged{V::kFailed, fmt::format("operation {} is not completed", facts.operation)});
  return all;
}

std::vector<DrillPosition> WithoutSource(std::vector<DrillPosition> positions) {
  const std::string unchecked(Name(V::kNotChecked));
  for (DrillPosition& position : positions) {
    const bool stands = std::any_of(positions.begin(), positions.end(), [&](const DrillPosition& other) {
      return other.group == position.group && other.destination_offset;
    });
    position.ahead = unchecked;
    position.behind = stands ? unchecked : std::string(Name(V::kFailed));
    position.detail = stands ? "the source does not answer: where the group stood there is not known"
                             : "it has no position at the destination: an application would begin anew";
  }
  return positions;
}

LiveStanding StandingOf(const state::StateView& view, const std::vector<std::string>& topics) {
  LiveStanding standing;
  if (const state::PromotionRecord* running = view.promotion()) standing.operation = state::OperationOf(*running);
  for (const std::string& topic : topics) {
    const state::MirrorRecord* mirror = view.mirror(topic);
    const auto phase = mirror == nullptr ? state::Phase::kFailed : mirror->phase;
    auto& of = phase == state::Phase::kStopped          ? standing.stopped
               : phase == state::Phase::kPendingStopped ? standing.pending
                                                        : standing.untouched;
    of.push_back(topic);
  }
  return standing;
}

DrillRollback RollbackOf(const LiveStanding& standing) {
  DrillRollback rollback;
  rollback.complete = !standing.touched();
  if (standing.operation) rollback.left.push_back(fmt::format("operation {} is under way", *standing.operation));
  for (const std::string& topic : standing.stopped)
    rollback.left.push_back(fmt::format("{} is STOPPED: it can be written to", topic));
  for (const std::string& topic : standing.pending)
    rollback.left.push_back(fmt::format("{} is PENDING_STOPPED: it is not copied any more", topic));
  return rollback;
}

std::vector<DrillCommand> CommandsFor(const LiveStanding& standing, const std::string& link) {
  std::vector<std::string> open = standing.pending;
  open.insert(open.end(), standing.untouched.begin(), standing.untouched.end());
  std::vector<DrillCommand> commands;
  if (!standing.touched()) return commands;
  if (!open.empty())
    commands.push_back(
        {"goes on with what was begun", fmt::format("klink failover {} --link {} --yes", fmt::join(open, " "), link)});
  if (!standing.stopped.empty())
    commands.push_back(
        {"what each side has, and so which way leads back",
         fmt::format("klink mirror failback {} --plan --link {}", fmt::join(standing.stopped, " "), link)});
  return commands;
}

DrillOutcome OutcomeOfAborted(const Status& why, bool touched) {
  if (touched) return DrillOutcome::kLeftOver;
  return IsRefusal(why.code()) ? DrillOutcome::kPrecondition : DrillOutcome::kRolledBack;
}

}  // namespace klink::failover
