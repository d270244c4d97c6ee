#include "failover/failback_plan.h"

#include <algorithm>
#include <limits>

namespace klink::failover {
namespace {

using offsets::Answer;

int64_t ToSource(const offsets::Translation* map, int64_t destination) {
  if (map == nullptr) return destination;
  const Answer answer = map->ToSource(DestOffset(destination));
  return answer.kind == Answer::Kind::kUnknown ? std::numeric_limits<int64_t>::max() : answer.value;
}

// What was copied last may have been cut off since then.
std::optional<int64_t> EndOfEpoch(const EpochFact& epoch) {
  return epoch.kind == EpochFact::Kind::kEnded ? std::optional(epoch.end) : std::nullopt;
}

}  // namespace

int64_t ToDestination(const offsets::Translation* map, int64_t source) {
  if (map == nullptr) return source;
  const Answer answer = map->ToDest(SourceOffset(source));
  return answer.kind == Answer::Kind::kUnknown ? source : answer.value;
}

SearchRange RangeToSearch(const PartingFacts& facts) {
  constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();
  SearchRange range;
  range.bottom = link::VerifyFrom(facts.ends, facts.map, std::nullopt);
  range.top = std::min({facts.ends.source_end, ToSource(facts.map, facts.ends.copy_end),
                        facts.cut ? facts.cut->replicated_to : kEndless, EndOfEpoch(facts.epoch).value_or(kEndless)});
  return range;
}

bool NeedsBatches(const PartingFacts& facts) {
  const SearchRange range = RangeToSearch(facts);
  return range.bottom < range.top && !facts.compacted;
}

std::optional<Parting> SettledWithoutBatches(const PartingFacts& facts, std::string_view& why) {
  const SearchRange range = RangeToSearch(facts);
  Parting parting;
  parting.from = parting.source = range.top;
  parting.destination = ToDestination(facts.map, range.top);
  if (facts.cut && facts.epoch.kind != EpochFact::Kind::kUnknown) {
    parting.evidence = Evidence::kLeaderEpoch;
    return parting;
  }
  if (range.top <= 0) return parting;  // nothing lies below
  if (facts.compacted) {
    why = facts.cut ? "compacted, and the source does not know the leader epoch of the cut any more"
                    : "compacted, and no promotion recorded where it was cut";
    return std::nullopt;
  }
  // All that the source still holds lies behind the cut, so none of it crossed, whatever lay before.
  if (facts.cut) return parting;
  why = "the two logs hold no offset in common, and no promotion recorded where the copy was cut";
  return std::nullopt;
}

void PartingSearch::GoBack() {
  window_.to = window_.from;
  window_.from = std::max(bottom_, window_.to - length_);
  length_ *= 4;
}

void PartingSearch::Take(int64_t equal_up_to) {
  parted_at_ = std::clamp(equal_up_to, window_.from, window_.to);
  done_ = parted_at_ > window_.from || window_.from <= bottom_;
  if (!done_) GoBack();
}

Relation RelationOf(const Parting& parting, const std::optional<RecordedCut>& cut, Beyond beyond) {
  if (beyond.copied || (cut && parting.source < cut->replicated_to)) return Relation::kDiverged;
  if (beyond.source) return beyond.written ? Relation::kBothAhead : Relation::kSourceAhead;
  return beyond.written ? Relation::kDestinationAhead : Relation::kEqual;
}

}  // namespace klink::failover
