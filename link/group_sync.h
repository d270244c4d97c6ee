// Carries consumer groups over: every `interval` reads what the selected groups have committed at the source, and
// commits the same positions, translated, at the destination. Run by the link's leader.
//
// A round: list the groups of both sides; read the source's positions (many groups in a request); wait until the
// mirrors have passed what the source held then (the barrier); translate; commit what is not there yet. Where nothing
// moved, a round ends after the reading.
//
// Invariants:
//  - A group with members at the destination is left alone, and afterwards too until it moves again at the source.
//  - A position is committed at most once for what was read; what became of it is unknown after a lost answer, and the
//    next round reads anew and decides anew.
//  - No broker refuses a commit of an agent that lost the lead: each is asked for (state/effects.h) right before it is
//    sent.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/task_group.h"
#include "config/group_filter.h"
#include "link/group_book.h"
#include "link/group_requests.h"

namespace klink::link {

// What group sync needs of its link.
class GroupMirrors {
 public:
  virtual ~GroupMirrors() = default;
  // Every mirror. The maps in it hold until the next wait.
  virtual std::vector<GroupMirror> Mirrors() const = 0;
  // One partition, by its name at the destination; nothing when there is none.
  virtual std::optional<GroupPartition> Standing(const TopicPartition& destination) const = 0;
  // May positions in this mirror be committed now?
  virtual Status MayCommit(const std::string& destination_topic) const = 0;
  virtual const std::map<std::string, state::GroupRecord, std::less<>>& Records() const = 0;
  virtual Async<Status> Remember(std::vector<state::GroupRecord> records) = 0;
};

// Since the link was made.
struct GroupTotals {
  std::map<std::string, int64_t, std::less<>> commits;  // positions, by result
  int64_t clamped = 0;
  std::optional<WallTime> read_at;  // of the positions of the last completed round
};

struct GroupSyncParts {
  const config::LinkConfig& config;
  config::GroupFilter filter;
  kafka::Cluster& source;
  kafka::Cluster& destination;
  Executor executor;
  Clock& clock;
  GroupMirrors& mirrors;
  GroupTotals& totals;
};

class GroupSync {
 public:
  static constexpr Duration kGoneAfter = 30s;  // without the group in any broker's list
  static constexpr Duration kBarrierPoll = 50ms;
  static constexpr Duration kUnreadableAfter = 30s;       // a source partition without a leader holds nobody up longer
  static constexpr Duration kOpenTransactionAfter = 10s;  // see AwaitBarrier
  static constexpr size_t kCommitsAtOnce = 4 * kafka::kGroupLanes;
  static constexpr size_t kRecordsPerRound = 500;

  explicit GroupSync(GroupSyncParts parts);

  // Which groups are carried over from the next round on. Those left out stay as they are at the destination.
  void Follow(config::GroupFilter filter) { next_filter_ = std::move(filter); }

  // One round. An error names what keeps some group, or all, from being carried over; the others were.
  Async<Status> Round();
  // Raises what was committed at less than the group's position, as far as the copy has grown, without the source.
  Async<Status> RaiseClamped();

  const GroupBook& book() const { return book_; }
  const std::string& waiting() const { return waiting_; }  // for the barrier, in words; empty: it does not

 private:
  struct Send {
    size_t entry = 0;
    PlannedPosition planned;
  };
  struct Work {
    const std::string* name = nullptr;
    Group* group = nullptr;
    std::vector<Send> sends;
  };
  enum class Which : uint8_t { kAll, kClamped };

  void TakeFilter();
  void Select(const FoundGroups& source);
  void WarnOfFilter(const FoundGroups& source, size_t selected);
  void LoadRecords();
  Async<Status> Read();
  Async<Status> Meet();
  void Look();
  PlannedPosition Plan(const GroupEntry& entry) const;
  bool IsDue(const std::string& name, const GroupEntry& entry, const PlannedPosition& planned) const;
  std::vector<Work> PlanAll(Which which);
  void LeaveAlone(const std::string& name, Group& group);

  // group_barrier.cc
  Async<Status> AwaitBarrier();

  // group_commit.cc
  Async<Status> CommitAll(Which which);
  Async<Status> ReadBounds(const std::vector<Work>& works);
  Async<Status> FindDestinations(const std::vector<Work>& works);
  Async<void> Commit(std::vector<Work>& works, size_t& next, size_t lane);
  Async<void> CommitOne(Work& work, size_t lane);
  void Settle(Work& work, const std::string& topic, int32_t partition, kafka::Error error);
  void Hidden(const std::string& name, Group& group, Status status);
  void Refused(const std::string& name, Group& group, Status status);
  void Trouble(const std::string& name, Group& group, Status status);
  Async<Status> RememberNotable();

  // group_gone.cc
  Async<Status> FollowGone();
  Async<StatusOr<std::vector<std::string>>> VisibleOf(std::vector<std::string> missing);
  Async<Status> Remove(const std::string& name, Group& group);

  GroupSyncParts p_;
  GroupBook book_;
  std::vector<GroupMirror> mirrors_;           // as of the last Look
  std::vector<const GroupMirror*> by_number_;  // by the number of their source topic; null: not mirrored
  std::vector<std::string> destination_of_number_;
  std::vector<std::string> id_of_number_;
  std::unordered_map<std::string, int32_t> number_of_destination_;
  std::map<TopicPartition, std::pair<int64_t, int64_t>> bounds_;  // of copies, as the destination told this round
  std::set<std::string> notable_;                                 // groups with something to remember
  bool loaded_ = false;
  bool warned_empty_ = false;
  bool warned_idle_ = false;
  std::optional<config::GroupFilter> next_filter_;
  Status trouble_;  // of this round
  std::string waiting_;
};

}  // namespace klink::link
