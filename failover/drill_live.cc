#include "failover/drill_live.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/time_limit.h"
#include "failover/drill_judge.h"
#include "failover/drill_proof.h"
#include "link/group_requests.h"
#include "link/kafka_partition.h"
#include "link/verify.h"

namespace klink::failover {
namespace {

constexpr Duration kFailoverLimit = 12min;
constexpr Duration kReadLimit = 30s;
constexpr Duration kReadEvery = 20ms;
constexpr int32_t kReadBytes = 4 << 20;
constexpr int64_t kBehindBytesMost = 16 << 20;  // of one partition, behind its cut

// Which mirror is not STOPPED, and why; empty: all are.
std::string Unfinished(const link::PromotionSnapshot& promotion) {
  for (const link::PromotedMirror& mirror : promotion.mirrors)
    if (mirror.outcome != "stopped" && mirror.outcome != "already_stopped")
      return fmt::format("{} is {}: {}", mirror.topic, mirror.outcome, mirror.error.value_or("no reason given"));
  return promotion.state == "COMPLETED" || promotion.state == "PARTIAL"
             ? ""
             : fmt::format("the failover is {}", promotion.state);
}

}  // namespace

DrillLive::DrillLive(const config::LinkConfig& link, const LiveAsk& ask, DrillLook& look, Executor executor,
                     Clock& clock)
    : link_(link), ask_(ask), look_(look), executor_(std::move(executor)), clock_(clock) {}

double DrillLive::Since(Instant from) const { return std::chrono::duration<double>(clock_.Now() - from).count(); }

const state::CutPartition* DrillLive::CutOf(const TopicPartition& tp) const {
  const state::CutRecord* cut = look_.state().cut(tp.topic);
  const auto index = static_cast<size_t>(tp.partition);
  return cut != nullptr && index < cut->partitions.size() ? &cut->partitions[index] : nullptr;
}

Async<Status> DrillLive::FailOver(link::PromoteRequest request, DrillReport& report) {
  incident_ = clock_.Now();
  const WallTime now = clock_.Wall();
  report.rto.incident = ask_.incident.value_or(now);
  lead_seconds_ = std::chrono::duration<double>(now - *report.rto.incident).count();
  auto done = co_await Within(executor_, clock_, kFailoverLimit, "the failover", ask_.door->FailOver(request));
  CO_RETURN_IF_ERROR(done.status());
  promotion_ = *std::move(done);
  facts_.operation = promotion_.operation.value_or("");
  facts_.completed = promotion_.state == "COMPLETED" || promotion_.state == "PARTIAL";
  report.operation = promotion_.operation;
  report.rto.phases = PhasesOf(promotion_.steps, Since(incident_));
  if (ask_.incident)
    report.rto.phases.insert(report.rto.phases.begin(), DrillPhase{"detect_and_decide", lead_seconds_});
  if (const std::string open = Unfinished(promotion_); !open.empty()) co_return FailedPrecondition("{}", open);
  CO_RETURN_IF_ERROR(co_await look_.ReadAgain());
  std::map<TopicPartition, int64_t> cuts;
  for (const TopicPartition& tp : look_.partitions()) {
    LivePartition& partition = facts_.partitions[tp];
    const state::CutPartition* cut = CutOf(tp);
    if (cut == nullptr) continue;
    partition.cut = cut->cut;
    if (cut->replicated_to) cuts[tp] = *cut->replicated_to;
  }
  look_.TakeCuts(std::move(cuts));
  co_return absl::OkStatus();
}

Async<Status> DrillLive::Read(DrillReport& report) {
  const Instant began = clock_.Now();
  std::string open;
  for (const Instant until = began + kReadLimit;;) {
    const auto told = co_await link::PointsOf(look_.destination(), look_.partitions(), link::GroupPoint::kLastStable);
    if (IsCancelled(told.status())) co_return told.status();
    open = told.ok() ? "" : std::string(Text(told.status()));
    for (auto& [tp, partition] : facts_.partitions) {
      if (told.ok() && told->contains(tp)) partition.last_stable = told->at(tp);
      if (!partition.cut || !partition.last_stable || *partition.last_stable < *partition.cut)
        open = fmt::format("{} cannot be read up to its cut", tp);
    }
    if (open.empty() || clock_.Now() >= until) break;
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kReadEvery));
  }
  report.rto.phases.push_back({"first_consume", Since(began)});
  if (!open.empty()) co_return FailedPrecondition("{}", open);
  report.rto.seconds = lead_seconds_ + Since(incident_);
  co_return absl::OkStatus();
}

Async<Status> DrillLive::LookBehind() {
  Status worst;
  for (auto& [tp, partition] : facts_.partitions) {
    const Status looked = co_await LookBehindOne(tp, partition);
    if (IsCancelled(looked)) co_return looked;
    worst.Update(looked);
  }
  co_return worst;
}

