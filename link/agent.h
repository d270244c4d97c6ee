// The process: every link of the configuration, what they share, and the answers HTTP and the command line get.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "config/schema.h"
#include "link/link.h"
#include "link/progress.h"

namespace klink::link {

class Agent final : public AgentApi, private kafka::CallObserver {
 public:
  Agent(config::Config config, Executor executor, Metrics* metrics = nullptr);
  ~Agent() override;

  // Opens data_dir and begins every link. An error here is the operator's: the directory cannot be used.
  Status Start();
  // Drains, gives the shards back, closes everything; bounded by the limits of its parts.
  Async<void> Stop();

  AgentSnapshot Snapshot() const override;
  Async<StatusOr<std::vector<TranslationSnapshot>>> Translate(TranslateRequest request) override;
  Async<StatusOr<RunsSnapshot>> Runs(std::string link, TopicPartition partition) override;
  StatusOr<AclsSnapshot> Acls(const std::string& link) const override;
  Async<StatusOr<std::vector<OffsetAtSnapshot>>> OffsetsAt(OffsetsAtRequest request) override;
  Async<StatusOr<std::vector<ControlledMirror>>> ControlMirrors(ControlRequest request) override;
  Async<StatusOr<ControlledLink>> ControlLink(ControlRequest request) override;
  Async<StatusOr<std::vector<RealignedMirror>>> Realign(ControlRequest request) override;
  Async<StatusOr<std::vector<Explanation>>> Explain(ExplainRequest request) override;
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
  StatusOr<Link*> Find(const std::string& link) const;
  StatusOr<offsets::TranslationStore*> StoreOf(const std::string& link) const;

  config::Config config_;
  Executor executor_;
  SystemClock clock_;
  BlockingPool pool_;
  Permits budget_;
  Metrics* metrics_;
  WallTime started_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<std::unique_ptr<LinkMetrics>> link_metrics_;
  std::map<std::pair<std::string, kafka::ApiKey>, Histogram> durations_;
  std::map<std::tuple<std::string, kafka::ApiKey, std::string>, Counter> errors_;
  std::map<std::pair<std::string, std::string>, Counter> throttles_;
  std::map<std::pair<std::string, kafka::CredentialKind>, Gauge> credentials_;
  Gauge memory_budget_, buffered_, store_bytes_;
  TaskGroup tasks_;
};

}  // namespace klink::link
