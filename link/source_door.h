// Who may write at the source: how a planned move keeps producers away from it, by ACLs. What must be made is decided
// by a pure function; what was made is noted by the caller before, and taken away by that note.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "admin/acls.h"
#include "base/async.h"
#include "kafka/cluster.h"

namespace klink::link {

// By topics at the source, from its ACLs on topics.
struct DoorPlan {
  std::vector<std::string> deny;     // of which there is no such DENY yet
  std::vector<std::string> unnamed;  // by no ACL: the DENY would be the first, and might shut everybody out (G16)
};
DoorPlan PlanDoor(const std::set<std::string>& topics, const std::vector<admin::Acl>& acls);

// DENY WRITE on the topic for everybody, from everywhere; it goes before every ALLOW.
admin::Acl DenyOf(const std::string& topic);

class SourceDoor {
 public:
  virtual ~SourceDoor() = default;
  // FailedPrecondition: the source has no authorizer; PermissionDenied names the right that is missing.
  virtual Async<StatusOr<std::vector<admin::Acl>>> Look() = 0;
  virtual Async<Status> Create(std::vector<admin::Acl> acls) = 0;
  virtual Async<Status> Delete(std::vector<admin::Acl> acls) = 0;
};

// `source` outlives it; `access` leads to the same cluster.
std::unique_ptr<SourceDoor> MakeSourceDoor(Executor executor, admin::Access access, kafka::Cluster& source);

}  // namespace klink::link
