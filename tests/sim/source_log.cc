#include "tests/sim/source_log.h"

#include <algorithm>

#include "base/crc32c.h"
#include "kafka/record_batch.h"

namespace klink::sim {

SharedBytes BuildMarker(int64_t base, int64_t producer_id, int16_t epoch, kafka::ControlType verdict,
                        int32_t coordinator_epoch, int64_t timestamp_ms) {
  std::string key(4, '\0'), value(6, '\0');
  StoreBe<int16_t>(reinterpret_cast<std::byte*>(key.data()) + 2, static_cast<int16_t>(verdict));
  StoreBe<int32_t>(reinterpret_cast<std::byte*>(value.data()) + 2, coordinator_epoch);
  kafka::BatchIdentity identity;
  identity.base_offset = base;
  identity.producer_id = producer_id;
  identity.producer_epoch = epoch;
  identity.attributes = kafka::kTransactionalBit | kafka::kControlBit;
  const kafka::Record record{timestamp_ms, 0, std::move(key), std::move(value), {}};
  return kafka::BuildBatch(identity, {&record, 1});
}

SharedBytes SourceLog::Build(int records, int64_t timestamp_ms, std::optional<int64_t> within) {
  Random& random = world_.random();
  std::vector<kafka::Record> built;
  int32_t delta = 0;
  for (int i = 0; i < records; i++) {
    if (holes_ > 0 && random.Chance(holes_)) delta += static_cast<int32_t>(random.Between(1, 4));
    kafka::Record record;
    record.timestamp = timestamp_ms + i % 3;
    record.offset_delta = delta++;
    record.key = fmt::format("o{}", end_ + record.offset_delta);
    record.value = std::string(static_cast<size_t>(random.Below(40)), 'v');
    built.push_back(std::move(record));
  }
  kafka::BatchIdentity identity;
  identity.base_offset = end_;
  (void)random.Below(4);  // the seeds below were drawn with it
  identity.leader_epoch = epoch_;
  if (within || random.Chance(0.5)) {  // written by an idempotent producer of the source cluster
    identity.producer_id = within.value_or(random.Below(3));
    identity.producer_epoch = 0;
    identity.base_sequence = static_cast<int32_t>(random.Below(1000));
  }
  if (within) identity.attributes = kafka::kTransactionalBit;
  SharedBytes batch = kafka::BuildBatch(identity, built);
  if (holes_ > 0 && random.Chance(holes_)) {
    StoreBe<int32_t>(batch.data() + kafka::kLastOffsetDeltaAt, delta + static_cast<int32_t>(random.Below(3)));
    StoreBe(batch.data() + kafka::kCrcAt, Crc32c(batch.view().substr(kafka::kAttributesAt)));
  }
  return batch;
}

void SourceLog::Add(Batch batch) {
  const kafka::BatchView view(batch.bytes.view());
  if (!batch.marker) by_records_.emplace(AsText(view.body()), end_);
  end_ = batch.next;
  history_.emplace(batch.base, std::move(batch));
}

void SourceLog::Produce(int records, int64_t timestamp_ms) {
  SharedBytes batch = Build(records, timestamp_ms, std::nullopt);
  Add({end_, kafka::BatchView(batch.view()).next_offset(), batch});
}

void SourceLog::ProduceWithin(int64_t producer_id, int records, int64_t timestamp_ms) {
  open_.emplace(producer_id, end_);
  SharedBytes batch = Build(records, timestamp_ms, producer_id);
  Add({end_, kafka::BatchView(batch.view()).next_offset(), batch, producer_id});
}

void SourceLog::End(int64_t producer_id, kafka::ControlType verdict) {
  const auto open = open_.extract(producer_id);
  if (!open.empty() && verdict == kafka::ControlType::kAbort) aborted_.push_back({producer_id, open.mapped(), end_});
  const auto epoch = static_cast<int32_t>(world_.random().Below(9));
  Add({end_, end_ + 1, BuildMarker(end_, producer_id, 0, verdict, epoch, world_.wall_ms()), producer_id, verdict});
}

int64_t SourceLog::last_stable() const {
  int64_t stable = end_;
  for (const auto& [producer, since] : open_) stable = std::min(stable, since);
  return stable;
}

void SourceLog::AdvanceStart(int64_t to) {
  if (to <= start_ || to > end_) return;
  to = std::min(to, last_stable());
  start_ = to;
  world_.Note("source: log start {}", start_);
}

void SourceLog::CutBack(int64_t to) {
  const Batch* first = Find(to);
  if (first == nullptr) return;
  world_.Count(Fault::kSourceCutBack);
  end_ = first->base;
  for (auto b = history_.lower_bound(end_); b != history_.end(); b = history_.erase(b))
    by_records_.erase(std::string(AsText(kafka::BatchView(b->second.bytes.view()).body())));
  std::erase_if(open_, [this](const auto& open) { return open.second >= end_; });
  for (const Aborted& a : aborted_)
    if (a.marker >= end_ && a.first < end_) open_.emplace(a.producer_id, a.first);
  std::erase_if(aborted_, [this](const Aborted& a) { return a.marker >= end_; });
  MoveLeader();
  world_.Note("source: cut back to {}, leader epoch {}", end_, epoch_);
}

std::optional<int64_t> SourceLog::EndOf(int32_t epoch) const {
  const auto next = epoch_starts_.upper_bound(epoch);
  return next == epoch_starts_.end() ? std::nullopt : std::optional(next->second);
}

const SourceLog::Batch* SourceLog::Find(int64_t offset) const {
  if (offset < start_ || offset >= end_) return nullptr;
  auto batch = history_.upper_bound(offset);
  if (batch != history_.begin() && std::prev(batch)->second.next > offset) --batch;
  return batch == history_.end() ? nullptr : &batch->second;
}

const SourceLog::Batch* SourceLog::EndOf(int64_t producer_id, int64_t offset) const {
  for (auto b = history_.upper_bound(offset); b != history_.end(); ++b)
    if (b->second.marker && b->second.transaction_of == producer_id) return &b->second;
  return nullptr;
}

const SourceLog::Batch* SourceLog::Recognise(ByteView body) const {
  auto found = by_records_.find(AsText(body));
  return found == by_records_.end() ? nullptr : &history_.at(found->second);
}

}  // namespace klink::sim
