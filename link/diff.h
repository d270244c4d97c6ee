// Where the two clusters of a link differ in what the link carries over: each kind of thing is compared by the rules by
// which it is carried. Pure: both sides as they were read in, the differences out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "link/acl_plan.h"
#include "link/config_plan.h"
#include "link/difference.h"
#include "link/group_snapshot.h"
#include "link/quota_plan.h"

namespace klink::link {

// A topic that the filter takes, or that has a mirror of the link.
struct DiffTopic {
  std::string source_topic;
  std::string name;                  // at the destination
  std::optional<int32_t> at_source;  // partitions; nothing: it is not there
  std::optional<int32_t> at_destination;
  bool mirror = false;                   // the link's state knows it
  std::string state = "PENDING_MIRROR";  // of the mirror
  std::optional<std::string> reason_code;
  std::optional<ConfigPlan> configs;  // what would be changed at the mirror; nothing: it was not compared
};

class LinkDiffer {
 public:
  LinkDiffer(std::string link, std::string source, std::string destination);

  void Topic(const DiffTopic& topic);
  // `wanted` ACLs at the destination, and what would be done about the rest.
  void Acls(int64_t wanted, const AclSteps& steps);
  void ClientQuotas(const Quotas& source, const Quotas& destination, const QuotaSteps& steps);
  // What the link's last round made of them.
  void Groups(const GroupsSnapshot& groups);
  // `items` of a kind were looked at, whether they differ or not.
  void Compared(std::string_view kind, int64_t items);
  // A kind was not compared, or not as a whole.
  void NotCompared(std::string_view kind, std::string why);
  void Add(ClusterDifference difference);

  LinkDiff Take() { return std::move(out_); }

  static constexpr size_t kListedMost = 10'000;  // of all kinds together; what is beyond is counted alone

 private:
  ComparedKind& Of(std::string_view kind);
  void Configs(const DiffTopic& topic, const ConfigPlan& plan);

  LinkDiff out_;
};

}  // namespace klink::link
