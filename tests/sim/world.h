// Virtual time, chance and the trace of one simulated run. Events run in the order of their time, then of their making;
// nothing else moves time, so a run is decided by its seed alone.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "tests/sim/random.h"

namespace klink::sim {

// What may go wrong. Each is counted when it bites, not when it is planned.
#define KLINK_SIM_FAULTS(ROW)                                                            \
  ROW(LostRequest, "a produce request never arrived")                                    \
  ROW(LostAnswer, "a batch was appended and its answer was lost")                        \
  ROW(LateRequest, "a request was taken by the broker after its connection was reset")   \
  ROW(LateAppend, "… and was appended then")                                             \
  ROW(LeaderMove, "the destination leader moved while the log was being written")        \
  ROW(Truncated, "a leader move dropped batches that were not replicated")               \
  ROW(NotLeader, "a produce request met a broker that no longer leads")                  \
  ROW(NotEnoughReplicas, "a batch was refused with NOT_ENOUGH_REPLICAS")                 \
  ROW(AfterAppend, "a batch was appended and answered NOT_ENOUGH_REPLICAS_AFTER_APPEND") \
  ROW(TimedOut, "a batch was appended and answered REQUEST_TIMED_OUT")                   \
  ROW(Refused, "a batch was refused as too large")                                       \
  ROW(Duplicate, "a repeated batch was answered with its first offset")                  \
  ROW(OutOfOrder, "a batch was answered OUT_OF_ORDER_SEQUENCE_NUMBER")                   \
  ROW(Forgotten, "the leader forgot our producer")                                       \
  ROW(AskFailed, "a question about the destination log failed")                          \
  ROW(TrimUnclear, "a trim was carried out and its answer was lost")                     \
  ROW(SourceAway, "the source could not be asked")                                       \
  ROW(Retention, "the source's retention removed what was not yet copied")               \
  ROW(StoreRefused, "a record of the state was not written")                             \
  ROW(StoreUnclear, "a record of the state was written and its answer was lost")         \
  ROW(Crash, "an agent died between two steps")                                          \
  ROW(CrashInPrefill, "… while the log was being aligned")                               \
  ROW(Freeze, "an agent stood still beyond its lease and came back")                     \
  ROW(TwoOwners, "two agents wrote to the partition at a time")                          \
  ROW(ForeignWrite, "somebody else wrote to the destination")                            \
  ROW(Misplaced, "a batch of ours stood where it does not belong")                       \
  ROW(CallLost, "a call to a transaction's coordinator never arrived")                   \
  ROW(CallUnanswered, "… or was carried out and not answered")                           \
  ROW(CallLate, "… or was carried out after it was given up")                            \
  ROW(MarkerLate, "a marker stood long after the end was asked for")                     \
  ROW(MarkerTwice, "a marker was written although it stood")                             \
  ROW(MarkerLost, "a leader move dropped a marker, and it was written again")            \
  ROW(NotVerified, "a transactional batch was refused with INVALID_TXN_STATE")           \
  ROW(Concurrent, "a coordinator was still finishing the slot's last transaction")       \
  ROW(SlotFenced, "a coordinator refused an earlier epoch")                              \
  ROW(TransactionTimedOut, "a coordinator aborted a transaction of ours")                \
  ROW(CrashInTransaction, "an agent died while the log held an open transaction")        \
  ROW(StartInTransaction, "the source's log began inside a transaction")                 \
  ROW(CutTransaction, "the source's retention removed the end of a transaction of ours") \
  ROW(FillersFenced, "a late request for fillers met those of a later owner")            \
  ROW(NotFilled, "a hole was too large to be filled")                                    \
  ROW(AnsweredLost, "a leader move dropped a batch that acks=1 had answered")            \
  ROW(GapFilled, "markers stand for what the source's retention removed")                \
  ROW(SourceCutBack, "an unclean election at the source removed what was acknowledged")  \
  ROW(MarkerNever, "a coordinator took a transaction for ended and wrote no marker")

enum class Fault {
#define KLINK_SIM_FAULT(NAME, MEANING) k##NAME,
  KLINK_SIM_FAULTS(KLINK_SIM_FAULT)
#undef KLINK_SIM_FAULT
      kCount,
};
constexpr size_t kFaults = static_cast<size_t>(Fault::kCount);
constexpr Fault kFirstOfTransactions = Fault::kCallLost;  // from here on they bite transactions alone
constexpr Fault kFirstOfFillers = Fault::kFillersFenced;
std::string_view Name(Fault fault);

using FaultCounts = std::array<int64_t, kFaults>;

class World {
 public:
  explicit World(uint64_t seed);

  Instant now() const { return now_; }
  WallTime wall() const { return kWallStart + std::chrono::floor<std::chrono::milliseconds>(now_ - Instant()); }
  int64_t wall_ms() const { return wall().time_since_epoch().count(); }
  Random& random() { return random_; }

  void At(Instant when, std::function<void()> what) { events_.emplace(when, std::move(what)); }
  void After(Duration d, std::function<void()> what) { At(now_ + d, std::move(what)); }
  // Runs the next event that is due by `until`, moving the time to it. Without one the time becomes `until`.
  bool Step(Instant until);

  void Count(Fault fault, int64_t times = 1) { counts_[static_cast<size_t>(fault)] += times; }
  const FaultCounts& counts() const { return counts_; }

  // The trace is always hashed; its text is kept on demand (KLINK_SIM_TRACE).
  template <class... A>
  void Note(fmt::format_string<A...> format, A&&... args) {
    Add(fmt::format(format, std::forward<A>(args)...));
  }
  uint64_t trace_hash() const { return hash_; }

 private:
  static constexpr WallTime kWallStart{std::chrono::milliseconds(1'750'000'000'000)};

  void Add(std::string_view line);

  Instant now_{};
  Random random_;
  std::multimap<Instant, std::function<void()>> events_;
  FaultCounts counts_{};
  uint64_t hash_ = 14695981039346656037u;
  bool print_;
};

// The clock port of everything simulated. A sleeper belongs to the executor it sleeps on and is forgotten with it.
class SimClock final : public Clock {
 public:
  explicit SimClock(World& world) : world_(world) {}
  Instant Now() const override { return world_.now(); }
  WallTime Wall() const override { return world_.wall(); }
  Async<Status> Sleep(Duration d) override;

 private:
  World& world_;
};

}  // namespace klink::sim
