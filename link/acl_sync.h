// Carries the source's ACLs over, every `interval`, as the leader of the link: what acl_plan.h decides, each effect
// noted in the link's state before it is made and asked for right before.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/schema.h"
#include "kafka/cluster.h"
#include "link/acl_plan.h"
#include "link/acl_ports.h"
#include "link/progress.h"
#include "link/round_task.h"

namespace klink::link {

class CarriedHere;

class AclSync {
 public:
  // Whatever it takes by reference outlives it.
  // `carried` tells what other links carry to the source; null: nothing is.
  AclSync(std::unique_ptr<AclPorts> ports, Clock& clock, const config::LinkConfig& config, std::set<std::string> own,
          kafka::Cluster& source, kafka::Cluster& destination, CarriedHere* carried);

  // Until stopped.
  Async<void> Run();
  Async<Status> Round();

  TaskSnapshot Task() const { return task_.Snapshot(); }
  // Beside what the state holds: what waits, and what is not carried over.
  void AddTo(AclsSnapshot& snapshot) const;

 private:
  struct Waiting {
    Acl acl;
    std::string why;
  };
  Async<StatusOr<std::vector<Acl>>> List(kafka::Cluster& cluster, std::string_view right);
  Async<Status> Carry(AclSteps steps, const AclScope& scope);
  Async<Status> Note(std::map<Acl, AclNote> notes);
  Async<Status> Create(std::vector<Acl> acls, const AclScope& scope);
  Async<Status> Remove(std::vector<Acl> acls, const AclScope& scope);
  using Call = Async<StatusOr<std::vector<Status>>> (AclPorts::*)(std::vector<Acl>);
  Async<Status> InParts(std::vector<Acl> acls, const AclScope& scope, Call call, std::string_view told);
  std::vector<Acl> Allowed(std::vector<Acl> acls, const AclScope& scope);
  Status May(const Acl& acl, const AclScope& scope) const;
  Status Refusal(const Status& status, const std::string& cluster, std::string_view right) const;

  std::unique_ptr<AclPorts> ports_;
  Clock& clock_;
  const config::LinkConfig& config_;
  std::set<std::string> own_;
  kafka::Cluster& source_;
  kafka::Cluster& destination_;
  CarriedHere* carried_;
  std::vector<Waiting> waiting_;
  std::vector<SkippedAcl> skipped_;
  RoundTask task_;
  std::optional<WallTime> synced_;
};

// An ACL as the link's state and its API name it.
state::AclRecord RecordOf(const Acl& acl, AclNote note, int64_t since_ms);
AclScope AclScopeOf(const state::StateView& state, const config::LinkConfig& link, std::set<std::string> own);
std::vector<AclMirror> AclMirrorsOf(const state::StateView& state);
AclLedger AclLedgerOf(const state::StateView& state);
std::optional<Acl> AclOf(const state::AclRecord& record);
AclSnapshot SnapshotOf(const state::AclRecord& record);

}  // namespace klink::link
