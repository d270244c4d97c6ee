// One link: its two clusters, its state, its place among the link's agents, and, while it owns shard 0, the mirrors.
//
// Serve() reaches the clusters, opens the state and joins the work group; whoever owns shard 0 leads: takes control of
// the state topic, syncs topics, mirrors every partition under that shard's lease. The others stand by. Losing the
// shard drains the mirrors before it is given back.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "admin/membership.h"
#include "admin/state_log.h"
#include "admin/topics.h"
#include "base/blocking.h"
#include "base/permits.h"
#include "config/reload_plan.h"
#include "config/schema.h"
#include "config/topic_sets.h"
#include "link/acl_sync.h"
#include "link/carried_here.h"
#include "link/config_sync.h"
#include "link/control_plan.h"
#include "link/diff.h"
#include "link/explain.h"
#include "link/group_sync.h"
#include "link/mirror_drop.h"
#include "link/partition_runner.h"
#include "link/progress.h"
#include "link/promotion.h"
#include "link/quota_sync.h"
#include "link/round_task.h"
#include "link/sight.h"
#include "link/topic_sync.h"
#include "state/link_state.h"

namespace klink::link {

// What an agent's links share.
struct LinkParts {
  Executor executor;
  Clock& clock;
  BlockingPool& pool;
  Permits& budget;                // bytes in flight
  kafka::CallObserver* observer;  // of requests, for metrics
  Histogram latency;              // of this link's batches
  std::string agent_id;
  std::string instance_id;  // agent id + what data_dir remembers: the group's static member
  std::string data_dir;
  Auditor* auditor = nullptr;
  Duration delete_hold = kDeleteHold;
  PromoterFactory promoters = {};  // empty: nothing can be promoted
};

class Link final : public admin::MembershipListener, public Gate, public Copies {
 public:
  Link(LinkParts parts, config::LinkConfig config, const config::ClusterConfig& source,
       const config::ClusterConfig& destination);
  ~Link() override;

  void Start();
  // Drains the mirrors, gives the shard back, leaves the group.
  Async<void> Stop();
  // The same of a link that does not come back: it leaves no place in the group for its next start.
  Async<void> StopForGood();

  // Of the same clusters; what runs goes on, or with kMirrors is drained and begun again.
  void Reconfigure(const config::LinkConfig& next, config::LinkReload reload);

  LinkSnapshot Snapshot() const;
  Async<StatusOr<std::vector<ControlledMirror>>> ControlMirrors(ControlRequest request);
  Async<StatusOr<ControlledLink>> ControlLink(ControlRequest request);
  Async<StatusOr<std::vector<RealignedMirror>>> Realign(ControlRequest request);
  Async<StatusOr<std::vector<AdoptedMirror>>> Adopt(AdoptRequest request);
  Async<StatusOr<PromotionSnapshot>> Promote(PromoteRequest request);
  StatusOr<PromotionSnapshot> Operation(const std::string& operation) const;
  Async<StatusOr<CutoverSnapshot>> Cutover(CutoverRequest request);
  StatusOr<CutoverSnapshot> CutoverNow() const;
  Async<StatusOr<InhibitSnapshot>> Inhibit(InhibitRequest request);
  Async<Status> DropMirror(DropRequest request);
  StatusOr<RunsSnapshot> RunsOf(const TopicPartition& tp) const;
  StatusOr<AclsSnapshot> Acls() const;
  Async<StatusOr<std::vector<OffsetAtSnapshot>>> OffsetsAt(std::string topic, WallTime time);
  struct Explained {
    Explanation explanation;
    bool concerned = false;  // its filter takes it, or it has a mirror of that name
  };
  Async<StatusOr<Explained>> Explain(ExplainKind kind, std::string name);
  Async<StatusOr<LinkDiff>> Diff();
  // By kind, as last counted; empty while this agent does not lead.
  const std::map<std::string, int64_t>& drift() const { return drift_; }
  StatusOr<GroupsSnapshot> Groups() const;
  Async<StatusOr<GroupSnapshot>> GroupNow(std::string group);
  const GroupTotals& group_totals() const { return group_totals_; }
  // Both clusters have answered once.
  bool both_seen() const { return source_id_ && destination_id_; }
  const std::string& name() const { return config_.name; }
  offsets::TranslationStore* store() { return store_.get(); }
  // Sums over the partitions since the link was made.
  struct Totals {
    int64_t fetched_bytes = 0, fetched_batches = 0, fetched_records = 0;
    int64_t written_bytes = 0, written_batches = 0, written_records = 0;
    int64_t foreign_writes = 0, fenced = 0, duplicates_avoided = 0, log_start_deletes = 0;
    std::map<state::Reason, int64_t> divergences;

