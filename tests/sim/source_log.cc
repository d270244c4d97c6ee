#include "tests/sim/source_log.h"

#include "kafka/record_batch.h"

namespace klink::sim {

void SourceLog::Produce(int records, int64_t timestamp_ms) {
  Random& random = world_.random();
  std::vector<kafka::Record> built;
  for (int i = 0; i < records; i++) {
    kafka::Record record;
    record.timestamp = timestamp_ms + i % 3;
    record.offset_delta = i;
    record.key = fmt::format("o{}", end_ + i);
    record.value = std::string(static_cast<size_t>(random.Below(40)), 'v');
    built.push_back(std::move(record));
  }
  kafka::BatchIdentity identity;
  identity.base_offset = end_;
  identity.leader_epoch = static_cast<int32_t>(random.Below(4));
  if (random.Chance(0.5)) {  // written by an idempotent producer of the source cluster
    identity.producer_id = random.Below(3);
    identity.producer_epoch = 0;
    identity.base_sequence = static_cast<int32_t>(random.Below(1000));
  }
  Batch batch{end_, end_ + records, kafka::BuildBatch(identity, built)};
  const kafka::BatchView view(batch.bytes.view());
  by_records_.emplace(AsText(view.body()), end_);
  end_ = batch.next;
  history_.emplace(batch.base, std::move(batch));
}

void SourceLog::AdvanceStart(int64_t to) {
  if (to <= start_ || to > end_) return;
  start_ = to;
  world_.Note("source: log start {}", start_);
}

const SourceLog::Batch* SourceLog::Find(int64_t offset) const {
  if (offset < start_ || offset >= end_) return nullptr;
  return &std::prev(history_.upper_bound(offset))->second;
}

const SourceLog::Batch* SourceLog::Recognise(ByteView body) const {
  auto found = by_records_.find(AsText(body));
  return found == by_records_.end() ? nullptr : &history_.at(found->second);
}

}  // namespace klink::sim
