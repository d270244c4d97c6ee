#include "cli/rights_judge.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace klink::cli {
namespace {

using admin::AclOperation;
using admin::AclPattern;
using admin::AclResource;
using link::Right;

constexpr std::string_view kProbe = "klink-check";
constexpr size_t kWritersShown = 20;

constexpr AclOperation kOperations[] = {AclOperation::kRead,          AclOperation::kWrite,
                                        AclOperation::kCreate,        AclOperation::kDelete,
                                        AclOperation::kAlter,         AclOperation::kDescribe,
                                        AclOperation::kClusterAction, AclOperation::kDescribeConfigs,
                                        AclOperation::kAlterConfigs,  AclOperation::kIdempotentWrite};

bool Has(int32_t bits, AclOperation operation) { return ((bits >> static_cast<int>(operation)) & 1) != 0; }

// Whoever may do one of these also sees the resource.
bool Shows(AclOperation operation) { return link::Implies(operation, AclOperation::kDescribe); }

std::string Place(AclResource resource, const std::string& name) {
  Right right;
  right.resource = resource;
  const bool all = name == kProbe;
  const bool prefixed = !all && name.ends_with(kProbe);
  right.pattern = prefixed ? AclPattern::kPrefixed : AclPattern::kLiteral;
  right.name = all ? std::string(admin::kEveryName) : prefixed ? name.substr(0, name.size() - kProbe.size()) : name;
  right.operation = AclOperation::kRead;
  return RightText(right).substr(Name(right.operation).size() + 1);  // "on topics orders.*"
}

}  // namespace

std::string ProbeName(const Right& right) {
  if (right.resource == AclResource::kCluster) return right.name;
  if (right.name == admin::kEveryName) return std::string(kProbe);
  return right.pattern == AclPattern::kPrefixed ? right.name + std::string(kProbe) : right.name;
}

Told ToldOf(const Right& right, const RightAnswers& answers) {
  if (!answers.authorizer) return Told::kGranted;
  if (right.resource == AclResource::kCluster)
    if (const auto tried = answers.cluster_tried.find(right.operation); tried != answers.cluster_tried.end())
      return tried->second ? Told::kGranted : Told::kMissing;
  const auto found = answers.operations.find({right.resource, ProbeName(right)});
  if (found == answers.operations.end()) return Told::kNotTold;
  if (!found->second) return Shows(right.operation) ? Told::kMissing : Told::kNotTold;
  return Has(*found->second, right.operation) ? Told::kGranted : Told::kMissing;
}

std::vector<std::string> MissingRights(const std::vector<Right>& rights, const RightAnswers& answers) {
  std::vector<std::string> missing;
  for (const Right& right : rights) {
    if (right.necessity == link::Necessity::kOptional || ToldOf(right, answers) != Told::kMissing) continue;
    missing.push_back(fmt::format("{} needs {}, which cluster {} does not grant", FeaturesText(right), RightText(right),
                                  answers.cluster));
  }
  return missing;
}

std::vector<std::string> ExcessRights(const std::vector<Right>& rights, const RightAnswers& answers) {
  std::vector<std::string> excess;
  if (!answers.authorizer) return excess;
  for (const auto& [resource, bits] : answers.operations) {
    if (!bits) continue;
    std::vector<std::string_view> unneeded;
    for (const AclOperation operation : kOperations) {
      const bool needed = std::any_of(rights.begin(), rights.end(), [&](const Right& right) {
        return right.resource == resource.first && admin::Covers(right.pattern, right.name, resource.second) &&
               link::Implies(right.operation, operation);
      });
      if (Has(*bits, operation) && !needed && operation != AclOperation::kDescribe) unneeded.push_back(Name(operation));
    }
    if (unneeded.empty()) continue;
    excess.push_back(fmt::format("cluster {} also grants {} {}: nothing needs it", answers.cluster,
                                 fmt::join(unneeded, ", "), Place(resource.first, resource.second)));
  }
  return excess;
}

std::vector<std::string> OtherWriters(const std::vector<admin::Acl>& acls, const link::AclScope& scope,
                                      const std::string& cluster) {
  std::vector<std::string> writers;
  const std::vector<admin::Acl> found = ForeignWriters(acls, scope);
  for (const admin::Acl& acl : found) {
    if (writers.size() == kWritersShown) {
      writers.push_back(fmt::format("… and {} more", found.size() - kWritersShown));
      break;
    }
    writers.push_back(fmt::format("cluster {} lets others change a mirror: {}", cluster, AclText(acl)));
  }
  return writers;
}

}  // namespace klink::cli