    void Add(const PartitionProgress& p);
  };
  Totals totals() const;
  ConfigCounts config_counts() const;

 private:
  static constexpr int32_t kLeaderShard = 0;
  class RunsTopic;
  class Settings;
  class MirrorsForGroups;
  class Promotion;
  template <class T>
  struct Asked;
  struct Running {
    std::shared_ptr<PartitionRunner> runner;
    std::shared_ptr<TaskGroup> task;
  };

  // Gate: the lease of shard 0.
  bool MayWrite() const override;
  Async<Status> UntilOpen() override;

  bool Stand(const std::string& topic) const override;
  Async<Status> Forget(std::string topic, int32_t partitions) override;

  void OnAssigned(const std::set<int32_t>& shards) override;
  Async<void> OnRevoked(std::set<int32_t> shards, admin::Loss loss) override;

  Async<void> Run();
  Async<Status> Serve();
  Async<Status> Reach();      // both clusters, their ids
  Async<Status> OpenState();  // the link's own topics
  Async<void> AskSource();
  Async<Status> UntilSourceKnown();
  Status DifferentClusters() const;
  Status CheckIdentities() const;
  Async<void> Close();
  Async<void> LeaveToOthers(size_t held);

  Async<void> LeadLoop();
  Async<Status> Lead();
  Async<Status> ClaimIdentity();  // the link record with its producer ids
  Async<Status> SyncTopics();
  void StartCarrying(TaskGroup& tasks);  // ACLs and quotas, where they are asked for
  Async<Status> SyncOnce();
  Async<Status> SyncConfigs();
  Async<Status> PublishConfig();
  void BeginConfigs();
  Async<Status> CompleteShards();
  void Reconcile(SyncResult result);
  void StartMirror(const RunnerNames& names);
  void StopMirror(const TopicPartition& tp);
  Async<void> AwaitStopped(TopicPartition tp);
  Async<void> StopMirrors();
  Async<void> StopLeading();
  void Count(const TopicPartition& tp, const PartitionRunner& runner);

  // link_control.cc
  const std::string* LedElsewhere() const;
  Status MayControl() const;
  Async<Status> UntilControl() const;
  template <class T, class Request>
  Async<StatusOr<T>> AsLeader(Async<StatusOr<T>> (Link::*work)(Request), Request request);
  Status Written(Status written) const;
  Async<StatusOr<std::vector<ControlledMirror>>> ChangeMirrors(ControlRequest request);
  Async<StatusOr<ControlledLink>> ChangeLink(ControlRequest request);
  Async<StatusOr<std::vector<RealignedMirror>>> ChangeAlignment(ControlRequest request);
  // link_drop.cc
  Async<StatusOr<bool>> CopyIsThere(state::MirrorRecord record);
  Async<StatusOr<std::string>> DropOne(DropRequest request);
  // link_adoption.cc
  Async<StatusOr<std::vector<AdoptedMirror>>> BeginAdoption(AdoptRequest request);
  Async<Status> GiveProducers(state::MirrorRecord& record, int64_t incarnation, std::vector<state::Record>& others);
  Identity IdentityOf(const state::MirrorRecord* mirror) const;

