// Where groups stand on both sides, and what had not crossed: the part of the look that compares the clusters.
#include <algorithm>

#include "failover/drill_look.h"
#include "link/group_requests.h"
#include "link/verify_reader.h"

namespace klink::failover {
namespace {

constexpr int32_t kReadBytes = 4 << 20;
constexpr int64_t kTailBytesMost = 256LL << 20;  // read of what had not crossed, of one partition
constexpr Duration kPositionsEvery = 500ms;

std::optional<int64_t> Find(const Positions& positions, const TopicPartition& tp) {
  const auto found = positions.find(tp);
  return found == positions.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

Async<std::map<std::string, Positions>> DrillLook::AllPositions(kafka::Cluster& cluster, std::set<std::string> topics,
                                                                std::vector<std::string>& troubles) {
  std::map<std::string, Positions> all;
  for (const std::string& group : drill_.groups) {
    auto positions = co_await PositionsOf(cluster, group, topics);
    if (positions.ok())
      all[group] = *std::move(positions);
    else
      troubles.push_back(fmt::format("group {} at {}: {}", group, cluster.name(), Text(positions.status())));
  }
  co_return all;
}

Async<Status> DrillLook::NoteGroups() {
  if (drill_.groups.empty() || !source_answers()) co_return absl::OkStatus();
  std::set<std::string> topics;
  for (const state::MirrorRecord& mirror : mirrors_) topics.insert(mirror.source_topic);
  std::vector<std::string> troubles;
  at_begin_ = co_await AllPositions(source_, std::move(topics), troubles);
  if (!troubles.empty()) co_return Unavailable("{}", troubles.front());
  for (const auto& [group, positions] : at_begin_)
    if (positions.empty())
      co_return FailedPrecondition("group {} has committed nothing at {} in the topics of this drill", group,
                                   link_.source);
  co_return absl::OkStatus();
}

// What the group would get first at the destination, and what stands there at the source.
Async<std::optional<bool>> DrillLook::SameFirst(const DrillPosition& position) {
  const TopicPartition mirror{position.topic, position.partition};
  const auto ours = co_await FirstCommitted(destination_, mirror, *position.destination_offset);
  if (!ours.ok()) co_return std::nullopt;
  if (!*ours) co_return true;  // it has read all there is
  const auto at = ToSource(mirror, (*ours)->offset);
  if (!at) co_return std::nullopt;
  if (const auto cut = Find(cuts_, mirror); cut && *at >= *cut) co_return true;  // all that was copied
  const TopicPartition source = SourceOf(mirror);
  const auto from = ToSource(mirror, *position.destination_offset);
  const auto theirs = co_await FirstCommitted(source_, source, from.value_or(*at));
  if (!theirs.ok() || !*theirs) co_return std::nullopt;
  co_return (*theirs)->offset == *at&& SameContent((*ours)->record, (*theirs)->record);
}

Async<std::vector<DrillPosition>> DrillLook::ComparePositions(Instant until) {
  std::set<std::string> mirrors, sources;
  for (const state::MirrorRecord& mirror : mirrors_) {
    mirrors.insert(mirror.destination_topic);
    sources.insert(mirror.source_topic);
  }
  for (;;) {
    std::vector<DrillPosition> positions;
    std::vector<std::string> troubles;
    const auto ours = co_await AllPositions(destination_, mirrors, troubles);
    std::map<std::string, Positions> theirs;
    if (source_answers()) theirs = co_await AllPositions(source_, sources, troubles);
    const auto ends = co_await link::PointsOf(destination_, partitions(), link::GroupPoint::kHighWatermark);
    bool waits = false;
    for (const std::string& group : drill_.groups)
      for (const TopicPartition& tp : partitions()) {
        DrillPosition position;
        position.group = group;
        position.topic = tp.topic;
        position.partition = tp.partition;
        const TopicPartition source = SourceOf(tp);
        if (const auto of = at_begin_.find(group); of != at_begin_.end())
          position.source_offset = Find(of->second, source);
        if (const auto of = ours.find(group); of != ours.end()) position.destination_offset = Find(of->second, tp);
        PositionFacts facts;
        facts.source_answers = source_answers() && theirs.contains(group);
        facts.source_at_begin = position.source_offset;
        if (facts.source_answers) facts.source_now = Find(theirs.at(group), source);
        if (position.destination_offset) facts.reached = ToSource(tp, *position.destination_offset);
        if (ends.ok() && ends->contains(tp) && position.source_offset)
          facts.copy_reaches_begin =
              Find(cuts_, tp).value_or(ToSource(tp, ends->at(tp)).value_or(0)) >= *position.source_offset;
        if (facts.source_answers && position.source_offset && facts.reached)
          facts.same_record = co_await SameFirst(position);
        PositionVerdict verdict = JudgePosition(facts);
        waits |= verdict.behind == DrillVerdict::kFailed;
        position.ahead = Name(verdict.ahead);
        position.behind = Name(verdict.behind);
        position.detail = std::move(verdict.detail);
        if (facts.source_at_begin || position.destination_offset || !facts.source_answers)
          positions.push_back(std::move(position));
      }
    if (!waits || clock_.Now() >= until || !(co_await clock_.Sleep(kPositionsEvery)).ok()) co_return positions;
  }
}

// The copies' ends first: what is there then had crossed.
Async<Status> DrillLook::NoteLoss() {
  ends_at_ms_ = clock_.Wall().time_since_epoch().count();
  CO_TRY(mirror_ends_, co_await link::PointsOf(destination_, partitions(), link::GroupPoint::kHighWatermark));
  if (!source_answers()) co_return absl::OkStatus();
  const auto told = co_await link::PointsOf(source_, SourcePartitions(), link::GroupPoint::kHighWatermark);
  if (IsCancelled(told.status())) co_return told.status();
  if (told.ok()) source_ends_ = *told;
  co_return absl::OkStatus();
}

Async<DrillRpo> DrillLook::MeasureLoss() {
  std::vector<DrillLoss> losses;
  for (const state::MirrorRecord& mirror : mirrors_) {
    std::vector<LossFacts> facts;
    for (size_t p = 0; p < mirror.partitions.size(); p++)
      facts.push_back(co_await LossAt({mirror.destination_topic, static_cast<int32_t>(p)}));
    losses.push_back(LossOf(mirror.destination_topic, facts, ends_at_ms_));
  }
  co_return SumUp(std::move(losses));
}

Async<LossFacts> DrillLook::LossAt(TopicPartition mirror) {
  LossFacts facts;
  const TopicPartition source = SourceOf(mirror);
  const auto end = mirror_ends_.find(mirror);
  if (end != mirror_ends_.end()) facts.replicated_to = ToSource(mirror, end->second);
  if (const auto cut = Find(cuts_, mirror)) facts.replicated_to = cut;
  if (const auto told = source_ends_.find(source); told != source_ends_.end()) facts.source_end = told->second;
  if (!facts.source_end && end != mirror_ends_.end() && end->second > 0) {
    const auto last = co_await link::BatchHolding(destination_, mirror, end->second - 1);
    if (last.ok() && *last) facts.newest_copied_ms = kafka::BatchView((*last)->view()).max_timestamp();
  }
  if (!facts.source_end || !facts.replicated_to || *facts.source_end <= *facts.replicated_to) co_return facts;
  link::Pace pace(clock_, 0);
  link::LogReader log(source_, source, *facts.replicated_to, *facts.source_end, kReadBytes, pace);
  int64_t bytes = 0, records = 0;
  for (;;) {
    const auto batch = co_await log.Next();
    if (!batch.ok() || bytes > kTailBytesMost) co_return facts;  // how much it was stays unknown
    if (!*batch) break;
    const kafka::BatchView view((*batch)->view());
    bytes += static_cast<int64_t>(view.size_bytes());
    if (view.control()) continue;
    records += view.count();
    if (!facts.oldest_ms) facts.oldest_ms = view.base_timestamp();
  }
  facts.tail_bytes = bytes;
  if (records == 0) facts.replicated_to = facts.source_end;  // markers, or a hole up to the end
  co_return facts;
}

}  // namespace klink::failover
