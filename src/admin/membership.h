// Who mirrors what: every agent of a link is a member of one Kafka group over the work topic, whose partitions are the
// shards. Nothing is ever fetched from it.
//
// The lease is ours: every 2 s a commit is sent as a member of the group; when it succeeds, nobody else can own what we
// own before (time of sending + session timeout), and we believe only in the 17 s after the sending. So:
//   - Owns(shard) is true only while the shard is assigned and the lease runs; nothing is sent when it is false.
//   - Revoked shards stop being owned at once; the listener stops, drains and closes; only then the group is told.
//   - Lost shards (the group went on without us) are not ours already; the listener drops everything. Joining may
//     begin with such a loss: it is a pause, not an error.
// A shard is released by a commit that says so. Who takes over a shard that was not released waits out the lease of
// its last owner where a late write of that one could do harm: predecessor_until().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <librdkafka/rdkafka.h>

#include "admin/access.h"
#include "admin/event_queue.h"
#include "admin/handle.h"
#include "base/blocking.h"
#include "base/clock.h"
#include "base/task_group.h"

namespace klink::admin {

enum class Loss { kRevoked, kLost };  // asked back in order, or already somebody else's

class MembershipListener {
 public:
  virtual ~MembershipListener() = default;
  // These shards may be worked on while Owns() says so.
  virtual void OnAssigned(const std::set<int32_t>& shards) = 0;
  // Stop, drain (when revoked), close; return when nothing of these shards is on its way any more.
  virtual Async<void> OnRevoked(std::set<int32_t> shards, Loss loss) = 0;
};

struct MembershipOptions {
  Access access;            // the destination cluster
  std::string group;        // `_klink.<link>.work`
  std::string topic;        // the same name
  std::string instance_id;  // stable for this agent's data directory: a restart rejoins at once
  Duration session_timeout = 20s;
  std::function<std::string()> note = {};  // said with every mark, for whoever reads the group's offsets
};

class Membership {
 public:
  static constexpr Duration kHeartbeatEvery = 2s;
  static constexpr Duration kCommitEvery = 2s;
  static constexpr Duration kRetryCommitAfter = 500ms;
  static constexpr Duration kLeaseMargin = 3s;       // of the session timeout: what clocks and schedulers may err
  static constexpr Duration kCommitLimit = 5s;       // then the next commit is tried
  static constexpr Duration kMaxPollInterval = 30s;  // how long a stuck executor keeps its place
  static constexpr Duration kReleaseLimit = 10s;     // for OnRevoked: drain ≤ 5 s and close
  static constexpr Duration kLookUpLimit = 2s;
  static constexpr Duration kJoinLook = 50ms;  // how soon a finished rebalance is noticed
  static constexpr Duration kCloseLimit = 20s;

  // Clock, pool and listener outlive it.
  Membership(Executor executor, Clock& clock, BlockingPool& pool, MembershipOptions options,
             MembershipListener& listener);
  ~Membership();

  Status Start();
  // Assigned and not revoked, whatever the lease says.
  const std::set<int32_t>& owned() const { return owned_; }
  bool Owns(int32_t shard) const { return owned_.contains(shard) && !unmarked_.contains(shard) && LeaseRuns(); }
  bool LeaseRuns() const { return clock_.Now() < lease_until_; }
  Instant lease_until() const { return lease_until_; }
  // How long one commit is worth, from its sending: 17 s of the 20.
  Duration lease() const { return options_.session_timeout - kLeaseMargin; }
  // Until when an earlier owner may still believe it owns the shard; in the past when it released it.
  Instant predecessor_until(int32_t shard) const;
  // Another agent held it and never released it: the group handed it on because that one missed a whole session.
  bool predecessor_was_silent(int32_t shard) const { return silent_before_.contains(shard); }
  // OK in the group or on the way into it. FailedPrecondition stays: "another agent uses the same instance id …".
  const Status& status() const { return status_; }
  // The owned set, the lease (began or ran out) or the status is another one.
  Signal& changed() { return changed_; }
  // Revokes everything in order and leaves. Ends within kCloseLimit, also when the caller was stopped.
  Async<void> Close();
  // Of the member that was closed, when it released all it held: a static member keeps its place until the session
  // ends, and may give it up by this id. Empty: something was not released.
  const std::string& released_member() const { return released_member_; }

 private:
  enum class Mark { kHeld, kReleased };
  struct Stopping;
  class JoinWatch;

  Async<void> ServeEvents();
  Async<void> OnRebalance(rd_kafka_event_t* event);
  Async<void> Assign(rd_kafka_topic_partition_list_t* list);
  Async<void> Revoke(rd_kafka_topic_partition_list_t* list, Loss loss);
  Async<void> GiveUp(std::set<int32_t> shards, Loss loss);
  Async<bool> LetTheListenerStop(std::set<int32_t> shards, Loss loss);
  Async<void> RunListener(std::set<int32_t> shards, Loss loss, std::shared_ptr<Stopping> stopping);
  Async<void> OnError(rd_kafka_event_t* event);

  Async<void> KeepLease();
  Async<Status> Commit(std::set<int32_t> shards, Mark mark);
  Async<void> LookUpPredecessors(std::set<int32_t> shards);
  void BeginLease(Instant until);
  void EndLease();
  void SetStatus(Status status);
  Async<void> LeaveGroup();

  Executor executor_;
  Clock& clock_;
  BlockingPool& pool_;
  MembershipOptions options_;
  MembershipListener& listener_;

  std::shared_ptr<JoinWatch> joining_;
  std::shared_ptr<Handle> handle_;      // shared with calls on the pool
  std::unique_ptr<EventQueue> events_;  // everything librdkafka tells
  std::string holder_;                  // this process in this group; written into the marks
  std::set<int32_t> owned_;
  std::set<int32_t> unmarked_;  // owned, but no commit has said so yet
  std::map<int32_t, Instant> predecessor_until_;
  std::set<int32_t> silent_before_;
  std::string released_member_;
  bool all_released_ = true;
  Instant lease_until_ = Instant::min();
  uint64_t losses_ = 0;      // a commit sent before a loss gives no lease after it
  bool lease_told_ = false;  // that it runs
  Status status_;
  bool fenced_ = false;  // for good
  bool leaving_ = false;
  bool left_ = false;
  Signal changed_;
  Signal left_signal_;
  TaskGroup tasks_;
  TaskGroup listeners_;  // OnRevoked, which may take longer than we wait for it, and leaving
};

}  // namespace klink::admin