  std::optional<int64_t> OnlyInCopy(const MirrorSnapshot& mirror) const;
  std::vector<MirrorSnapshot> MirrorsAsked(const ControlRequest& request, std::vector<RealignedMirror>& unknown) const;
  MirrorFacts FactsOf(const MirrorSnapshot& mirror) const;
  bool MayRun(const std::string& topic) const;  // as its record and the link's say
  void StopFailed(const std::string& topic);
  Async<Status> FollowRecords();
  void SyncNow();
  Async<Status> UntilSyncDue();
  Async<void> WakeAfter(Duration pause);
  Async<void> WatchConfig();
  void CompareConfig();

  // link_promotion.cc
  void BeginPromotions(TaskGroup& tasks);
  void EndPromotions();
  Async<void> RunPromotions();
  Async<void> FollowPromotions();
  Async<Status> AwaitDirect();
  Async<StatusOr<PromotionSnapshot>> BeginPromotion(PromoteRequest request);
  Async<StatusOr<CutoverSnapshot>> BeginCutover(CutoverRequest request);
  Async<StatusOr<InhibitSnapshot>> ChangeInhibit(InhibitRequest request);

  // link_sight.cc
  Async<void> WatchSight();
  Async<void> LookAround();
  Async<void> StandAside();
  Async<Status> UntilWelcome();
  Async<void> ConsiderFailover(std::vector<Sight> others);
  Async<void> FailOverAlone();
  AutoFailoverFacts FactsOfFailover(std::vector<Sight> others) const;
  void ShowAutoFailover(LinkSnapshot& link) const;

  // link_groups.cc
  Async<void> SyncGroups();
  Async<Status> FollowGroupFilter();
  Async<Status> GroupRound(Duration limit);
  Async<Status> RaiseGroups();
  GroupPartition StandingOf(const TopicPartition& tp) const;

  void SetCondition(state::LinkCondition condition, std::optional<state::Reason> reason, std::string text);
  PartitionSnapshot SnapshotOf(const TopicPartition& tp, const state::PartitionRecord& record) const;
  MirrorSnapshot SnapshotOf(const state::MirrorRecord& record) const;
  void ShowTroubles(std::vector<MirrorSnapshot>& mirrors) const;
  void ShowTasks(LinkSnapshot& link) const;
  void ShowSets(LinkSnapshot& link) const;
  struct ShownPause {
    state::MirrorState state;
    state::Reason reason;
    std::string text;
    WallTime since;
  };
  std::optional<ShownPause> PauseOf(const state::MirrorRecord& record) const;
  void ShowStanding(const TopicPartition& tp, PartitionSnapshot& out) const;
  void ShowCut(const state::MirrorRecord& record, const TopicPartition& tp, PartitionSnapshot& out) const;
  bool SourceGone() const;
  struct Asking;
  Async<void> AskOffsetAt(Asking& asking, OffsetAtSnapshot& out);
  LinkFacts FactsOfLink(const LinkSnapshot& shown) const;
  std::vector<DiffTopic> TopicsToCompare(const Listing& source, const Listing& destination,
                                         const config::TopicFilter& filter) const;
  Async<Status> CompareSettings(std::vector<DiffTopic>& topics);
  Async<StatusOr<Carried>> CarriedToSource();
  Async<void> CompareAcls(LinkDiffer& differ);
  Async<void> CompareQuotas(LinkDiffer& differ);
  void CompareGroups(LinkDiffer& differ) const;
  Async<void> CountDrift();
  Async<void> AskPresence(kafka::Cluster& cluster, bool gone, std::vector<std::string> topics,
                          std::map<std::string, Presence>& out);
  bool DestinationGone() const;
  Async<void> Watch(kafka::Cluster& cluster, Status& trouble);

