// One mirrored partition with everything it stands on: the engine's ports bound to two clusters, the offset store and
// the state topic.
#pragma once

#include "link/fetch_hub.h"
#include "link/kafka_partition.h"
#include "link/mirror_book.h"
#include "link/partition_mirror.h"
#include "link/produce_hub.h"
#include "link/transaction_slots.h"
#include "offsets/translation_store.h"

namespace klink::link {

// What a link's partitions share.
struct RunnerParts {
  Executor executor;
  Clock& clock;
  kafka::Cluster& source;
  kafka::Cluster& destination;
  FetchHub& fetch;
  ProduceHub& produce;
  MarkerWatch& markers;
  offsets::TranslationStore& store;
  MirrorBook& book;
  TransactionSlots& slots;
  state::LinkState& state;
  Gate& gate;
  Identity identity;
  MirrorOptions options;
  Histogram latency;
  Permits& fills;
};

struct RunnerNames {
  std::string source_topic;
  std::string destination_topic;
  offsets::TopicIds ids;
  int32_t partition = 0;

  TopicPartition source() const { return {source_topic, partition}; }
  TopicPartition destination() const { return {destination_topic, partition}; }
};

class PartitionRunner {
 public:
  PartitionRunner(RunnerParts parts, RunnerNames names);
  Async<void> Run() { co_await mirror_.Run(); }
  void Drain() { mirror_.Drain(); }
  const PartitionProgress& progress() const { return progress_; }
  const RunnerNames& names() const { return names_; }

 private:
  // The offset map of one partition, kept by the store.
  class StoredMap final : public OffsetMap {
   public:
    StoredMap(RunnerParts& parts, const RunnerNames& names) : p_(parts), names_(names) {}
    std::optional<int64_t> shift() const override;
    std::optional<DestOffset> shift_since() const override;
    std::optional<SourceOffset> ToSource(DestOffset at) const override;
    std::optional<DestOffset> ToDest(SourceOffset at) const override;
    Async<Status> Truncate(SourceOffset since, DestOffset dest) override;
    Async<Status> ChangeShift(SourceOffset since, DestOffset dest, std::string why, int32_t leader_epoch) override;
    Async<Status> Resume(DestOffset dest_start, SourceOffset source_next, DestOffset dest_next) override;
    Async<Status> Record(SourceOffset source, DestOffset dest, int64_t length) override;

   private:
    RunnerParts& p_;
    const RunnerNames& names_;
  };
  // The partition's record in the state topic.
  class RecordedPhase final : public PartitionPhase {
   public:
    RecordedPhase(RunnerParts& parts, const RunnerNames& names) : p_(parts), names_(names) {}
    bool was_mirrored() const override;
    std::optional<Prefill> prefill() const override;
    std::optional<Adoption> adoption() const override;
    bool sequences_are_offsets() const override;
    std::optional<int32_t> source_epoch() const override;
    Async<Status> NoteSourceEpoch(int32_t epoch) override;
    state::Accept accepted() const override;
    Async<Status> ForgetAccepted() override;
    Async<Status> LeaveOffsetSequences() override;
    Async<Status> BeginPrefill(Prefill prefill) override;
    Async<StatusOr<bool>> BeginAnew() override;
    std::optional<SourceOffset> aligned_from() const override;
    Async<Status> Activate(int64_t shift, std::string why) override;

   private:
    const state::PartitionRecord* record() const;
    RunnerParts& p_;
    const RunnerNames& names_;
  };

  Status MayTrim(DestOffset offset) const;

  RunnerParts parts_;
  RunnerNames names_;
  PartitionProgress progress_;
  KafkaSource source_;
  KafkaSink sink_;
  PartitionTransactions transactions_;
  StoredMap map_;
  RecordedPhase phase_;
  PartitionMirror mirror_;
};

}  // namespace klink::link
