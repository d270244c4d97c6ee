#include "failover/drill_rehearsal.h"

#include <algorithm>

#include "base/time_limit.h"
#include "failover/direct.h"
#include "failover/drill_judge.h"
#include "failover/drill_proof.h"

namespace klink::failover {
namespace {

constexpr Duration kFailoverLimit = 5min;
constexpr Duration kReadLimit = 30s;
constexpr Duration kReadEvery = 20ms;
constexpr int32_t kRecordsWritten = 2;  // by the new producer, in each partition

Async<StatusOr<link::PromotionSnapshot>> Promote(Direct& direct, std::string link, std::string by) {
  CO_RETURN_IF_ERROR(co_await direct.Open());
  link::PromoteRequest request;
  request.link = std::move(link);
  request.all = true;
  request.by = std::move(by);
  request.reason = "drill";
  const std::function<void(const link::PromotionSnapshot&)> untold = [](const link::PromotionSnapshot&) {};
  co_return co_await direct.Promote(std::move(request), untold);
}

}  // namespace

DrillRehearsal::DrillRehearsal(const config::Config& config, const config::LinkConfig& link, std::string id,
                               DrillLook& look, DrillCopy& copy, Executor executor, Clock& clock)
    : config_(config),
      link_(link),
      id_(std::move(id)),
      look_(look),
      copy_(copy),
      executor_(std::move(executor)),
      clock_(clock) {}

double DrillRehearsal::Since(Instant from) const { return std::chrono::duration<double>(clock_.Now() - from).count(); }

const link::PromotedPartition* DrillRehearsal::CutOf(const TopicPartition& tp) const {
  if (!promotion_) return nullptr;
  for (const link::PromotedMirror& mirror : promotion_->mirrors)
    if (mirror.topic == tp.topic)
      for (const link::PromotedPartition& partition : mirror.partitions)
        if (partition.partition == tp.partition) return &partition;
  return nullptr;
}

std::optional<TopicPartition> DrillRehearsal::CopyOf(const TopicPartition& mirror) const {
  for (const auto& [tp, copied] : copied_)
    if (copied.mirror == mirror) return tp;
  return std::nullopt;
}

Async<Status> DrillRehearsal::FailOver(DrillReport& report) {
  copied_ = copy_.copied();
  incident_ = clock_.Now();
  report.rto.incident = clock_.Wall();
  Direct direct(config_, link_, "drill-operator", executor_);
  auto promoted = co_await Within(executor_, clock_, kFailoverLimit, "failing the copies over",
                                  Promote(direct, link_.name, report.operator_name));
  co_await direct.Close();
  CO_RETURN_IF_ERROR(promoted.status());
  promotion_ = *std::move(promoted);
  report.rto.phases = PhasesOf(promotion_->steps, Since(incident_));
  for (const link::PromotedMirror& mirror : promotion_->mirrors)
    if (mirror.outcome != "stopped")
      co_return FailedPrecondition("{} is {}: {}", mirror.topic, mirror.outcome,
                                   mirror.error.value_or("no reason given"));
  for (const auto& [tp, copied] : copied_) {
    const link::PromotedPartition* cut = CutOf(tp);
    if (cut != nullptr) written_[tp].cut = cut->cut;
  }
  co_return absl::OkStatus();
}

// One new idempotent producer, as an application that starts at the destination has.
Async<Status> DrillRehearsal::Write(DrillReport& report) {
  const Instant began = clock_.Now();
  CO_TRY(const link::ProducerIdentity producer, co_await NewProducer(look_.destination()));
  for (auto& [tp, written] : written_)
    for (int32_t n = 0; n < kRecordsWritten; n++) {
      CO_TRY(const int64_t at, co_await ProduceOne(look_.destination(), tp, producer, n,
                                                   fmt::format("drill {} record {}", id_, n), clock_.Wall()));
      written.offsets.push_back(at);
    }
  report.rto.phases.push_back({"first_produce", Since(began)});
  co_return absl::OkStatus();
}

Async<Status> DrillRehearsal::Read(std::vector<DrillPosition>& positions, DrillReport& report) {
  Instant began = clock_.Now();
  if (!positions.empty()) {
    CO_RETURN_IF_ERROR(co_await ReadGroups(positions));
    report.rto.phases.push_back({"group_positions", Since(began)});
    began = clock_.Now();
  }
  for (auto& [tp, written] : written_) CO_RETURN_IF_ERROR(co_await ReadPartition(tp, written));
  report.rto.phases.push_back({"first_consume", Since(began)});
  report.rto.seconds = Since(incident_);
  co_return absl::OkStatus();
}

// What the new producer wrote, as a committed reader gets it: an open transaction would hold it back.
Async<Status> DrillRehearsal::ReadPartition(TopicPartition tp, Written& written) {
  if (written.offsets.empty()) co_return absl::OkStatus();
  for (const Instant until = clock_.Now() + kReadLimit;;) {
    CO_TRY(const auto found, co_await FirstCommitted(look_.destination(), tp, written.offsets.front()));
    if (found) {
      written.read = found->offset == written.offsets.front();
      written.last_stable = found->last_stable;
      written.high_watermark = found->high_watermark;
      co_return absl::OkStatus();
    }
    if (clock_.Now() >= until) co_return absl::OkStatus();  // which is what the judge is told
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kReadEvery));
  }
}

