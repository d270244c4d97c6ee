#include "offsets/translation.h"

#include <algorithm>
#include <limits>

namespace klink::offsets {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

Status CheckRun(const Run& run) {
  if (run.source.value < 0 || run.dest.value < 0 || run.length < 0)
    return DataLoss("run source {} destination {} length {}: negative", run.source, run.dest, run.length);
  if (run.length > kMax - std::max(run.source.value, run.dest.value))
    return DataLoss("run source {} destination {} length {}: beyond the last offset", run.source, run.dest, run.length);
  return absl::OkStatus();
}

Status CheckBeyond(const Run& run, const Run& last) {
  if (run.source < last.source_next())
    return DataLoss("source offset {} was recorded already: the map ends at {}", run.source, last.source_next());
  if (run.dest < last.dest_next())
    return DataLoss("destination offset {} was recorded already: the map ends at {}", run.dest, last.dest_next());
  return absl::OkStatus();
}

Answer Exact(int64_t value) { return {Answer::Kind::kExact, value, {}}; }
Answer Clamped(int64_t value, std::string why) { return {Answer::Kind::kClamped, value, std::move(why)}; }
Answer Unknown(std::string why) { return {Answer::Kind::kUnknown, -1, std::move(why)}; }

}  // namespace

Status Translation::Begin(const ShiftChange& change) {
  Segment segment{{change.since, change.dest, 0}, change.reason, change.since_time, change.source_leader_epoch};
  if (empty()) return Append(std::move(segment));
  if (change.kind == ShiftChange::Kind::kSourceTruncated) {
    if (auto at = end(); change.dest < at->dest)
      return DataLoss("shift change at destination offset {}: the map ends at {}", change.dest, at->dest);
    Cut({change.since, change.dest});
    if (empty()) return Append(std::move(segment));
  }
  if (*end() == Position{change.since, change.dest} && runs_.back().run.length > 0 &&
      segment.run.shift() == runs_.back().run.shift())
    return absl::OkStatus();  // no change at all
  // An announcement under which nothing was appended is replaced by the next one.
  const Run* last = &runs_.back().run;
  const bool replace = last->length == 0;
  if (replace) last = runs_.size() > 1 ? &runs_[runs_.size() - 2].run : nullptr;
  RETURN_IF_ERROR(CheckRun(segment.run));
  if (last != nullptr) RETURN_IF_ERROR(CheckBeyond(segment.run, *last));
  if (replace) {
    runs_.back() = std::move(segment);
    return absl::OkStatus();
  }
  return Append(std::move(segment));
}

Status Translation::Record(Run run) {
  RETURN_IF_ERROR(CheckRun(run));
  if (run.length == 0) return absl::OkStatus();
  if (empty()) return Append({run, {}, {}, -1});
  Run& last = runs_.back().run;
  RETURN_IF_ERROR(CheckBeyond(run, last));
  if (run.source == last.source_next() && run.dest == last.dest_next()) {
    last.length += run.length;
    return absl::OkStatus();
  }
  // An announced shift whose first offsets turn out to be absent at the source starts at its first record.
  if (last.length == 0 && run.shift() == last.shift()) {
    last = run;
    return absl::OkStatus();
  }
  const int32_t epoch = runs_.back().source_leader_epoch;
  runs_.push_back({run, {}, {}, epoch});
  return absl::OkStatus();
}

Status Translation::Append(Segment segment) {
  RETURN_IF_ERROR(CheckRun(segment.run));
  if (!empty()) {
    const Run& last = runs_.back().run;
    RETURN_IF_ERROR(CheckBeyond(segment.run, last));
    if (last.length == 0) {
      runs_.back() = std::move(segment);
      return absl::OkStatus();
    }
  }
  runs_.push_back(std::move(segment));
  return absl::OkStatus();
}

void Translation::Cut(Position from) {
  while (!empty() && (runs_.back().run.source >= from.source || runs_.back().run.dest >= from.dest)) runs_.pop_back();
  if (empty()) return;
  Run& last = runs_.back().run;
  last.length = std::min({last.length, from.source - last.source, from.dest - last.dest});
}

