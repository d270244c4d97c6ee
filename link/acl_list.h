// The ACLs of a cluster, and what a refusal to tell them means.
#pragma once

#include <vector>

#include "admin/acls.h"
#include "kafka/cluster.h"

namespace klink::link {

// Every ACL on resources of that type, except those of operations this version has no name for. PermissionDenied
// without DESCRIBE on the cluster (rule G12): never an empty list, which would look as if all had been taken away.
Async<StatusOr<std::vector<admin::Acl>>> ListAcls(kafka::Cluster& cluster, admin::AclResource resource);
// Those on topics and groups: what links carry over.
Async<StatusOr<std::vector<admin::Acl>>> ListCarriedAcls(kafka::Cluster& cluster);
// The cluster has no authorizer, so there is nothing to list.
bool IsSecurityDisabled(const Status& status);

}  // namespace klink::link