// Each group under a name of the drill's, at the place in the copy where it stands in the mirror.
Async<Status> DrillRehearsal::ReadGroups(std::vector<DrillPosition>& positions) {
  std::map<std::string, Positions> places;
  for (DrillPosition& position : positions) {
    const auto copy = CopyOf({position.topic, position.partition});
    if (!position.destination_offset || !copy) continue;
    const DrillCopy::Copied& copied = copied_.at(*copy);
    const int64_t at =
        std::clamp(*position.destination_offset, copied.from, std::max(copied.from, copied.acknowledged));
    const offsets::Answer answer = copied.map->ToDest(SourceOffset(at));
    if (answer.kind == offsets::Answer::Kind::kUnknown) continue;
    position.drill_offset = answer.value;
    places[position.group][*copy] = answer.value;
  }
  for (const auto& [group, of_group] : places) {
    const std::string own = DrillPrefix(id_) + group;
    CO_RETURN_IF_ERROR(co_await CommitPositions(look_.destination(), clock_, own, of_group));
    std::set<std::string> topics;
    for (const auto& [tp, at] : of_group) topics.insert(tp.topic);
    CO_TRY(const Positions stands, co_await PositionsOf(look_.destination(), own, std::move(topics)));
    if (stands != of_group) co_return DataLoss("group {} does not stand where it was put", own);
  }
  for (DrillPosition& position : positions)
    if (const auto copy = CopyOf({position.topic, position.partition}); position.drill_offset && copy)
      CO_RETURN_IF_ERROR(co_await ReadAsGroup(position, *copy));
  co_return absl::OkStatus();
}

Async<Status> DrillRehearsal::ReadAsGroup(DrillPosition& position, TopicPartition copy) {
  const DrillCopy::Copied& copied = copied_.at(copy);
  CO_TRY(const auto got, co_await FirstCommitted(look_.destination(), copy, *position.drill_offset));
  if (!got) co_return absl::OkStatus();
  position.first_read = got->offset;
  const TopicPartition mirror{position.topic, position.partition};
  const int64_t from = std::max(*position.destination_offset, copied.from);
  CO_TRY(const auto wanted, co_await FirstCommitted(look_.destination(), mirror, from));
  const link::PromotedPartition* cut = CutOf(copy);
  const int64_t replicated_to = cut != nullptr ? cut->replicated_to.value_or(0) : 0;
  // Behind that stands what had been copied of transactions without their ends, and then an application's own records.
  const bool beyond = !wanted || wanted->offset >= replicated_to;
  const offsets::Answer end = copied.map->ToDest(SourceOffset(replicated_to));
  const bool same = beyond ? got->offset >= end.value : SameContent(got->record, wanted->record);
  if (same) {
    if (*position.destination_offset < copied.from)
      position.detail += "; its place lies before the part that was copied, so it began with that";
    co_return absl::OkStatus();
  }
  position.ahead = position.behind = Name(DrillVerdict::kFailed);
  position.detail =
      fmt::format("in the copy it got another record at offset {} than at offset {} of the mirror", got->offset, from);
  co_return absl::OkStatus();
}

Async<void> DrillRehearsal::WakeUp() {
  late_ = co_await copy_.WakeUp();
  for (auto& [tp, written] : written_) {
    const auto end = co_await link::OffsetOf(look_.destination(), tp, link::LogPoint::kEnd);
    if (end.ok()) written.end = *end;
  }
}

Async<Status> DrillRehearsal::Verify(DrillReport& report) {
  verified_ = absl::OkStatus();
  for (const auto& [tp, copied] : copied_) {
    const Status compared = co_await VerifyPartition(tp, copied, report);
    if (IsCancelled(compared)) co_return compared;
    verified_->Update(compared);
  }
  co_return *verified_;
}

Async<Status> DrillRehearsal::VerifyPartition(TopicPartition tp, DrillCopy::Copied copied, DrillReport& report) {
  if (copied.acknowledged <= copied.from) co_return absl::OkStatus();
  const link::PromotedPartition* cut = CutOf(tp);
  if (cut == nullptr || !cut->cut || !cut->replicated_to)
    co_return FailedPrecondition("{}: the failover recorded no cut", tp);
  const offsets::Answer end = copied.map->ToDest(SourceOffset(copied.acknowledged));
  const int64_t expected = end.kind == offsets::Answer::Kind::kUnknown ? copied.log_end : end.value;
  if (copied.log_end < expected)
    not_there_[tp] = fmt::format("{}: everything below offset {} was acknowledged, and the log ended at {}", tp,
                                 expected, copied.log_end);
  link::LogEnds ends;
  CO_TRY(ends.source_start, co_await link::OffsetOf(look_.destination(), copied.mirror, link::LogPoint::kStart));
  ends.source_start = std::max(ends.source_start, copied.from);
  ends.source_end = copied.acknowledged;
  ends.copy_end = std::min(expected, *cut->cut);
  link::VerifyOptions options;
  options.depth = link::VerifyOptions::Depth::kBytes;
  options.cleaning = link::VerifyOptions::Cleaning::kCompacts;  // of a mirror that is compacted meanwhile
  link::Pace pace(clock_, 0);
  CO_TRY(const link::PartitionProof proof,
         co_await link::VerifyPartition(look_.destination(), look_.destination(), copied.mirror, tp, ends, copied.map,
                                        options, pace));
  TakeProof(tp, proof, report.verification, kinds_);
  if (proof.differences_total == 0 && proof.proven_equal_up_to < ends.source_end && !not_there_.contains(tp))
    co_return Unavailable("{}: proven equal up to offset {} of {} alone", tp, proof.proven_equal_up_to,
                          ends.source_end);
  co_return absl::OkStatus();
}

}  // namespace klink::failover
