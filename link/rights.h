// The rights a link needs at its two clusters, each with the features that need it: the one list from which `klink acl
// plan`, `klink validate --connect` and the sentences about refusals are made. Pure. What a broker asks for which
// request is rule G12 of docs/protocol.md; an operation that another one implies (Kafka: READ, WRITE, DELETE and ALTER
// imply DESCRIBE, ALTER_CONFIGS implies DESCRIBE_CONFIGS) is not listed beside it.
#pragma once

#include <string>
#include <vector>

#include "admin/acls.h"
#include "config/schema.h"

namespace klink::link {

enum class Necessity { kRequired, kOptional };

struct Right {
  admin::AclResource resource = admin::AclResource::kTopic;
  admin::AclPattern pattern = admin::AclPattern::kLiteral;
  std::string name;
  admin::AclOperation operation = admin::AclOperation::kRead;
  Necessity necessity = Necessity::kRequired;
  std::vector<std::string> features;  // "data", "group sync", …

  friend bool operator==(const Right&, const Right&) = default;
};

// Those of one resource stand together.
struct Rights {
  std::vector<Right> source;
  std::vector<Right> destination;
};
// Of the configuration only what concerns this link: the audit log, its drills.
Rights RightsFor(const config::LinkConfig& link, const config::Config& config);

// "READ on topics orders.*", "ALTER on the cluster".
std::string RightText(const Right& right);
std::string FeaturesText(const Right& right);  // "data, group sync"

// Does one who may do `held` also do `asked`?
bool Implies(admin::AclOperation held, admin::AclOperation asked);

}  // namespace klink::link