// What an operator deleted behind the cut tells nothing any more.
Async<Status> DrillLive::LookBehindOne(TopicPartition tp, LivePartition& partition) {
  if (!partition.cut) co_return FailedPrecondition("{}: the failover recorded no cut", tp);
  CO_TRY(const int64_t start, co_await link::OffsetOf(look_.destination(), tp, link::LogPoint::kStart));
  CO_TRY(const int64_t end, co_await link::OffsetOf(look_.destination(), tp, link::LogPoint::kHighWatermark));
  link::Pace pace(clock_, 0);
  link::LogReader log(look_.destination(), tp, std::max(start, *partition.cut), end, kReadBytes, pace);
  for (int64_t bytes = 0; bytes < kBehindBytesMost;) {
    CO_TRY(const auto batch, co_await log.Next());
    if (!batch) break;
    const kafka::BatchView view(batch->view());
    bytes += static_cast<int64_t>(view.size_bytes());
    if (look_.state().IsOurs(view.producer_id()))
      partition.ours_behind++;
    else if (!partition.others_from && start <= *partition.cut)
      partition.others_from = view.base_offset();
  }
  partition.read_behind = true;
  co_return co_await LookAtTail(tp, start, partition);
}

// A cleaner may have taken it away since, or retention: then it tells nothing either.
Async<Status> DrillLive::LookAtTail(TopicPartition tp, int64_t log_start, LivePartition& partition) {
  const state::CutPartition* cut = CutOf(tp);
  if (cut == nullptr || !cut->tail_offset || !cut->tail_crc || *cut->tail_offset < log_start)
    co_return absl::OkStatus();
  const auto batch = co_await link::BatchHolding(look_.destination(), tp, *cut->tail_offset);
  partition.has_tail = true;
  CO_RETURN_IF_ERROR(batch.status());
  if (!*batch || kafka::BatchView((*batch)->view()).base_offset() != *cut->tail_offset) {
    partition.has_tail = !look_.IsCompacted(tp.topic);
    partition.tail_stands = false;
    co_return absl::OkStatus();
  }
  const kafka::BatchView view((*batch)->view());
  partition.tail_stands = static_cast<int64_t>(Crc32c(view.body())) == *cut->tail_crc;
  co_return absl::OkStatus();
}

Async<Status> DrillLive::Compare(DrillReport& report) {
  facts_.compared = absl::OkStatus();
  std::map<TopicPartition, int64_t> ends;
  for (const auto& [tp, partition] : facts_.partitions)
    if (partition.cut) ends[tp] = *partition.cut;
  auto begins = co_await look_.NewestParts(std::move(ends));
  if (!begins.ok()) facts_.compared = begins.status();
  CO_RETURN_IF_ERROR(begins.status());
  for (const auto& [tp, from] : *begins) {
    const Status compared = co_await ComparePartition(tp, from, report);
    if (IsCancelled(compared)) co_return compared;
    facts_.compared->Update(compared);
  }
  co_return *facts_.compared;
}

// In a compacted topic a record may be cleaned away while it is looked for: a difference counts when it is found twice.
Async<Status> DrillLive::ComparePartition(TopicPartition tp, int64_t from, DrillReport& report) {
  const state::CutPartition* cut = CutOf(tp);
  if (cut == nullptr || !cut->replicated_to) co_return Unavailable("{}: up to where it was copied is not recorded", tp);
  const int64_t end = std::min(*cut->replicated_to, cut->aborted_from.value_or(*cut->replicated_to));
  CO_TRY(link::PartitionProof proof, co_await Prove(tp, from, end));
  if (proof.differences_total > 0 && look_.IsCompacted(tp.topic)) {
    CO_TRY(proof, co_await Prove(tp, from, end));
  }
  TakeProof(tp, proof, report.verification, facts_.kinds);
  co_return absl::OkStatus();
}

// `end`: the source offset up to which it must be the same.
Async<StatusOr<link::PartitionProof>> DrillLive::Prove(TopicPartition tp, int64_t from, int64_t end) {
  const TopicPartition source = look_.SourceOf(tp);
  CO_TRY(link::LogEnds ends, co_await link::EndsOf(look_.source(), look_.destination(), source, tp));
  ends.source_end = std::min(ends.source_end, end);
  const auto map = look_.MapOf(tp);
  // Behind that stand the fence's own batches, and what others write by now.
  const offsets::Answer at = map ? map->ToDest(SourceOffset(end)) : offsets::Answer{};
  if (!map || at.kind != offsets::Answer::Kind::kUnknown) ends.copy_end = std::min(ends.copy_end, map ? at.value : end);
  link::VerifyOptions options = link::ComparisonOf(link_);
  options.depth = link::VerifyOptions::Depth::kBytes;
  options.from = look_.ToSource(tp, from);
  if (look_.IsCompacted(tp.topic)) options.cleaning = link::VerifyOptions::Cleaning::kCompacts;
  link::Pace pace(clock_, 0);
  CO_TRY(const link::PartitionProof proof,
         co_await link::VerifyPartition(look_.source(), look_.destination(), source, tp, ends, map ? &*map : nullptr,
                                        options, pace));
  if (proof.differences_total == 0 && proof.proven_equal_up_to < ends.source_end)
    co_return Unavailable("{}: proven equal up to offset {} of {} alone", tp, proof.proven_equal_up_to,
                          ends.source_end);
  co_return proof;
}

std::vector<DrillInvariant> DrillLive::Judge(const std::vector<DrillPosition>& positions,
                                             const DrillReport& report) const {
  return JudgeLive(facts_, report.verification, positions);
}

}  // namespace klink::failover
