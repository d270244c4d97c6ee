#include "link/rights.h"

#include <algorithm>
#include <array>

#include <fmt/ranges.h>

#include "config/topic_filter.h"

namespace klink::link {
namespace {

using admin::AclOperation;
using admin::AclPattern;
using admin::AclResource;

struct Names {
  AclResource resource;
  AclPattern pattern;
  std::string name;
};

// The smallest ACL pattern that takes in all that `pattern` does. Kafka's ACLs know no regular expressions: such a
// pattern is replaced by how its names begin.
Names NamesOf(AclResource resource, const config::Pattern& pattern, const config::Rename& rename) {
  const std::string begin = rename.prefix + config::CommonPrefix(pattern);
  if (begin.empty()) return {resource, AclPattern::kLiteral, std::string(admin::kEveryName)};
  const bool one = !pattern.literal.empty() && pattern.literal != "*";
  if (one) return {resource, AclPattern::kLiteral, begin + rename.suffix};
  return {resource, AclPattern::kPrefixed, begin};
}

Names Cluster() { return {AclResource::kCluster, AclPattern::kLiteral, std::string(admin::kClusterName)}; }

// What other links say of the topics they copy.
Names LinkStates() { return {AclResource::kTopic, AclPattern::kPrefixed, "_klink."}; }

class List {
 public:
  void Add(const Names& names, AclOperation operation, std::string feature,
           Necessity necessity = Necessity::kRequired) {
    for (Right& right : rights_) {
      if (right.resource != names.resource || right.pattern != names.pattern || right.name != names.name) continue;
      if (right.operation != operation) continue;
      if (necessity == Necessity::kRequired) right.necessity = necessity;
      if (std::find(right.features.begin(), right.features.end(), feature) == right.features.end())
        right.features.push_back(std::move(feature));
      return;
    }
    rights_.push_back({names.resource, names.pattern, names.name, operation, necessity, {std::move(feature)}});
  }
  std::vector<Right> Take() { return std::move(rights_); }

