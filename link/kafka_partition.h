// The ports of a partition mirror on real clusters: a source partition behind the fetch hub and a destination partition
// behind the produce hub, with the questions both ends answer about their logs.
#pragma once

#include <functional>

#include "kafka/cluster.h"
#include "kafka/messages/describe_producers.h"
#include "link/fetch_hub.h"
#include "link/marker_watch.h"
#include "link/ports.h"
#include "link/produce_hub.h"

namespace klink::link {

class KafkaSource final : public Source {
 public:
  KafkaSource(kafka::Cluster& cluster, FetchHub& hub, TopicPartition tp);
  Async<StatusOr<Fetched>> Next(SourceOffset at) override;
  Async<StatusOr<SourceBounds>> Bounds() override;
  Async<StatusOr<SourceOffset>> OffsetAt(WallTime time) override;
  Async<StatusOr<std::optional<SharedBytes>>> BatchAt(SourceOffset at) override;
  Async<StatusOr<std::optional<SourceOffset>>> EndOf(int32_t leader_epoch) override;

 private:
  kafka::Cluster& cluster_;
  TopicPartition tp_;
  PartitionFeed feed_;
};

class KafkaSink final : public Sink {
 public:
  // `may_delete` is asked before each trim: an effect no broker fences (state/effects.h).
  using MayDelete = std::function<Status(DestOffset)>;
  KafkaSink(kafka::Cluster& cluster, ProduceHub& hub, MarkerWatch& markers, Executor executor, TopicPartition tp,
            MayDelete may_delete);
  std::shared_ptr<PendingAppend> Send(SharedBytes batch, std::optional<TransactionSlot> slot, Acks acks) override;
  Async<StatusOr<DestLog>> Inspect() override;
  Async<StatusOr<DestOffset>> End() override;
  Async<StatusOr<std::optional<SharedBytes>>> BatchAt(DestOffset at) override;
  Async<StatusOr<std::optional<SharedBytes>>> AwaitMarker(DestOffset at) override { return markers_.Await(tp_, at); }
  Async<Status> DeleteBelow(DestOffset offset) override;
  bool TakesMarkers() const override { return takes_markers_; }
  Async<Status> WriteMarkers(int64_t count, MarkerStamp stamp) override;

 private:
  kafka::Cluster& cluster_;
  ProduceHub& hub_;
  MarkerWatch& markers_;
  Executor executor_;
  TopicPartition tp_;
  MayDelete may_delete_;
  int32_t leader_ = -1;        // as of the last Inspect
  bool takes_markers_ = true;  // until it is refused
};

// As a leader tells of it.
ProducerState ProducerOf(const kafka::ProducerState& told);
// Those that the partition's leader remembers.
Async<StatusOr<std::vector<ProducerState>>> ProducersOf(kafka::Cluster& cluster, TopicPartition tp);

// One partition's log, asked of its leader. A leader that moved is forgotten, so that the next call finds the new one.
// The first batch from `at` on, with the log's bounds; the read sees everything up to the high watermark.
struct LogPeek {
  int64_t log_start = 0;
  int64_t high_watermark = 0;
  int64_t last_stable = 0;
  std::optional<SharedBytes> batch;
};
Async<StatusOr<LogPeek>> Peek(kafka::Cluster& cluster, TopicPartition tp, int64_t at);

// The batch that holds `at`; nothing when the log has none there.
Async<StatusOr<std::optional<SharedBytes>>> BatchHolding(kafka::Cluster& cluster, TopicPartition tp, int64_t at);

enum class LogPoint { kStart, kHighWatermark, kLastStable, kEnd };
Async<StatusOr<int64_t>> OffsetOf(kafka::Cluster& cluster, TopicPartition tp, LogPoint point);
// The first offset whose record is not older; nothing when there is none.
Async<StatusOr<std::optional<int64_t>>> OffsetAtTime(kafka::Cluster& cluster, TopicPartition tp, WallTime time);
// Where the records of that leader epoch end; nothing while it lasts, or when that is not known any more.
Async<StatusOr<std::optional<int64_t>>> EndOfEpoch(kafka::Cluster& cluster, TopicPartition tp, int32_t leader_epoch);

}  // namespace klink::link
