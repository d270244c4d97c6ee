#include "link/partition_progress.h"

#include <algorithm>
#include <utility>

namespace klink::link {

namespace {
constexpr size_t kEndsRemembered = 128;

// The logs hold something else at the same place.
bool IsDivergence(state::Reason reason) {
  using enum state::Reason;
  return reason == kSourceTruncated || reason == kMisplacedBatch || reason == kCrcMismatch;
}

}  // namespace

void PartitionProgress::See(const SourceBounds& bounds) {
  bounds_ = bounds;
  if (!first_end_) first_end_ = bounds.high_watermark;
  if (!position_ || bounds.high_watermark <= *replicated_to()) return;
  if (!ends_.empty() && bounds.high_watermark <= ends_.back().end) return;
  if (ends_.size() == kEndsRemembered)  // thin out: every second one is as good, a little older
    for (size_t i = 1; i < ends_.size(); i++) ends_.erase(ends_.begin() + static_cast<std::ptrdiff_t>(i));
  ends_.push_back(Seen{bounds.high_watermark, clock_.Now()});
}

void PartitionProgress::Replicated(const Position& at, int64_t records, int64_t bytes) {
  position_ = at;
  written_records_ += records;
  written_bytes_ += bytes;
  written_batches_ += records > 0;
  while (!ends_.empty() && ends_.front().end <= *replicated_to()) ends_.pop_front();
  if (bounds_) See(*bounds_);
}

void PartitionProgress::NothingBetween(SourceOffset from, SourceOffset to) {
  hole_from_ = from;
  hole_to_ = to;
  while (position_ && !ends_.empty() && ends_.front().end <= *replicated_to()) ends_.pop_front();
}

bool PartitionProgress::Working() {
  if (!failed_ && text_.empty()) return false;
  const bool news = in_trouble();
  failed_ = false;
  reason_.reset();
  text_.clear();
  since_ = clock_.Wall();
  return news;
}

void PartitionProgress::Remark(state::Reason reason, std::string text) {
  const auto known = remarks_.try_emplace(reason, Remarked{{}, clock_.Wall()}).first;
  known->second.text = std::move(text);
}

void PartitionProgress::TakeBack(state::Reason reason) { remarks_.erase(reason); }

std::optional<state::Reason> PartitionProgress::reason() const {
  return Remarks() ? std::optional(remarks_.begin()->first) : reason_;
}

const std::string& PartitionProgress::text() const { return Remarks() ? remarks_.begin()->second.text : text_; }

WallTime PartitionProgress::since() const { return Remarks() ? remarks_.begin()->second.since : since_; }

bool PartitionProgress::Failed(state::Reason reason, std::string text) {
  if (IsDivergence(reason) && reason_ != reason) divergences_[reason]++;
  return Say(true, reason, std::move(text));
}

bool PartitionProgress::Retrying(std::optional<state::Reason> reason, std::string text) {
  if (failed_) return false;  // what halted it counts until it works again
  if (reason && reason_ == reason) return false;
  return Say(false, reason, std::move(text));
}

bool PartitionProgress::Say(bool failed, std::optional<state::Reason> reason, std::string text) {
  if (failed_ == failed && reason_ == reason && text_ == text) return false;
  failed_ = failed;
  reason_ = reason;
  text_ = std::move(text);
  since_ = clock_.Wall();
  return true;
}

bool PartitionProgress::ForeignWrite(DestOffset from) {
  if (foreign_at_ == from) return false;
  foreign_at_ = from;
  foreign_writes_++;
  return true;
}

std::optional<SourceOffset> PartitionProgress::replicated_to() const {
  if (!position_) return std::nullopt;
  return position_->source_next == hole_from_ ? std::max(hole_from_, hole_to_) : position_->source_next;
}

std::optional<int64_t> PartitionProgress::lag() const {
  if (!bounds_ || !position_) return std::nullopt;
  return std::max<int64_t>(0, bounds_->high_watermark - *replicated_to());
}

std::optional<Duration> PartitionProgress::lag_age() const {
  if (!lag()) return std::nullopt;
  return ends_.empty() ? Duration(0) : clock_.Now() - ends_.front().when;
}

}  // namespace klink::link