 private:
  std::vector<Right> rights_;
};

bool CarriesGroups(const config::LinkConfig& link) { return !link.groups.include.empty(); }

std::vector<Right> OfSource(const config::LinkConfig& link) {
  List list;
  for (const config::Pattern& pattern : link.topics.include) {
    const Names topics = NamesOf(AclResource::kTopic, pattern, {});
    list.Add(topics, AclOperation::kRead, "data");
    list.Add(topics, AclOperation::kDescribeConfigs, "topic configs");
  }
  for (const auto& pattern : link.groups.include)
    list.Add(NamesOf(AclResource::kGroup, pattern, {}), AclOperation::kDescribe, "group sync");
  if (link.acls.enabled) list.Add(Cluster(), AclOperation::kDescribe, "acl sync");
  if (link.quotas.enabled) list.Add(Cluster(), AclOperation::kDescribeConfigs, "quota sync");
  list.Add(LinkStates(), AclOperation::kRead, "loop check");
  return list.Take();
}

void AddMirrors(List& list, const config::LinkConfig& link) {
  for (const config::Pattern& pattern : link.topics.include) {
    const Names topics = NamesOf(AclResource::kTopic, pattern, link.topics.rename);
    list.Add(topics, AclOperation::kCreate, "new mirrors");
    list.Add(topics, AclOperation::kRead, "recovery");
    if (CarriesGroups(link)) list.Add(topics, AclOperation::kRead, "group sync");
    list.Add(topics, AclOperation::kWrite, "data");
    list.Add(topics, AclOperation::kAlter, "new partitions");
    list.Add(topics, AclOperation::kAlterConfigs, "topic configs");
    if (link.offsets == config::Offsets::kPreserve) list.Add(topics, AclOperation::kDelete, "prefill and trim");
    if (link.topics.log_start == config::LogStart::kFollow) list.Add(topics, AclOperation::kDelete, "log start");
    list.Add(topics, AclOperation::kDelete, "realign");
    if (link.topics.delete_policy == config::DeletePolicy::kMirror)
      list.Add(topics, AclOperation::kDelete, "deleting mirrors");
  }
}

// What the link keeps about itself.
void AddOwn(List& list, const config::LinkConfig& link, const config::Audit& audit) {
  const Names topics{AclResource::kTopic, AclPattern::kPrefixed, fmt::format("_klink.{}.", link.name)};
  for (const AclOperation operation :
       {AclOperation::kCreate, AclOperation::kRead, AclOperation::kWrite, AclOperation::kAlter}) {
    list.Add(topics, operation, "state topics");
    if (audit.topic && operation != AclOperation::kAlter) list.Add(topics, operation, "audit topic");
  }
  list.Add({AclResource::kGroup, AclPattern::kPrefixed, fmt::format("_klink.{}.", link.name)}, AclOperation::kRead,
           "leadership");
  const Names ids{AclResource::kTransactionalId, AclPattern::kPrefixed, fmt::format("klink.{}", link.name)};
  list.Add(ids, AclOperation::kWrite, "state topics");
  list.Add(ids, AclOperation::kWrite, "transactions");
}

// What an isolated drill makes, uses and removes; it reads the mirrors, too. A dry one needs nothing of its own.
void AddDrills(List& list, const config::LinkConfig& link, const std::vector<config::DrillConfig>& drills) {
  const auto makes = [&](const config::DrillConfig& drill) {
    return drill.link == link.name && drill.kind == config::DrillKind::kIsolated;
  };
  if (std::none_of(drills.begin(), drills.end(), makes)) return;
  const Names topics{AclResource::kTopic, AclPattern::kPrefixed, "_klink.drill."};
  for (const AclOperation operation :
       {AclOperation::kCreate, AclOperation::kRead, AclOperation::kWrite, AclOperation::kDelete})
    list.Add(topics, operation, "drills");
  const Names groups{AclResource::kGroup, AclPattern::kPrefixed, "_klink.drill."};
  list.Add(groups, AclOperation::kRead, "drills");
  list.Add(groups, AclOperation::kDelete, "drills");
  list.Add({AclResource::kTransactionalId, AclPattern::kPrefixed, "klink.drill."}, AclOperation::kWrite, "drills");
  list.Add(Cluster(), AclOperation::kDescribe, "drills see free space", Necessity::kOptional);
}

std::vector<Right> OfDestination(const config::LinkConfig& link, const config::Config& config) {
  List list;
  AddMirrors(list, link);
  AddOwn(list, link, config.agent.audit);
  AddDrills(list, link, config.drills);
  for (const auto& pattern : link.groups.include) {
    const Names groups = NamesOf(AclResource::kGroup, pattern, {});
    list.Add(groups, AclOperation::kRead, "group sync");
    if (link.groups.delete_policy == config::DeletePolicy::kMirror)
      list.Add(groups, AclOperation::kDelete, "deleting groups");
  }
  list.Add(Cluster(), AclOperation::kDescribeConfigs, "broker settings");
  const bool markers = link.holes == config::Holes::kMarkers || link.transactions == config::Transactions::kCommitted;
  const bool markers_help = link.holes == config::Holes::kAuto && link.offsets == config::Offsets::kPreserve;
  if (markers) list.Add(Cluster(), AclOperation::kAlter, "markers");
  if (!markers && markers_help) list.Add(Cluster(), AclOperation::kAlter, "markers", Necessity::kOptional);
  if (link.acls.enabled) list.Add(Cluster(), AclOperation::kAlter, "acl sync");
  if (link.quotas.enabled) list.Add(Cluster(), AclOperation::kAlterConfigs, "quota sync");
  list.Add({AclResource::kGroup, AclPattern::kLiteral, std::string(admin::kEveryName)}, AclOperation::kDescribe,
           "realign sees who reads", Necessity::kOptional);
  list.Add(LinkStates(), AclOperation::kRead, "loop check");
  return list.Take();
}

// Rights of one resource one behind the other, in the order in which the resources came.
std::vector<Right> Grouped(const std::vector<Right>& rights) {
  std::vector<Right> grouped;
  const auto same = [](const Right& a, const Right& b) {
    return a.resource == b.resource && a.pattern == b.pattern && a.name == b.name;
  };
  for (const Right& first : rights) {
    const auto is_first = [&](const Right& right) { return same(right, first); };
    if (std::any_of(grouped.begin(), grouped.end(), is_first)) continue;
    std::copy_if(rights.begin(), rights.end(), std::back_inserter(grouped), is_first);
  }
  return grouped;
}

}  // namespace

Rights RightsFor(const config::LinkConfig& link, const config::Config& config) {
  return {Grouped(OfSource(link)), Grouped(OfDestination(link, config))};
}

std::string RightText(const Right& right) {
  if (right.resource == AclResource::kCluster) return fmt::format("{} on the cluster", Name(right.operation));
  const bool all = right.pattern == AclPattern::kPrefixed || right.name == admin::kEveryName;
  const std::string_view kind = right.resource == AclResource::kTopic   ? "topic"
                                : right.resource == AclResource::kGroup ? "group"
                                                                        : "transactional id";
  const std::string_view star = right.pattern == AclPattern::kPrefixed ? "*" : "";
  return fmt::format("{} on {}{} {}{}", Name(right.operation), kind, all ? "s" : "", right.name, star);
}

std::string FeaturesText(const Right& right) { return fmt::format("{}", fmt::join(right.features, ", ")); }

bool Implies(AclOperation held, AclOperation asked) {
  if (held == asked || held == AclOperation::kAll) return true;
  if (asked == AclOperation::kDescribe)
    return held == AclOperation::kRead || held == AclOperation::kWrite || held == AclOperation::kDelete ||
           held == AclOperation::kAlter;
  return asked == AclOperation::kDescribeConfigs && held == AclOperation::kAlterConfigs;
}

}  // namespace klink::link
