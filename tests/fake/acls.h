// DescribeAcls 1–3 as a broker answers it: the ACLs on resources of the type asked for, or a refusal without any.
#pragma once

#include <map>
#include <vector>

#include "admin/acls.h"
#include "kafka/messages/describe_acls.h"
#include "tests/fake/broker.h"

namespace klink::fake {

struct AclsState {
  std::vector<admin::Acl> acls;
  std::map<admin::AclResource, kafka::Error> refused;  // of which type it tells nothing, and why
  std::vector<int8_t> newer;                           // operations of a later Kafka, on topic "t"
};

inline kafka::DescribeAclsResponse DescribeAcls(const AclsState& state, const kafka::DescribeAclsRequest& request) {
  kafka::DescribeAclsResponse response;
  const auto asked = static_cast<admin::AclResource>(request.resource_type_filter);
  if (const auto refused = state.refused.find(asked); refused != state.refused.end()) {
    response.error_code = refused->second;
    return response;
  }
  const auto add = [&](const admin::Acl& acl, int8_t operation) {
    kafka::DescribeAclsResource& resource = response.resources.emplace_back();
    resource.resource_type = static_cast<int8_t>(acl.resource);
    resource.resource_name = acl.name;
    resource.pattern_type = static_cast<int8_t>(acl.pattern);
    resource.acls.push_back({acl.principal, acl.host, operation, static_cast<int8_t>(acl.permission)});
  };
  for (const admin::Acl& acl : state.acls)
    if (acl.resource == asked) add(acl, static_cast<int8_t>(acl.operation));
  if (asked == admin::AclResource::kTopic)
    for (const int8_t operation : state.newer) add({.name = "t", .principal = "User:app"}, operation);
  return response;
}

inline void ServeAcls(Broker& broker, AclsState& state) {
  broker.Handle(ApiKey::kDescribeAcls, [&state](const kafka::RequestHeader& header) {
    return Reply<kafka::DescribeAclsRequest>(header, [&](const auto& request) { return DescribeAcls(state, request); });
  });
}

}  // namespace klink::fake
