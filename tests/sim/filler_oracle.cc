// What the oracle says of copies whose offsets markers keep (transactions: committed, holes: markers). Everything that
// the source shows stands once in the copy, record by record, in its order, where the map says; and the copy shows
// nothing else. What the source has nothing of, or nothing to be shown, takes a marker or is closed up.
#include <algorithm>

#include "kafka/record_batch.h"
#include "tests/sim/oracle.h"

namespace klink::sim {
namespace {

using kafka::BatchView;
using kafka::ControlType;
using offsets::Answer;
using Stored = DestLog::Stored;

constexpr size_t kMost = 1 << 20;

std::vector<kafka::Record> RecordsOf(const SharedBytes& batch) {
  return kafka::ReadRecords(BatchView(batch.view()), kMost).value();
}

}  // namespace

std::string Oracle::InspectFilled(Stored& stored) const {
  if (!stored.marker || stored.producer_id == kFillerProducer) return {};
  const auto before = std::find_if(dest_.batches().rbegin(), dest_.batches().rend(),
                                   [&](const Stored& other) { return other.producer_id == stored.producer_id; });
  stored.repeated = before != dest_.batches().rend() && before->marker && before->transaction == stored.transaction;
  if (stored.repeated) world_.Count(Fault::kMarkerTwice);
  return {};
}

// Of committed records alone those of an aborted transaction are not.
bool Oracle::IsShown(const SourceLog::Batch& batch) const {
  if (batch.marker) return false;
  if (!scenario_.committed || !batch.transaction_of) return true;
  const SourceLog::Batch* end = source_.EndOf(*batch.transaction_of, batch.base);
  return end != nullptr && end->marker == ControlType::kCommit;
}

void Oracle::JudgeShown(const SourceLog::Batch& batch, const offsets::Translation& map) {
  for (const kafka::Record& record : RecordsOf(batch.bytes)) {
    const int64_t offset = batch.base + record.offset_delta;
    if (offset < source_.start()) continue;
    const Answer there = map.ToDest(SourceOffset(offset));
    if (there.value < dest_.start() && there.kind == Answer::Kind::kExact) continue;  // trimmed with the source
    const Stored* stored = dest_.Find(there.value);
    if (there.kind != Answer::Kind::kExact || stored == nullptr || stored->marker)
      return Complain(fmt::format("source offset {} is not at {} {}", offset, offsets::Name(there.kind), there.value));
    const auto copies = RecordsOf(stored->bytes);
    kafka::Record copy = copies.at(static_cast<size_t>(there.value - stored->base));
    copy.offset_delta = record.offset_delta;
    if (!(copy == record))
      return Complain(fmt::format("the record at {} is not the source's at {}", there.value, offset));
    const bool within = batch.transaction_of && !scenario_.committed;
    if (stored->transactional != within)
      return Complain(fmt::format("destination offset {} is {}in a transaction", there.value, within ? "not " : ""));
    if (!within) continue;
    const SourceLog::Batch* asked = source_.EndOf(*batch.transaction_of, batch.base);
    const Stored* end = dest_.EndOf(stored->producer_id, stored->base);
    const bool cut = asked != nullptr && asked->base < source_.start();
    if (!cut && (asked == nullptr ? end != nullptr : end == nullptr || end->marker != asked->marker))
      return Complain(fmt::format("the transaction of source offset {} ends otherwise", offset));
  }
}

void Oracle::JudgeFilled(const Agent& agent) {
  const offsets::Translation& map = agent.map();
  for (const auto& [base, batch] : source_.history())
    if (batch.next > source_.start() && batch.next <= source_.last_stable() && IsShown(batch)) JudgeShown(batch, map);

  int64_t last = -1, next = dest_.batches().empty() ? dest_.end() : dest_.batches().front().base;
  bool moved = false;
  for (const Stored& stored : dest_.batches()) {
    if (stored.base != next) Complain(fmt::format("destination offsets {}–{} hold nothing", next, stored.base - 1));
    next = stored.next;
    if (stored.producer_id == kFillerProducer && !stored.marker)
      Complain(fmt::format("a filler at {} was not trimmed", stored.base));
    if (!OfOurs(stored) || stored.marker) continue;
    for (const kafka::Record& record : RecordsOf(stored.bytes)) {
      const int64_t offset = std::stoll(record.key->substr(1));
      const SourceLog::Batch& whose = std::prev(source_.history().upper_bound(offset))->second;
      if (!IsShown(whose)) Complain(fmt::format("destination shows source offset {}", offset));
      if (offset <= last) Complain(fmt::format("source {} stands twice or out of order", offset));
      last = offset;
      moved |= stored.base + record.offset_delta != offset;
    }
  }
  if (next != dest_.end()) Complain(fmt::format("destination offsets {}–{} hold nothing", next, dest_.end() - 1));
  if (scenario_.committed && dest_.last_stable() != dest_.end())
    Complain(fmt::format("the last stable offset is {} of {}", dest_.last_stable(), dest_.end()));
  // A transaction of which the source no longer has what was copied is aborted: one offset more.
  const bool replayed = scenario_.transactions && !scenario_.committed;
  const bool cut = scenario_.start_inside > 0 || source_.start() > scenario_.source_first;
  const bool may = (replayed && cut) || Bit(Fault::kMarkerTwice) || Bit(Fault::kRetention) || Bit(Fault::kCallLate) ||
                   Bit(Fault::kCallUnanswered) || Bit(Fault::kCutTransaction) || scenario_.fill_records < 10;
  const bool meant =
      scenario_.preserve && scenario_.prefill_limit > 0 && scenario_.dest_start == 0 && scenario_.other_records == 0;
  if (moved && scenario_.fill_records < 10) world_.Count(Fault::kNotFilled);
  if (moved && meant && !may) Complain("offsets differ although they could be preserved");
}

}  // namespace klink::sim
