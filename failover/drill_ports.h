// What the shipped engine stands on in a drill: the newest part of a log as if it were all of it, and the map and the
// phase of a copy in memory, as nothing of a drill outlives its process.
#pragma once

#include <optional>
#include <string>

#include "link/kafka_partition.h"
#include "offsets/translation.h"

namespace klink::failover {

// The bytes that all copies of a drill may take. Once a batch does not fit, nothing more is given out.
class CopyBudget {
 public:
  explicit CopyBudget(int64_t bytes) : left_(bytes) {}
  bool Take(int64_t bytes) {
    spent_ |= bytes > left_;
    if (spent_) return false;
    left_ -= bytes;
    taken_ += bytes;
    return true;
  }
  bool spent() const { return spent_; }
  int64_t taken() const { return taken_; }

 private:
  int64_t left_;
  int64_t taken_ = 0;
  bool spent_ = false;
};

class NewestPart final : public link::Source {
 public:
  // All outlive it.
  NewestPart(link::KafkaSource& log, SourceOffset from, CopyBudget& budget, Clock& clock)
      : log_(log), from_(from), budget_(budget), clock_(clock) {}
  Async<StatusOr<link::Fetched>> Next(SourceOffset at) override;
  Async<StatusOr<link::SourceBounds>> Bounds() override;
  Async<StatusOr<std::optional<SharedBytes>>> BatchAt(SourceOffset at) override { return log_.BatchAt(at); }
  Async<StatusOr<std::optional<SourceOffset>>> EndOf(int32_t leader_epoch) override { return log_.EndOf(leader_epoch); }

 private:
  link::KafkaSource& log_;
  SourceOffset from_;
  CopyBudget& budget_;
  Clock& clock_;
};

class CopyMap final : public link::OffsetMap {
 public:
  std::optional<int64_t> shift() const override { return map_.shift(); }
  std::optional<DestOffset> shift_since() const override;
  std::optional<SourceOffset> ToSource(DestOffset at) const override;
  std::optional<DestOffset> ToDest(SourceOffset at) const override;
  Async<Status> Truncate(SourceOffset since, DestOffset dest) override;
  Async<Status> ChangeShift(SourceOffset since, DestOffset dest, std::string why, int32_t leader_epoch) override;
  Async<Status> Resume(DestOffset dest_start, SourceOffset source_next, DestOffset dest_next) override;
  Async<Status> Record(SourceOffset source, DestOffset dest, int64_t length) override;
  const offsets::Translation& map() const { return map_; }

 private:
  offsets::Translation map_;
};

class CopyPhase final : public link::PartitionPhase {
 public:
  bool was_mirrored() const override { return active_; }
  std::optional<link::Prefill> prefill() const override { return prefill_; }
  bool sequences_are_offsets() const override { return !mixed_; }
  Async<Status> LeaveOffsetSequences() override;
  Async<Status> BeginPrefill(link::Prefill prefill) override;
  Async<Status> Activate(int64_t shift, std::string why) override;
  bool active() const { return active_; }
  bool mixed() const { return mixed_; }

 private:
  bool active_ = false;
  bool mixed_ = false;
  std::optional<link::Prefill> prefill_;
};

// Open while the drill copies.
class CopyGate final : public link::Gate {
 public:
  explicit CopyGate(Executor executor) : changed_(std::move(executor)) {}
  bool MayWrite() const override { return open_; }
  Async<Status> UntilOpen() override;
  void Set(bool open) {
    open_ = open;
    changed_.NotifyAll();
  }

 private:
  bool open_ = true;
  Signal changed_;
};

}  // namespace klink::failover
