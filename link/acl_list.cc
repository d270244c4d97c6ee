#include "link/acl_list.h"

#include "kafka/messages/describe_acls.h"

namespace klink::link {
namespace {

constexpr Duration kDeadline = 15s;

template <class Enum>
bool Take(int8_t code, Enum& out) {
  out = static_cast<Enum>(code);
  return Name(out) != "UNKNOWN";
}

}  // namespace

Async<StatusOr<std::vector<admin::Acl>>> ListAcls(kafka::Cluster& cluster, admin::AclResource resource) {
  kafka::DescribeAclsRequest request;
  request.resource_type_filter = static_cast<int8_t>(resource);
  request.pattern_type_filter = request.operation = request.permission_type = kafka::kAnyAcl;
  CO_TRY(const auto response, co_await cluster.CallAny(std::move(request), kDeadline));
  CO_RETURN_IF_ERROR(kafka::ToStatus(response.error_code,
                                     fmt::format("listing {} ACLs of cluster {}", Name(resource), cluster.name())));
  std::vector<admin::Acl> acls;
  for (const kafka::DescribeAclsResource& described : response.resources) {
    admin::Acl acl;
    acl.name = described.resource_name;
    if (!Take(described.resource_type, acl.resource) || !Take(described.pattern_type, acl.pattern)) continue;
    for (const kafka::AclDescription& entry : described.acls) {
      acl.principal = entry.principal;
      acl.host = entry.host;
      if (Take(entry.operation, acl.operation) && Take(entry.permission_type, acl.permission)) acls.push_back(acl);
    }
  }
  co_return acls;
}

Async<StatusOr<std::vector<admin::Acl>>> ListCarriedAcls(kafka::Cluster& cluster) {
  CO_TRY(std::vector<admin::Acl> all, co_await ListAcls(cluster, admin::AclResource::kTopic));
  CO_TRY(const std::vector<admin::Acl> of_groups, co_await ListAcls(cluster, admin::AclResource::kGroup));
  all.insert(all.end(), of_groups.begin(), of_groups.end());
  co_return all;
}

bool IsSecurityDisabled(const Status& status) { return kafka::ErrorOf(status) == kafka::Error::kSecurityDisabled; }

}  // namespace klink::link
