// What a partition mirror publishes about itself: read by status, metrics and group sync, written by one coroutine.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "link/alignment.h"
#include "link/ports.h"
#include "state/states.h"

namespace klink::link {

class PartitionProgress {
 public:
  explicit PartitionProgress(const Clock& clock, Histogram latency = {})
      : clock_(clock), latency_(std::move(latency)), since_(clock.Wall()), began_(since_) {}

  void Bounds(const SourceBounds& bounds) {
    bounds_at_ = clock_.Wall();
    See(bounds);
  }
  void Destination(DestOffset log_start) { destination_log_start_ = log_start; }
  // The source log holds nothing from `from` to `to`: who has copied up to one has copied up to the other.
  void NothingBetween(SourceOffset from, SourceOffset to);
  // Everything below is at the destination, acknowledged, or is not in the source log.
  std::optional<SourceOffset> replicated_to() const;
  // Everything below is at the destination, acknowledged.
  void Replicated(const Position& at, int64_t records, int64_t bytes);
  void Fetched(int64_t batches, int64_t records, int64_t bytes) {
    fetched_batches_ += batches, fetched_records_ += records, fetched_bytes_ += bytes;
  }
  // From a batch first seen to its acknowledgement.
  void Took(Duration latency) { latency_.Observe(std::chrono::duration<double>(latency).count()); }
  // Holes of the source's log that were filled, by offsets: with copies of a record, with markers.
  void Filled(int64_t copies, int64_t markers) { filled_copies_ += copies, filled_markers_ += markers; }
  // Something an operator should know about a mirror that works, until it is taken back.
  void Remark(state::Reason reason, std::string text);
  void TakeBack(state::Reason reason);
  // ACTIVE; FAILED; or ACTIVE and at it again, with the reason where it has a name. True when that is news.
  bool Working();
  bool Failed(state::Reason reason, std::string text);
  bool Retrying(std::optional<state::Reason> reason, std::string text);

  // Somebody else's records stand there. True when that is news.
  bool ForeignWrite(DestOffset from);
  void Fenced() { fenced_++; }
  // Batches whose answer was lost, found in the log: they are not sent again.
  void DuplicatesAvoided(int64_t batches) { duplicates_avoided_ += batches; }
  void FollowedLogStart() { log_start_deletes_++; }

  std::optional<SourceBounds> bounds() const { return bounds_; }
  std::optional<WallTime> bounds_at() const { return bounds_at_; }  // when the source told them
  std::optional<Position> position() const { return position_; }
  std::optional<DestOffset> destination_log_start() const { return destination_log_start_; }
  // What keeps it from working, else a remark.
  std::optional<state::Reason> reason() const;
  const std::string& text() const;
  WallTime since() const;
  bool failed() const { return failed_; }
  // Failed, or tried again for a named reason: gone once something was written, or nothing is left to write.
  bool in_trouble() const { return failed_ || reason_.has_value(); }
  // Source records not yet at the destination; nothing while either end is unknown.
  std::optional<int64_t> lag() const;
  // How long ago an end beyond what is replicated was first seen; 0 when there is none.
  std::optional<Duration> lag_age() const;
  // That end stood there already when it was looked at first.
  bool lag_age_may_be_more() const { return !ends_.empty() && first_end_ && ends_.front().end <= *first_end_; }

  int64_t foreign_writes() const { return foreign_writes_; }
  int64_t fenced() const { return fenced_; }
  int64_t duplicates_avoided() const { return duplicates_avoided_; }
  int64_t log_start_deletes() const { return log_start_deletes_; }
  // How often the two logs were found to differ, by what was found.
  const std::map<state::Reason, int64_t>& divergences() const { return divergences_; }
  int64_t filled_copies() const { return filled_copies_; }
  int64_t filled_markers() const { return filled_markers_; }
  WallTime began() const { return began_; }  // counting
  int64_t written_records() const { return written_records_; }
  int64_t written_bytes() const { return written_bytes_; }
  int64_t written_batches() const { return written_batches_; }
  int64_t fetched_bytes() const { return fetched_bytes_; }
  int64_t fetched_batches() const { return fetched_batches_; }
  int64_t fetched_records() const { return fetched_records_; }

 private:
  void See(const SourceBounds& bounds);
  bool Say(bool failed, std::optional<state::Reason> reason, std::string text);
  bool Remarks() const { return !failed_ && text_.empty() && !remarks_.empty(); }

  const Clock& clock_;
  Histogram latency_;
  std::optional<SourceBounds> bounds_;
  std::optional<WallTime> bounds_at_;
  std::optional<Position> position_;
  SourceOffset hole_from_, hole_to_;
  std::optional<DestOffset> destination_log_start_;
  std::optional<state::Reason> reason_;
  std::string text_;
  bool failed_ = false;
  WallTime since_, began_;
  struct Remarked {
    std::string text;
    WallTime since;
  };
  std::map<state::Reason, Remarked> remarks_;
  struct Seen {
    SourceOffset end;
    Instant when;
  };
  std::optional<SourceOffset> first_end_;
  std::deque<Seen> ends_;  // source ends beyond what is replicated, with when each was first seen; thinned when long
  std::optional<DestOffset> foreign_at_;  // the last one told
  int64_t foreign_writes_ = 0, fenced_ = 0, duplicates_avoided_ = 0, log_start_deletes_ = 0;
  std::map<state::Reason, int64_t> divergences_;
  int64_t filled_copies_ = 0, filled_markers_ = 0;
  int64_t written_records_ = 0, written_bytes_ = 0, written_batches_ = 0;
  int64_t fetched_bytes_ = 0, fetched_batches_ = 0, fetched_records_ = 0;
};

}  // namespace klink::link
