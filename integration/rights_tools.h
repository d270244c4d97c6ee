// What an administrator of two clusters with Kafka's authorizer does: grants, looks, runs what `klink acl plan` prints.
#pragma once

#include <set>
#include <string>

#include "integration/cluster.h"
#include "integration/rdkafka.h"

namespace klink::it {

// An ACL as Kafka's own client names it.
struct Grant {
  rd_kafka_ResourceType_t resource = RD_KAFKA_RESOURCE_TOPIC;
  std::string name;
  rd_kafka_AclOperation_t operation = RD_KAFKA_ACL_OPERATION_READ;
  rd_kafka_ResourcePatternType_t pattern = RD_KAFKA_RESOURCE_PATTERN_LITERAL;
  std::string principal = "User:app";
  rd_kafka_AclPermissionType_t permission = RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
};

// On the door where nobody is asked for a password.
class Administrator {
 public:
  explicit Administrator(const Cluster& cluster);
  void Add(const Grant& grant);
  void Remove(const Grant& grant);
  // "ALLOW User:app READ TOPIC LITERAL t-orders", on topics, of every principal but klink.
  std::set<std::string> List();

 private:
  Event Answer();

  Client client_;
  Queue queue_;
};

// The plan as an administrator runs it: by a shell, with Kafka's own tool, which reads `admin.properties` in `dir`.
// Throws when it is no script, or the tool complains.
void RunAclPlan(const std::string& script, const fs::path& dir, Cluster& cluster);

}  // namespace klink::it