void Translation::TrimBelow(DestOffset start) {
  size_t gone = 0;
  while (gone + 1 < runs_.size() && runs_[gone].run.dest_next() <= start) gone++;
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<int64_t>(gone));
  first_index_ += static_cast<int64_t>(gone);
  if (!empty() && runs_.front().run.dest <= start) head_ = Head::kStart;
}

size_t Translation::After(SourceOffset offset) const {
  return static_cast<size_t>(
      std::partition_point(runs_.begin(), runs_.end(), [&](const Segment& s) { return s.run.source <= offset; }) -
      runs_.begin());
}

size_t Translation::After(DestOffset offset) const {
  return static_cast<size_t>(
      std::partition_point(runs_.begin(), runs_.end(), [&](const Segment& s) { return s.run.dest <= offset; }) -
      runs_.begin());
}

Answer Translation::ToDest(SourceOffset offset) const {
  if (empty()) return Unknown("nothing has been copied yet");
  const size_t after = After(offset);
  if (after == 0) {
    const Run& first = runs_.front().run;
    if (head_ == Head::kUnknown)
      return Unknown(fmt::format("the map below source offset {} was lost and is not rebuilt", first.source));
    return Clamped(first.dest.value, fmt::format("the copy starts at source offset {}", first.source));
  }
  const Run& run = runs_[after - 1].run;
  const int64_t into = offset - run.source;
  if (into < run.length) return Exact(run.dest.value + into);
  if (after < runs_.size()) {
    const Run& next = runs_[after].run;
    return Clamped(next.dest.value,
                   fmt::format("source offsets {} to {} were not copied{}{}", run.source_next(), next.source - 1,
                               runs_[after].reason.empty() ? "" : ": ", runs_[after].reason));
  }
  if (into == run.length) return Exact(run.dest_next().value);
  return Unknown(fmt::format("copied up to source offset {}", run.source_next()));
}

Answer Translation::ToSource(DestOffset offset) const {
  if (empty()) return Unknown("nothing has been copied yet");
  const size_t after = After(offset);
  if (after == 0) {
    const Run& first = runs_.front().run;
    if (head_ == Head::kUnknown)
      return Unknown(fmt::format("the map below destination offset {} was lost and is not rebuilt", first.dest));
    return Clamped(first.source.value, fmt::format("the copy starts at destination offset {}", first.dest));
  }
  const Run& run = runs_[after - 1].run;
  const int64_t into = offset - run.dest;
  if (into < run.length) return Exact(run.source.value + into);
  if (after < runs_.size()) {
    const Run& next = runs_[after].run;
    return Clamped(next.source.value,
                   fmt::format("destination offsets {} to {} hold no record of the source{}{}", run.dest_next(),
                               next.dest - 1, runs_[after].reason.empty() ? "" : ": ", runs_[after].reason));
  }
  if (into == run.length) return Exact(run.source_next().value);
  return Unknown(fmt::format("copied up to destination offset {}", run.dest_next()));
}

const Segment* Translation::Behind(DestOffset offset) const {
  const size_t after = After(offset);
  if (after == 0 || after == runs_.size() || runs_[after - 1].run.dest_next() > offset) return nullptr;
  return &runs_[after];
}

std::optional<Position> Translation::end() const {
  if (empty()) return std::nullopt;
  return Position{runs_.back().run.source_next(), runs_.back().run.dest_next()};
}

std::optional<int64_t> Translation::shift() const {
  if (empty()) return std::nullopt;
  return runs_.back().run.shift();
}

std::optional<SourceOffset> Translation::identical_from() const {
  if (empty() || runs_.back().run.shift() != 0) return std::nullopt;
  size_t first = runs_.size() - 1;
  while (first > 0 && runs_[first - 1].run.shift() == 0) first--;
  return runs_[first].run.source;
}

}  // namespace klink::offsets
