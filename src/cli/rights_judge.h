// What the clusters' answers say about klink's rights: what is missing for which feature, what nothing needs, and who
// else may write to a mirror. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "link/acl_plan.h"
#include "link/rights.h"

namespace klink::cli {

// Of one cluster, as klink's own principal there was told.
struct RightAnswers {
  std::string cluster;
  bool authorizer = true;
  // Bits of the operations that are granted on a resource; nothing: the cluster does not say, because it does not even
  // let klink see the resource.
  std::map<std::pair<admin::AclResource, std::string>, std::optional<int32_t>> operations;
  std::map<admin::AclOperation, bool> cluster_tried;  // on the cluster, found out by trying
};

enum class Told { kGranted, kMissing, kNotTold };

// A name that the right's pattern covers.
std::string ProbeName(const link::Right& right);
Told ToldOf(const link::Right& right, const RightAnswers& answers);

// Sentences, each about one cluster.
std::vector<std::string> MissingRights(const std::vector<link::Right>& rights, const RightAnswers& answers);
std::vector<std::string> ExcessRights(const std::vector<link::Right>& rights, const RightAnswers& answers);
std::vector<std::string> OtherWriters(const std::vector<admin::Acl>& acls, const link::AclScope& scope,
                                      const std::string& cluster);

}  // namespace klink::cli
