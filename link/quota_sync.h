// Carries the source's client quotas over, every `interval`, as the leader of the link: what quota_plan.h decides, each
// limit noted in the link's state before it is set and asked for right before.
#pragma once

#include "config/schema.h"
#include "kafka/cluster.h"
#include "link/partition_runner.h"
#include "link/progress.h"
#include "link/quota_plan.h"
#include "link/round_task.h"
#include "state/link_state.h"

namespace klink::link {

class CarriedHere;

class QuotaSync {
 public:
  // All of them outlive it.
  QuotaSync(Clock& clock, const config::LinkConfig& config, OwnClients own, kafka::Cluster& source,
            kafka::Cluster& destination, state::LinkState& state, Gate& gate, CarriedHere& carried);

  // Until stopped.
  Async<void> Run();
  Async<Status> Round();

  TaskSnapshot Task() const { return task_.Snapshot(); }

 private:
  Async<StatusOr<Quotas>> List(kafka::Cluster& cluster);
  Async<Status> Carry(QuotaSteps steps);
  Async<Status> Alter(const Quotas& set, const std::vector<QuotaName>& remove);
  Status Refusal(const Status& status, const std::string& cluster, std::string_view right) const;
  void TellLocal(std::vector<QuotaName> local);

  Clock& clock_;
  const config::LinkConfig& config_;
  OwnClients own_;
  kafka::Cluster& source_;
  kafka::Cluster& destination_;
  state::LinkState& state_;
  Gate& gate_;
  CarriedHere& carried_;
  std::vector<QuotaName> local_;
  RoundTask task_;
};

// Those of a cluster, without klink's own.
Async<StatusOr<Quotas>> ListQuotas(kafka::Cluster& cluster, OwnClients own);
// What klink set at the destination.
Quotas QuotaLedgerOf(const state::StateView& state);

}  // namespace klink::link
