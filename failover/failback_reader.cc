#include "failover/failback_reader.h"

#include <algorithm>

#include "link/kafka_partition.h"

namespace klink::failover {
namespace {

constexpr int32_t kReadBytes = 8 << 20;
constexpr int64_t kLookBack = 10'000;  // offsets: a transaction that began so long before is known by its end alone

// From a bit before where it counts.
Async<Status> ReadInto(TailTally& tally, kafka::Cluster& source, TopicPartition tp, link::OffsetWindow window,
                       link::Pace& pace) {
  link::LogReader log(source, std::move(tp), window.from, window.to, kReadBytes, pace);
  for (;;) {
    CO_TRY(const std::optional<SharedBytes> batch, co_await log.Next());
    if (!batch) co_return absl::OkStatus();
    CO_RETURN_IF_ERROR(tally.Take(kafka::BatchView(batch->view())));
  }
}

class PartitionReader {
 public:
  PartitionReader(kafka::Cluster& source, kafka::Cluster& destination, const state::StateView& state, Clock& clock,
                  PartitionReading& reading)
      : source_(source), destination_(destination), state_(state), pace_(clock, 0), reading_(reading) {}

  Async<Status> Read() {
    CO_RETURN_IF_ERROR(co_await ReadFacts());
    CO_TRY(const std::optional<Parting> parting, co_await FindParting());
    if (!parting) co_return absl::OkStatus();
    CO_RETURN_IF_ERROR(co_await TallySource(*parting));
    CO_RETURN_IF_ERROR(co_await TallyDestination(*parting));
    Judge(*parting);
    co_return absl::OkStatus();
  }

 private:
  Async<Status> ReadFacts();
  Async<StatusOr<EpochFact>> AskEpoch();
  Async<StatusOr<std::optional<Parting>>> FindParting();
  Async<Status> TallySource(const Parting& parting);
  Async<Status> TallyDestination(const Parting& parting);
  void Judge(const Parting& parting);

