// The process: every link of the configuration, what they share, and the answers HTTP and the command line get.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "config/reload_plan.h"
#include "config/schema.h"
#include "link/link.h"
#include "link/mirror_drop.h"
#include "link/progress.h"

namespace klink::link {

struct AgentOptions {
  Auditor* auditor = nullptr;  // outlives the agent; null: nothing is written down
  Duration delete_hold = kDeleteHold;
  PromoterFactory promoters = {};  // empty: nothing can be promoted
};

class Agent final : public AgentApi, public MirrorDropper, private kafka::CallObserver {
 public:
  Agent(config::Config config, Executor executor, Metrics* metrics = nullptr);
  ~Agent() override;

  // Opens data_dir and begins every link. An error here is the operator's: the directory cannot be used.
  Status Start(AgentOptions options = {});
  // Goes over to `next`, as `plan` says (config/reload_plan). Links that are not in it are not touched. Ends when all
  // that had to end has drained.
  Async<void> Follow(config::Config next, config::ReloadPlan plan);
  // Drains, gives the shards back, closes everything; bounded by the limits of its parts.
  Async<void> Stop();

  AgentSnapshot Snapshot() const override;
  Async<StatusOr<std::vector<TranslationSnapshot>>> Translate(TranslateRequest request) override;
  Async<StatusOr<std::vector<AdoptedMirror>>> Adopt(AdoptRequest request) override;
  Async<StatusOr<RunsSnapshot>> Runs(std::string link, TopicPartition partition) override;
  StatusOr<AclsSnapshot> Acls(const std::string& link) const override;
  Async<StatusOr<std::vector<OffsetAtSnapshot>>> OffsetsAt(OffsetsAtRequest request) override;
  Async<StatusOr<GroupsSnapshot>> Groups(std::string link) override;
  Async<StatusOr<GroupSnapshot>> Group(std::string link, std::string group) override;
  Async<StatusOr<std::vector<ControlledMirror>>> ControlMirrors(ControlRequest request) override;
  Async<StatusOr<ControlledLink>> ControlLink(ControlRequest request) override;
  Async<StatusOr<std::vector<RealignedMirror>>> Realign(ControlRequest request) override;
  Async<StatusOr<PromotionSnapshot>> Promote(PromoteRequest request) override;
  Async<StatusOr<CutoverSnapshot>> Cutover(CutoverRequest request) override;
  StatusOr<CutoverSnapshot> CutoverNow(const std::string& link) const override;
  Async<StatusOr<InhibitSnapshot>> Inhibit(InhibitRequest request) override;
  StatusOr<PromotionSnapshot> Operation(const std::string& operation) const override;
  Async<StatusOr<std::vector<Explanation>>> Explain(ExplainRequest request) override;
  Async<StatusOr<std::vector<LinkDiff>>> Diff(std::string link) override;
  Async<Status> DropMirror(DropRequest request) override;
  bool Ready() const override;
  bool Live() const override { return true; }

 private:
  // Counters of one link; the totals are added as differences.
  struct LinkMetrics;
  void OnCall(const std::string& cluster, kafka::ApiKey api, Duration took, const Status& status) override;
  void OnThrottle(const std::string& cluster, const kafka::Endpoint& broker, kafka::Lane lane,
                  Duration throttle) override;
  void OnCredential(const std::string& cluster, kafka::CredentialKind kind, WallTime ends) override;
  Async<void> CountLoop();
  void Count();
  StatusOr<std::shared_ptr<Link>> Find(const std::string& link) const;
  StatusOr<offsets::TranslationStore*> StoreOf(const std::string& link) const;
  void StartLink(const config::LinkConfig& link);
  enum class End { kRestart, kForGood };
  Async<void> EndLink(std::string name, End end);

  config::Config config_;
  Executor executor_;
  SystemClock clock_;
  BlockingPool pool_;
  Permits budget_;
  Metrics* metrics_;
  WallTime started_;
  struct Served {
    std::shared_ptr<Link> link;  // also held by the calls under way
    std::shared_ptr<LinkMetrics> metrics;
  };
  std::vector<Served> links_;
  AgentOptions options_;
  std::string instance_;
  Permits turn_;  // to begin and end links
  bool stopping_ = false;
  std::map<std::pair<std::string, kafka::ApiKey>, Histogram> durations_;
  std::map<std::tuple<std::string, kafka::ApiKey, std::string>, Counter> errors_;
  std::map<std::pair<std::string, std::string>, Counter> throttles_;
  std::map<std::pair<std::string, kafka::CredentialKind>, Gauge> credentials_;
  Gauge memory_budget_, buffered_, store_bytes_;
  TaskGroup tasks_;
};

}  // namespace klink::link
