// What the oracle says of transactions: each batch of one under one slot between its beginning and its marker, a slot
// with one transaction at a time, the source's verdict at the source's place, and no marker that nothing explains.
#include <algorithm>

#include "kafka/record_batch.h"
#include "tests/sim/oracle.h"

namespace klink::sim {
namespace {

using kafka::BatchView;
using kafka::ControlType;
using Stored = DestLog::Stored;

}  // namespace

bool OfOurs(const Stored& stored) {
  return stored.producer_id == kDataProducer || stored.producer_id >= kFirstSlotProducer ||
         (stored.producer_id == kFillerProducer && stored.marker);
}

// Which source producer's transaction every slot carries at the end of the log.
std::map<int64_t, int64_t> Oracle::Carried() const {
  std::map<int64_t, int64_t> carried;
  for (const Stored& stored : dest_.batches()) {
    if (stored.marker) carried.erase(stored.producer_id);
    if (!stored.transactional || stored.marker || !stored.source_base) continue;
    carried[stored.producer_id] = *source_.history().at(*stored.source_base).transaction_of;
  }
  return carried;
}

std::string Oracle::InspectTransaction(const Stored& stored) const {
  const SourceLog::Batch& source = source_.history().at(*stored.source_base);
  if (stored.transactional != source.transaction_of.has_value())
    return "a transaction's batch that is none, or a none that is one";
  if (!stored.transactional) return {};
  for (const auto& [slot, producer] : Carried()) {
    if (slot == stored.producer_id && producer != source.transaction_of) return "two transactions under one producer";
    if (slot != stored.producer_id && producer == source.transaction_of) return "one transaction under two producers";
  }
  return {};
}

// Is it the source's next marker?
bool Oracle::IsMarkerAt(const Stored& stored, int64_t offset) const {
  const auto found = source_.history().find(offset);
  if (found == source_.history().end() || found->second.marker != stored.marker) return false;
  const std::map<int64_t, int64_t> carried = Carried();
  const auto mine = carried.find(stored.producer_id);
  if (mine != carried.end()) return mine->second == found->second.transaction_of;
  return std::ranges::none_of(carried, [&](const auto& c) { return c.second == found->second.transaction_of; });
}

// A marker that ends nothing may stand for any other of the same verdict that ends nothing: nobody can tell them apart.
// So a repeated one may take the place of the next, whose own is then the one too many.
std::string Oracle::InspectMarker(Stored& stored) const {
  const int64_t expected = NextExpected().value_or(0);
  const int64_t shift = durable_.runs && durable_.runs->shift() ? *durable_.runs->shift() : durable_.shift;
  const bool gap = expected < source_.start();
  const Stored* before = nullptr;  // of the same producer
  int64_t owed = 0;
  for (const Stored& other : dest_.batches()) {
    if (other.producer_id == stored.producer_id) before = &other;
    owed += (other.repeated && !other.extra) - other.displaced;
  }
  stored.repeated = before != nullptr && before->marker && before->transaction == stored.transaction;
  if (stored.repeated) world_.Count(Fault::kMarkerTwice);
  const std::map<int64_t, int64_t> carried = Carried();
  const auto ended = carried.find(stored.producer_id);
  if (gap && ended != carried.end() && stored.marker == ControlType::kAbort && IsGone(ended->second, before->base)) {
    world_.Count(Fault::kCutTransaction);
    stored.extra = true;
    return {};
  }
  const int64_t shifted = gap ? stored.base - shift : expected;
  for (const int64_t offset : {shifted, expected, stored.base - shift}) {
    if (!IsMarkerAt(stored, offset)) continue;
    if (offset < expected || (!gap && offset > expected && !StandElsewhere(expected, offset))) continue;
    stored.source_base = offset;
    return {};
  }
  stored.extra = true;
  stored.displaced = !stored.repeated && owed > 0 && ended == carried.end();
  if (stored.repeated || stored.displaced) return {};
  const bool higher = before == nullptr || BatchView(stored.bytes.view()).producer_epoch() >
                                               BatchView(before->bytes.view()).producer_epoch();
  if (higher && Bit(Fault::kTransactionTimedOut)) return {};
  if (ended != carried.end() && stored.marker == ControlType::kAbort && IsGone(ended->second, before->base)) {
    world_.Count(Fault::kCutTransaction);
    return {};
  }
  stored.extra = false;
  return "a marker that nothing asked for";
}

// Only markers, as many as others were written twice: those stand in their places.
bool Oracle::StandElsewhere(int64_t from, int64_t to) const {
  int64_t twice = 0;
  for (const Stored& stored : dest_.batches()) twice += stored.repeated && stored.extra;
  for (auto b = source_.history().find(from); b != source_.history().end() && b->first < to; ++b)
    if (!b->second.marker || twice-- == 0) return false;
  return true;
}

// Does the source no longer tell how the transaction of that copied batch ended?
bool Oracle::IsGone(int64_t source_producer, int64_t dest) const {
  const Stored* copy = dest_.Find(dest);
  if (copy == nullptr || !copy->source_base || *copy->source_base >= source_.start()) return false;
  const SourceLog::Batch* end = source_.EndOf(source_producer, *copy->source_base);
  if (end != nullptr && end->base < source_.start()) return true;
  return source_.history().at(*copy->source_base).next <= source_.start();
}

bool Oracle::IsSameMarker(int64_t a, int64_t b) const {
  const Stored *one = dest_.Find(a), *other = dest_.Find(b);
  return one != nullptr && other != nullptr && one->marker && one->marker == other->marker;
}

// --- At the end -----------------------------------------------------------------------------------------------------

// read_committed sees of the destination what it sees of the source (L9), and no transaction stays open (L10).
void Oracle::JudgeTransactions() {
  int64_t copied = 0;
  for (const Stored& stored : dest_.batches())
    if (stored.source_base) copied = source_.history().at(*stored.source_base).next;
  bool open = false;
  for (const Stored& stored : dest_.batches()) {
    if (!stored.transactional || stored.marker || !stored.source_base) continue;
    const SourceLog::Batch& source = source_.history().at(*stored.source_base);
    const SourceLog::Batch* asked = source_.EndOf(*source.transaction_of, source.base);
    const Stored* end = dest_.EndOf(stored.producer_id, stored.base);
    if (end == nullptr) {
      open = true;
      if (asked != nullptr && asked->base < copied)
        Complain(fmt::format("the transaction of source offset {} stays open", source.base));
      continue;
    }
    const bool untold = Bit(Fault::kCutTransaction) ||
                        (Bit(Fault::kTransactionTimedOut) && asked != nullptr && asked->base < source_.start());
    const bool cut = end->extra && end->marker == ControlType::kAbort && untold;
    if (cut) continue;
    if (!end->source_base || asked == nullptr || *end->source_base != asked->base)
      Complain(
          fmt::format("the transaction of source offset {} ends at destination offset {}, which is source {}; its "
                      "end is source {}",
                      source.base, end->base, end->source_base.value_or(-1), asked ? asked->base : -1));
  }
  if (!open && dest_.last_stable() != dest_.end())
    Complain(fmt::format("the last stable offset is {} of {}", dest_.last_stable(), dest_.end()));
}

}  // namespace klink::sim