  kafka::Cluster& source_;
  kafka::Cluster& destination_;
  const state::StateView& state_;
  link::Pace pace_;
  PartitionReading& reading_;
  PartingFacts facts_;
  LogTail crossed_not_, written_, copied_;
};

// The copy's end is asked first: what it holds then, the source held before.
Async<Status> PartitionReader::ReadFacts() {
  CO_TRY(facts_.ends, co_await link::EndsOf(source_, destination_, reading_.source, reading_.destination));
  CO_TRY(facts_.epoch, co_await AskEpoch());
  facts_.cut = reading_.cut;
  facts_.map = reading_.map_or_null();
  facts_.compacted = reading_.compacted;
  FailbackPartition& view = reading_.view;
  view.source_start = facts_.ends.source_start;
  view.source_end = facts_.ends.source_end;
  view.destination_start = facts_.ends.copy_start;
  view.destination_end = facts_.ends.copy_end;
  co_return absl::OkStatus();
}

Async<StatusOr<EpochFact>> PartitionReader::AskEpoch() {
  EpochFact fact;
  const int32_t epoch = reading_.source_leader_epoch;
  if (epoch < 0) co_return fact;
  CO_TRY(const kafka::PartitionLeader leader, co_await source_.Leader(reading_.source));
  CO_TRY(const std::optional<int64_t> end, co_await link::EndOfEpoch(source_, reading_.source, epoch));
  if (end) fact = {EpochFact::Kind::kEnded, *end};
  if (!end && leader.epoch == epoch) fact.kind = EpochFact::Kind::kLasts;
  co_return fact;
}

Async<StatusOr<std::optional<Parting>>> PartitionReader::FindParting() {
  if (!NeedsBatches(facts_)) {
    std::string_view why;
    const std::optional<Parting> settled = SettledWithoutBatches(facts_, why);
    if (!settled) reading_.view.reason = why;
    co_return settled;
  }
  PartingSearch search(RangeToSearch(facts_));
  while (const std::optional<link::OffsetWindow> window = search.Next()) {
    link::VerifyOptions options = reading_.comparison;
    options.from = window->from;
    link::LogEnds ends = facts_.ends;
    ends.source_end = window->to;
    ends.copy_end = std::min(ends.copy_end, ToDestination(facts_.map, window->to));
    CO_TRY(const link::PartitionProof proof,
           co_await link::VerifyPartition(source_, destination_, reading_.source, reading_.destination, ends,
                                          facts_.map, options, pace_));
    search.Take(proof.differences_total == 0 ? window->to : proof.proven_equal_up_to);
  }
  Parting parting;
  parting.from = search.from();
  parting.source = search.parted_at();
  parting.destination = ToDestination(facts_.map, parting.source);
  parting.evidence = Evidence::kBatches;
  co_return parting;
}

Async<Status> PartitionReader::TallySource(const Parting& parting) {
  const int64_t from = std::max(parting.source, facts_.ends.source_start);
  const int64_t look_back = std::max(facts_.ends.source_start, from - kLookBack);
  reading_.tally = std::make_shared<TailTally>(from);
  const link::OffsetWindow window{look_back, facts_.ends.source_end};
  if (from < window.to) CO_RETURN_IF_ERROR(co_await ReadInto(*reading_.tally, source_, reading_.source, window, pace_));
  crossed_not_ = reading_.tally->Finish();
  co_return absl::OkStatus();
}

// What klink wrote there is told from what others wrote by who the producer was.
Async<Status> PartitionReader::TallyDestination(const Parting& parting) {
  const int64_t from = std::max(parting.destination, facts_.ends.copy_start);
  TailTally written(from), copied(from);
  if (from < facts_.ends.copy_end) {
    link::LogReader log(destination_, reading_.destination, from, facts_.ends.copy_end, kReadBytes, pace_);
    for (;;) {
      CO_TRY(const std::optional<SharedBytes> batch, co_await log.Next());
      if (!batch) break;
      const kafka::BatchView view(batch->view());
      CO_RETURN_IF_ERROR((state_.IsOurs(view.producer_id()) ? copied : written).Take(view));
    }
  }
  written_ = written.Finish();
  copied_ = copied.Finish();
  co_return absl::OkStatus();
}

void PartitionReader::Judge(const Parting& parting) {
  FailbackPartition& view = reading_.view;
  view.evidence = Name(parting.evidence);
  if (parting.evidence == Evidence::kBatches) view.equal_from = parting.from;
  view.parted_at = parting.source;
  view.parted_at_destination = parting.destination;
  view.never_crossed = ViewOf(crossed_not_);
  view.written_since = ViewOf(written_);
  view.copied_only = ViewOf(copied_);
  view.gone_at_source = std::max<int64_t>(0, facts_.ends.source_start - parting.source);
  const Beyond beyond{.source = !crossed_not_.empty(), .copied = copied_.records > 0, .written = !written_.empty()};
  view.relation = Name(RelationOf(parting, reading_.cut, beyond));
}

}  // namespace

void PartitionReading::Take(const state::CutPartition& recorded) {
  source_leader_epoch = std::max(source_leader_epoch, recorded.source_leader_epoch);
  view.transactions_cut = recorded.transactions_cut;
  view.copied_end = recorded.copied_end;
  if (recorded.cut && recorded.replicated_to)
    cut = RecordedCut{.replicated_to = *recorded.replicated_to, .destination_end = *recorded.cut};
}

void PartitionReading::Begin() {
  view.topic = destination.topic;
  view.source_topic = source.topic;
  view.partition = destination.partition;
  if (!cut) return;
  view.cut = cut->destination_end;
  view.replicated_to = cut->replicated_to;
}

Async<Status> ReadPartition(kafka::Cluster& source, kafka::Cluster& destination, const state::StateView& state,
                            Clock& clock, PartitionReading& reading) {
  PartitionReader reader(source, destination, state, clock, reading);
  const Status read = co_await reader.Read();
  if (IsCancelled(read)) co_return read;
  if (!read.ok()) reading.view.reason = Text(read);
  co_return absl::OkStatus();
}

Async<Status> ReadCrossed(kafka::Cluster& source, Clock& clock, PartitionReading& reading) {
  const int64_t to = reading.view.never_crossed->from;
  const link::OffsetWindow window{std::max(*reading.view.source_start, to - kLookBack), to};
  link::Pace pace(clock, 0);
  const Status read = window.from < window.to ? co_await ReadInto(*reading.tally, source, reading.source, window, pace)
                                              : absl::OkStatus();
  if (IsCancelled(read)) co_return read;
  if (!read.ok()) reading.view.reason = Text(read);
  co_return absl::OkStatus();
}

Async<StatusOr<std::vector<ExportedFile>>> ExportPartition(kafka::Cluster& source, Clock& clock,
                                                           const PartitionReading& reading, std::string folder) {
  const TailView& tail = *reading.view.never_crossed;
  CO_TRY(TailExport files, TailExport::Create(folder, reading.source, tail.from));
  link::Pace pace(clock, 0);
  link::LogReader log(source, reading.source, tail.from, *reading.view.source_end, kReadBytes, pace);
  for (;;) {
    CO_TRY(const std::optional<SharedBytes> batch, co_await log.Next());
    if (!batch) break;
    CO_RETURN_IF_ERROR(files.Take(kafka::BatchView(batch->view()), *reading.tally));
  }
  co_return files.Finish();
}

}  // namespace klink::failover
