// The throwaway copies of a drill. A link of its own, `drill.<id>`, whose state stands beside them at the destination,
// copies the newest part of the mirrors with the shipped engine; it is then failed over as any link is. Everything it
// makes at the cluster begins with `_klink.drill.<id>.`, so that it is found again by that, whoever died.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "admin/access.h"
#include "base/blocking.h"
#include "base/task_group.h"
#include "config/schema.h"
#include "failover/drill_ports.h"
#include "failover/drill_report.h"
#include "link/partition_mirror.h"
#include "link/transaction_slots.h"
#include "state/link_state.h"

namespace klink::failover {

// One mirror with what its copy must be like.
struct DrillMirror {
  std::string topic;
  std::string drill_topic;
  int32_t partitions = 0;
  int32_t replicas = 1;
  bool compacted = false;
  int64_t max_message_bytes = 1 << 20;
  std::map<std::string, std::string> settings;  // that decide what the mirror's broker takes
};

// What an agent that slept through the failover does when it wakes up, and what came of it.
struct LateEffect {
  std::string what;
  DrillVerdict verdict = DrillVerdict::kUnknown;  // PASSED: it was refused
  std::string answer;
};

class DrillCopy {
 public:
  struct Parts {
    const config::Config& config;
    config::LinkConfig link;  // `drill.<id>`: both its clusters are the destination
    Executor executor;
    Clock& clock;
    kafka::Cluster& cluster;
    admin::Access access;
    int64_t max_bytes = 0;
  };
  explicit DrillCopy(Parts parts);
  ~DrillCopy();

  // Topics, state and producer ids.
  Async<Status> Make(std::vector<DrillMirror> mirrors, std::map<TopicPartition, int64_t> begins);
  // Until everything below these ends is copied and acknowledged, or max_bytes is. DeadlineExceeded says what is left.
  Async<Status> CopyTo(std::map<TopicPartition, int64_t> ends, Duration limit);
  // As when the process dies: nothing of it is sent any more. In the first partition of each topic a transaction is
  // left open.
  Async<Status> Break();
  // After the failover, with everything it knew before.
  Async<std::vector<LateEffect>> WakeUp();
  Async<void> Close();

  struct Copied {
    TopicPartition mirror;
    int64_t from = 0;          // offset of the mirror: what is below was left out
    int64_t acknowledged = 0;  // offset of the mirror: everything below was acknowledged
    int64_t log_end = 0;       // of the copy, as copying was broken off
    const offsets::Translation* map = nullptr;
  };
  // By partition of the copy.
  std::map<TopicPartition, Copied> copied() const;
  int64_t bytes() const { return budget_.taken(); }
  bool cut_short() const { return budget_.spent(); }
  int64_t open_transactions() const { return static_cast<int64_t>(planted_.size()); }

 private:
  struct Partition;
  Async<Status> CreateTopics(const std::vector<DrillMirror>& mirrors);
  Async<Status> AwaitLeaders(std::set<TopicPartition> left);
  Async<Status> ClaimIdentity();
  Async<Status> RecordMirrors();
  state::MirrorRecord RecordOf(const DrillMirror& mirror) const;
  void Start(const DrillMirror& mirror, int32_t index, int64_t from);
  Async<Status> Plant(TopicPartition tp);
  std::optional<Status> Trouble() const;
  std::string Left(const std::map<TopicPartition, int64_t>& ends) const;
  Async<StatusOr<DestOffset>> Append(TopicPartition tp, SharedBytes batch, std::optional<link::TransactionSlot> slot);

  Parts parts_;
  BlockingPool pool_;
  CopyBudget budget_;
  Permits memory_, fills_;
  CopyGate gate_;
  link::FetchHub fetch_;
  link::ProduceHub produce_;
  link::MarkerWatch markers_;
  std::unique_ptr<state::LinkState> state_;
  std::unique_ptr<link::TransactionSlots> slots_;
  link::Identity identity_;
  std::vector<DrillMirror> mirrors_;
  std::map<TopicPartition, std::unique_ptr<Partition>> partitions_;  // by partition of the copy
  std::unique_ptr<link::TransactionSlots> planting_;                 // its slots begin with epochs of their own
  std::map<TopicPartition, link::TransactionSlot> planted_;
  TaskGroup copying_;
};

}  // namespace klink::failover
