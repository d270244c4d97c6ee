#include "link/verify_comparison.h"

#include <algorithm>

#include "link/kept_tail.h"
#include "state/reasons.h"

namespace klink::link {

using kafka::BatchView;
using offsets::Answer;

// --- The walk --------------------------------------------------------------------------------------------------------

LogComparison::LogComparison(const offsets::Translation* map, const LogEnds& ends, int64_t from, int64_t to,
                             const VerifyOptions& options)
    : map_(map),
      options_(options),
      ends_(ends),
      from_(from),
      to_(to),
      copy_from_(from),
      copy_to_(ends.copy_end),
      source_next_(from) {
  const auto near = [map](int64_t source, int64_t otherwise) {
    if (map == nullptr) return source;
    const Answer answer = map->ToDest(SourceOffset(source));
    return answer.kind == Answer::Kind::kUnknown ? otherwise : answer.value;
  };
  copy_from_ = std::max(near(from, ends.copy_start), ends.copy_start);
  if (to < ends.source_end) copy_to_ = std::min(near(to, ends.copy_end), ends.copy_end);
  proof_.from = proof_.proven_equal_up_to = from;
  proof_.source_end = ends.source_end;
  proof_.destination_end = ends.copy_end;
}

std::optional<int64_t> LogComparison::ToCopy(int64_t source) const {
  if (map_ == nullptr) return source;
  const Answer answer = map_->ToDest(SourceOffset(source));
  return answer.kind == Answer::Kind::kExact ? std::optional(answer.value) : std::nullopt;
}

std::optional<int64_t> LogComparison::ToSource(int64_t copy) const {
  if (map_ == nullptr) return copy;
  const Answer answer = map_->ToSource(DestOffset(copy));
  return answer.kind == Answer::Kind::kExact ? std::optional(answer.value) : std::nullopt;
}

void LogComparison::Source(std::optional<SharedBytes> batch) {
  source_.ended = !batch || BatchView(batch->view()).base_offset() >= to_;
  if (source_.ended) return;
  const BatchView view(batch->view());
  if (view.count() == 0) return;
  source_.front = Front{.bytes = *std::move(batch), .behind_hole = view.base_offset() > source_next_};
  source_next_ = view.next_offset();
}

void LogComparison::Copy(std::optional<SharedBytes> batch) {
  copy_.ended = !batch || BatchView(batch->view()).base_offset() >= copy_to_;
  if (copy_.ended) return;
  const BatchView view(batch->view());
  if (view.count() > 0 && view.next_offset() > copy_from_) copy_.front = Front{.bytes = *std::move(batch)};
}

LogComparison::Needs LogComparison::Run() {
  while (!done_) {
    if (!source_.front && !source_.ended) return Needs::kSource;
    if (!copy_.front && !copy_.ended) return Needs::kCopy;
    if (CompareWhole()) continue;
    if (OpenSource() && OpenCopy()) CompareNext();
  }
  return Needs::kNothing;
}

// Two batches at the same place that are equal as they stand, or should be. False: they are to be taken apart.
bool LogComparison::CompareWhole() {
  if (!source_.front || !copy_.front || source_.front->at > 0 || copy_.front->at > 0) return false;
  const BatchView original = source_.front->view(), copy = copy_.front->view();
  if (original.control() || copy.control() || original.last_offset() < from_) return false;
  const int64_t into = std::max(from_ - original.base_offset(), int64_t{0});
  const std::optional<int64_t> first = ToCopy(original.base_offset() + into), last = ToCopy(original.last_offset());
  if (!first || *first - into != copy.base_offset()) return false;
  if (!last || *last - *first != original.last_offset_delta() - into) return false;
  const bool plain = IsPlainCopy();
  std::string what =
      CompareBatches(original.bytes(), copy.bytes(), options_.depth, plain ? kafka::kTransactionalBit : int16_t{0});
  const bool equal = what.empty() && SameTimeRule(original, copy, options_.times);
  const bool may_differ = source_.front->behind_hole || MayBeRebuilt(original, copy);
  if (!equal && (what.empty() || may_differ)) return false;
  if (equal && plain) claims_.Shown(original.producer_id(), original.base_offset() + into);
  if (equal && copy.transactional()) what = pairs_.Carry(original.producer_id(), copy.producer_id());
  if (!what.empty()) {
    Differ(Describe("CORRUPT", std::move(what), &*source_.front, &*copy_.front));
    source_.front.reset();
  } else {
    MatchWhole();
  }
  copy_.front.reset();
  return true;
}

void LogComparison::MatchWhole() {
  Front& front = *source_.front;
  front.matched = true;
  front.open = false;
  if (options_.cleaning == VerifyOptions::Cleaning::kCompacts) {
    StatusOr<std::vector<LogItem>> items = ItemsOf(front.view());
    if (!items.ok()) {
      DifferOnce(front, Describe("CORRUPT", Text(items.status()), &front, &*copy_.front));
    } else {
      front.items = *std::move(items);
      for (front.at = 0; front.at < front.items.size(); front.at++) Note(Stands::kInBoth, front, front.item().offset);
    }
  }
  CloseSource();
}

// The source's front with its items at hand; false when none is left to compare and the next batch is needed.
bool LogComparison::OpenSource() {
  if (!source_.front || source_.front->open) return true;
  Front& front = *source_.front;
  StatusOr<std::vector<LogItem>> items = ItemsOf(front.view());
  if (!items.ok()) {
    Differ(Describe("CORRUPT", "the source's batch cannot be read: " + Text(items.status()), &front, nullptr));
    source_unreadable_ = front.view().next_offset();
    source_.front.reset();
    return false;
  }
  front.open = true;
  front.items = *std::move(items);
  std::erase_if(front.items, [this](const LogItem& i) { return i.offset < from_ || i.offset >= to_; });
  if (front.items.empty()) source_.front.reset();
  return source_.front.has_value();
}

bool LogComparison::OpenCopy() {
  if (!copy_.front || copy_.front->open) return true;
  Front& front = *copy_.front;
  StatusOr<std::vector<LogItem>> items = ItemsOf(front.view());
  if (!items.ok()) {
    Difference difference =
        Describe("CORRUPT", "the copy's batch cannot be read: " + Text(items.status()), nullptr, &front);
    difference.source_offset = ToSource(front.view().base_offset());
    Differ(std::move(difference));
    copy_unreadable_ = front.view().next_offset();
    copy_.front.reset();
    return false;
  }
  front.open = true;
  front.items = *std::move(items);
  std::erase_if(front.items, [this](const LogItem& i) { return i.offset < copy_from_ || i.offset >= copy_to_; });
  if (front.items.empty()) copy_.front.reset();
  return copy_.front.has_value();
}

// The lower of the two next offsets, or both when they are the same.
void LogComparison::CompareNext() {
  const bool window = to_ < ends_.source_end;  // what fills a hole before its end cannot be told
  if (!source_.front && (!copy_.front || window)) {
    done_ = true;
    proof_.compared_up_to = to_;
    return;
  }
  if (!source_.front) return Extra();
  const std::optional<int64_t> expected = ToCopy(source_.front->item().offset);
  if (!expected) return Missing(expected);
  if (copy_.front && copy_.front->item().offset < *expected) return Extra();
  if (copy_.front && copy_.front->item().offset == *expected) return Match();
  if (*expected < copy_to_) return Missing(expected);
  done_ = true;  // not copied yet
  proof_.compared_up_to = source_.front->item().offset;
}

// --- One offset ------------------------------------------------------------------------------------------------------

void LogComparison::Match() {
  Front &original = *source_.front, &copy = *copy_.front;
  const bool markers = original.item().marker.has_value();
  std::string what;
  const bool left_out = Committed() && original.view().transactional() && copy.item().marker &&
                        !pairs_.SourceIsOpen(original.view().producer_id()) &&
                        !pairs_.CopyIsOpen(copy.view().producer_id());
  if (left_out)
    MatchFiller();
  else if (markers != copy.item().marker.has_value())
    what = markers ? "a record stands where the source has a marker" : "a marker stands where the source has a record";
  else
    what = markers ? MatchMarkers() : MatchRecords();
  if (what.empty())
    original.matched = true;
  else
    DifferOnce(original, Describe("CORRUPT", std::move(what), &original, &copy));
  NextSource();
  NextCopy();
}

// A marker that ends nothing stands for what readers of committed records do not see.
void LogComparison::MatchFiller() {
  const Front& original = *source_.front;
  NoteEnd(*copy_.front, KeyLedger::Side::kCopy);
  proof_.fillers++;
  if (!original.item().marker) return claims_.LeftOut(original.view().producer_id(), original.item().offset);
  NoteEnd(original, KeyLedger::Side::kSource);
  SettleClaims();
}

// The source's marker tells what the copy should have shown.
void LogComparison::SettleClaims() {
  const Front& marker = *source_.front;
  const auto wrong = claims_.End(marker.view().producer_id(), *marker.item().marker);
  if (!wrong) return;
  Difference difference = Describe(wrong->kind, wrong->what, &marker, nullptr);
  difference.source_offset = wrong->offset;
  difference.destination_offset = ToCopy(wrong->offset);
  Differ(std::move(difference));
}

std::string LogComparison::MatchMarkers() {
  const Front &original = *source_.front, &copy = *copy_.front;
  NoteEnd(original, KeyLedger::Side::kSource);
  NoteEnd(copy, KeyLedger::Side::kCopy);
  std::string what = pairs_.End(original.view().producer_id(), copy.view().producer_id());
  if (original.item().marker != copy.item().marker)
    return fmt::format("the transaction ends with {}, not {}", Name(*copy.item().marker),
                       Name(*original.item().marker));
  if (what.empty()) proof_.markers++;
  return what;
}

std::string LogComparison::MatchRecords() {
  Front &original = *source_.front, &copy = *copy_.front;
  Note(Stands::kInBoth, original, original.item().offset);
  const bool plain = IsPlainCopy(), transactional = original.view().transactional() && !plain;
  if (plain) claims_.Shown(original.view().producer_id(), original.item().offset);
  if (transactional != copy.view().transactional())
    return transactional ? "it is outside of the transaction" : "it is within a transaction";
  std::string what = CompareRecords(original.item(), copy.item(), options_.times);
  if (what.empty() && transactional) what = pairs_.Carry(original.view().producer_id(), copy.view().producer_id());
  return what;
}

// The source's next item is not in the copy.
void LogComparison::Missing(std::optional<int64_t> expected) {
  Front& front = *source_.front;
  const bool cleaned = expected && options_.cleaning == VerifyOptions::Cleaning::kCompacts;
  const std::optional<kafka::ControlType> marker = front.item().marker;
  const bool ends_something = marker && pairs_.SourceIsOpen(front.view().producer_id());
  if (marker) {
    NoteEnd(front, KeyLedger::Side::kSource);
    SettleClaims();
    pairs_.Forget(front.view().producer_id());
  }
  const bool closed_up = !expected && Committed() && front.view().transactional() && !ends_something;
  if (closed_up && !marker) claims_.LeftOut(front.view().producer_id(), front.item().offset);
  if (closed_up || (expected && *expected < copy_unreadable_)) {
    // nothing need stand for it; or the batch that should hold it is named already
  } else if (cleaned && !marker) {
    Note(Stands::kInSource, front, front.item().offset);
  } else if (!cleaned || ends_something) {
    std::string what = marker ? fmt::format("the marker ({}) is missing in the copy", Name(*marker))
                              : std::string("it is missing in the copy");
    if (!expected) what += ": " + map_->ToDest(SourceOffset(front.item().offset)).why;
    DifferOnce(front, Describe("LOST", std::move(what), &front, nullptr));
  }
  NextSource();
}

// The copy's next item stands where the source has nothing.
void LogComparison::Extra() {
  Front& front = *copy_.front;
  const std::optional<int64_t> source = ToSource(front.item().offset);
  std::string why;
  if (source && *source < source_unreadable_) {
    // the source's batch is named already
  } else if (IsForeign()) {
    proof_.foreign++;
  } else if (IsFiller()) {
    proof_.fillers++;
  } else if (why = WhyPhantom(source); !why.empty()) {
    Difference difference = Describe("PHANTOM", std::move(why), nullptr, &front);
    difference.source_offset = source;
    DifferOnce(front, std::move(difference));
  } else {
    Note(Stands::kInCopy, front, *source);
  }
  if (front.item().marker) NoteEnd(front, KeyLedger::Side::kCopy);
  NextCopy();
}

bool LogComparison::IsForeign() const {
  const offsets::Segment* next = map_ == nullptr ? nullptr : map_->Behind(DestOffset(copy_.front->item().offset));
  return next != nullptr && (next->reason == state::Name(state::Reason::kForeignWrite) || next->reason == kKeptTail);
}

bool LogComparison::IsFiller() {
  const Front& filler = *copy_.front;
  const BatchView copy = filler.view();
  const std::optional<int64_t> source = ToSource(filler.item().offset);
  if (source && *source >= ends_.source_end) return false;
  if (filler.item().marker) return !pairs_.CopyIsOpen(copy.producer_id());
  if (!source || !source_.front || source_.front->item().marker) return false;
  const BatchView next = source_.front->view();
  if (!StandsForHoleBefore(source_.front->item().record, filler.item().record)) return false;
  if (next.transactional() != copy.transactional() && !IsPlainCopy()) return false;
  return !copy.transactional() || pairs_.Carry(next.producer_id(), copy.producer_id()).empty();
}

// Empty: the source's cleaner may have removed it.
std::string LogComparison::WhyPhantom(std::optional<int64_t> source) {
  if (source && *source >= ends_.source_end) return "the copy goes on behind the source's end";
  if (copy_.front->item().marker) return "a marker that the source does not have ends one of its transactions";
  if (source && options_.cleaning == VerifyOptions::Cleaning::kCompacts) return "";
  return "the copy holds a record that the source does not have there";
}

// --- Bookkeeping -----------------------------------------------------------------------------------------------------

void LogComparison::Note(Stands stands, Front& front, int64_t source_offset) {
  if (options_.cleaning != VerifyOptions::Cleaning::kCompacts) return;
  const LogItem& item = front.item();
  KeyedRecord record{source_offset, item.record.key, !item.record.value, stands};
  const bool of_copy = stands == Stands::kInCopy;
  if (stands == Stands::kInSource)
    record.unexplained = Describe("LOST", "it is the last of its key, and missing in the copy", &front, nullptr);
  if (of_copy) {
    record.unexplained = Describe("PHANTOM", "the last of its key is not in the source", nullptr, &front);
    record.unexplained.source_offset = source_offset;
  }
  if (!front.view().transactional()) return keys_.Add(std::move(record));
  const auto side = of_copy ? KeyLedger::Side::kCopy : KeyLedger::Side::kSource;
  keys_.AddOpen(side, front.view().producer_id(), std::move(record));
}

void LogComparison::NoteEnd(const Front& marker, KeyLedger::Side side) {
  keys_.End(side, marker.view().producer_id(), *marker.item().marker);
}

void LogComparison::NextSource() {
  Front& front = *source_.front;
  if (proven_) proof_.proven_equal_up_to = front.item().offset + 1;
  if (++front.at < front.items.size()) return;
  CloseSource();
}

void LogComparison::CloseSource() {
  const Front& front = *source_.front;
  const bool of_earlier_window = to_ < ends_.source_end && front.view().base_offset() < from_;
  if (front.matched && !front.reported && !of_earlier_window) {
    proof_.batches++;
    proof_.rebuilt_batches += front.open && !front.view().control();
    proof_.bytes += static_cast<int64_t>(front.view().size_bytes());
  }
  if (proven_) proof_.proven_equal_up_to = std::min(front.view().next_offset(), to_);
  source_.front.reset();
}

void LogComparison::NextCopy() {
  if (++copy_.front->at == copy_.front->items.size()) copy_.front.reset();
}

Difference LogComparison::Describe(std::string_view kind, std::string detail, const Front* source,
                                   const Front* copy) const {
  const auto offset = [](const Front* front) -> std::optional<int64_t> {
    if (front == nullptr) return std::nullopt;
    return front->open ? front->item().offset : front->view().base_offset();
  };
  Difference difference{offset(source), offset(copy), std::string(kind), std::move(detail)};
  if (source != nullptr) {
    difference.source_header = HeaderHex(source->bytes.view());
    if (copy == nullptr) difference.destination_offset = ToCopy(*difference.source_offset);
  }
  if (copy != nullptr) difference.destination_header = HeaderHex(copy->bytes.view());
  return difference;
}

void LogComparison::Differ(Difference difference) {
  proven_ = false;
  proof_.differences_total++;
  if (proof_.differences.size() < options_.differences_most) proof_.differences.push_back(std::move(difference));
}

void LogComparison::DifferOnce(Front& front, Difference difference) {
  if (!std::exchange(front.reported, true)) Differ(std::move(difference));
}

PartitionProof LogComparison::Finish() {
  const bool whole = to_ >= ends_.source_end;  // else what comes later may explain what is missing here
  std::vector<Difference> unexplained = keys_.Finish();
  proof_.cleaned = keys_.one_sided();
  if (!whole) return std::move(proof_);
  proof_.cleaned -= static_cast<int64_t>(unexplained.size());
  for (Difference& difference : unexplained) {
    if (difference.source_offset)
      proof_.proven_equal_up_to = std::min(proof_.proven_equal_up_to, *difference.source_offset);
    Differ(std::move(difference));
  }
  return std::move(proof_);
}

}  // namespace klink::link