  LinkParts parts_;
  config::LinkConfig config_;  // copied into by Reconfigure: references to its parts hold
  config::TopicSets sets_;
  admin::Access destination_access_;
  admin::Access source_access_;
  std::set<std::string> own_principals_;  // klink's own, on both sides, as far as the configuration tells
  OwnClients own_clients_;
  kafka::Cluster source_;
  kafka::Cluster destination_;
  Status source_trouble_;  // of the last question, when it went unanswered
  Status destination_trouble_;
  std::optional<std::string> source_id_;
  std::optional<std::string> destination_id_;
  Status source_word_;  // of the last question who the source is

  std::unique_ptr<admin::Topics> topics_;
  std::unique_ptr<state::LinkState> state_;
  std::unique_ptr<RunsTopic> runs_;
  std::unique_ptr<offsets::TranslationStore> store_;
  std::unique_ptr<admin::Membership> membership_;
  std::unique_ptr<MirrorBook> book_;
  std::unique_ptr<TopicSync> sync_;
  std::unique_ptr<CarriedHere> carried_;  // while leading
  std::unique_ptr<AclSync> acls_;         // while leading
  std::unique_ptr<QuotaSync> quotas_;     // while leading
  std::unique_ptr<ConfigSync> configs_;
  std::unique_ptr<GroupMirrors> mirrors_for_groups_;
  std::unique_ptr<GroupSync> groups_;  // while leading, and groups are asked for
  GroupTotals group_totals_;
  RoundTask group_task_;
  Permits group_turn_;                        // of a round
  TaskGroup* group_round_ = nullptr;          // under way
  std::set<std::string> groups_finally_;      // mirrors whose promotion carries groups over for the last time
  std::unique_ptr<PromotionHost> promotion_;  // while leading
  std::unique_ptr<Promoter> promoter_;
  std::unique_ptr<SourceDoor> door_;
  std::map<TopicPartition, CopyStanding> stood_;  // how far mirrors were when they ended
  FetchHub fetch_;
  ProduceHub produce_;
  MarkerWatch markers_;
  Identity identity_;
  std::unique_ptr<TransactionSlots> slots_;
  std::unique_ptr<Permits> fills_;
  Duration transaction_timeout_ = 15min;
  Duration producer_expiration_ = 24h;
  Duration inherited_settle_ = 15s;

  std::map<TopicPartition, Running> mirrors_;   // by destination partition
  std::map<TopicPartition, Running> stopping_;  // drained, not yet at their end; none of them is in mirrors_
  std::set<TopicPartition> stopped_;            // while leading: their offset maps are kept, nobody else writes there
  std::map<std::string, Trouble> troubles_;
  std::map<std::string, int64_t> drift_;
  Totals ended_;     // of mirrors that ended
  Silence silence_;  // of the source
  Sights sights_;    // what the link's agents say of it
  int64_t marks_ = 0;
  AutoFailoverVerdict automatic_;  // while leading
  Instant automatic_again_{};      // after one that could not be begun
  bool aside_ = false;             // another agent sees the source, this one does not

  state::LinkCondition condition_ = state::LinkCondition::kUnavailable;
  std::optional<state::Reason> reason_;
  std::string text_ = "starting";
  WallTime since_;
  Status sync_status_;
  Status configs_status_;
  std::string sync_progress_;           // while topics are made
  ConfigCounts ended_configs_;          // of what led before
  std::vector<std::string> differing_;  // settings in which this agent's file and the link's configuration differ
  WallTime differing_since_{};
  bool leading_ = false;
  bool stop_leading_ = false;
  bool for_good_ = false;  // it ends, and is not begun again
  bool steering_ = false;  // in control of the state, and following it
  bool sync_due_ = false;
  bool timer_due_ = false;
  Instant next_sync_{};
  bool shards_complete_ = false;
  Signal changed_;
  std::unique_ptr<TaskGroup> lead_;  // while leading
  TaskGroup tasks_;
};

}  // namespace klink::link
