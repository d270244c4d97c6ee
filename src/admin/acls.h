// Creating and deleting ACLs. As with topics, every call is one request with a deadline and nothing is repeated here.
// They are listed through our own client (link/acl_list.h): librdkafka 2.0.2 takes a refusal for an empty list.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/access.h"
#include "base/async.h"

namespace klink::admin {

// Numbered as Kafka does; authorized operations of a resource are bits of these numbers.
#define KLINK_ACL_RESOURCES(ROW) \
  ROW(Topic, TOPIC, 2) ROW(Group, GROUP, 3) ROW(Cluster, CLUSTER, 4) ROW(TransactionalId, TRANSACTIONAL_ID, 5)
#define KLINK_ACL_PATTERNS(ROW) ROW(Literal, LITERAL, 3) ROW(Prefixed, PREFIXED, 4)
#define KLINK_ACL_OPERATIONS(ROW)            \
  ROW(All, ALL, 2)                           \
  ROW(Read, READ, 3)                         \
  ROW(Write, WRITE, 4)                       \
  ROW(Create, CREATE, 5)                     \
  ROW(Delete, DELETE, 6)                     \
  ROW(Alter, ALTER, 7)                       \
  ROW(Describe, DESCRIBE, 8)                 \
  ROW(ClusterAction, CLUSTER_ACTION, 9)      \
  ROW(DescribeConfigs, DESCRIBE_CONFIGS, 10) \
  ROW(AlterConfigs, ALTER_CONFIGS, 11)       \
  ROW(IdempotentWrite, IDEMPOTENT_WRITE, 12)
#define KLINK_ACL_PERMISSIONS(ROW) ROW(Deny, DENY, 2) ROW(Allow, ALLOW, 3)

#define KLINK_ACL_VALUE(ID, NAME, CODE) k##ID = CODE,
#define KLINK_ACL_NAME(ID, NAME, CODE) \
  if (CODE == code) return #NAME;
#define KLINK_ACL_FIND(ID, NAME, CODE) \
  if (#NAME == name) return Enum::k##ID;
#define KLINK_ACL_ENUM(ENUM, ROWS)                                  \
  enum class ENUM : int8_t { ROWS(KLINK_ACL_VALUE) };               \
  constexpr std::string_view Name(ENUM e) {                         \
    const auto code = static_cast<int>(e);                          \
    ROWS(KLINK_ACL_NAME)                                            \
    return "UNKNOWN";                                               \
  }                                                                 \
  constexpr std::optional<ENUM> Find##ENUM(std::string_view name) { \
    using Enum = ENUM;                                              \
    ROWS(KLINK_ACL_FIND)                                            \
    return std::nullopt;                                            \
  }
KLINK_ACL_ENUM(AclResource, KLINK_ACL_RESOURCES)
KLINK_ACL_ENUM(AclPattern, KLINK_ACL_PATTERNS)
KLINK_ACL_ENUM(AclOperation, KLINK_ACL_OPERATIONS)
KLINK_ACL_ENUM(AclPermission, KLINK_ACL_PERMISSIONS)
#undef KLINK_ACL_VALUE
#undef KLINK_ACL_NAME
#undef KLINK_ACL_FIND
#undef KLINK_ACL_ENUM

inline constexpr std::string_view kClusterName = "kafka-cluster";  // the one resource of its kind
inline constexpr std::string_view kEveryName = "*";                // a literal name that stands for all
inline constexpr std::string_view kEverybody = "User:*";

struct Acl {
  AclResource resource = AclResource::kTopic;
  AclPattern pattern = AclPattern::kLiteral;
  std::string name;
  std::string principal;  // "User:app"
  std::string host = "*";
  AclOperation operation = AclOperation::kRead;
  AclPermission permission = AclPermission::kAllow;

  friend auto operator<=>(const Acl&, const Acl&) = default;
};

// Does the pattern take this name in?
bool Covers(AclPattern pattern, std::string_view pattern_name, std::string_view name);
// "ALLOW User:app READ on topics orders.* from any host".
std::string AclText(const Acl& acl);

class Handle;

class Acls {
 public:
  static StatusOr<std::unique_ptr<Acls>> Open(Executor executor, const Access& access);
  ~Acls();

  // One answer each, in order.
  Async<StatusOr<std::vector<Status>>> Create(std::vector<Acl> acls);
  Async<StatusOr<std::vector<Status>>> Delete(std::vector<Acl> acls);

 private:
  Acls(Executor executor, std::unique_ptr<Handle> handle);

  Executor executor_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace klink::admin
