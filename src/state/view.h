// What the state topic says, as far as it was read: the fold of its records in order. Pure; every agent that read the
// same records has the same view.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "state/records.h"

namespace klink::state {

class StateView {
 public:
  // `value` nothing: a tombstone. The first record that cannot be understood stays the view's status: from there on
  // nobody may act on what it says.
  void Apply(std::string_view key, const std::optional<std::string>& value);

  const Status& status() const { return status_; }
  const std::optional<LinkRecord>& link() const { return link_; }
  const std::optional<ConfigRecord>& config() const { return config_; }
  const std::optional<ControllerRecord>& controller() const { return controller_; }
  const PauseRecord& pause() const { return pause_; }
  const InhibitRecord& inhibit() const { return inhibit_; }
  // By the topic's name at the destination.
  const MirrorRecord* mirror(std::string_view destination_topic) const;
  const MirrorRecord* mirror_of_source(std::string_view source_topic) const;
  const std::map<std::string, MirrorRecord, std::less<>>& mirrors() const { return mirrors_; }
  // What klink made of the source's ACLs and quotas, by their keys.
  const std::map<std::string, AclRecord, std::less<>>& acls() const { return acls_; }
  const std::map<std::string, QuotaRecord, std::less<>>& quotas() const { return quotas_; }
  // Every PID klink ever wrote with.
  const std::map<int64_t, PidRecord>& pids() const { return pids_; }
  bool IsOurs(int64_t pid) const { return pids_.contains(pid); }
  // By name; only groups of which something must be remembered.
  const std::map<std::string, GroupRecord, std::less<>>& groups() const { return groups_; }
  // By id; ids begin with their time, so the last one is the newest.
  const std::map<std::string, PromotionRecord, std::less<>>& promotions() const { return promotions_; }
  // The one that is under way, its waves in their order; null when all are done.
  const PromotionRecord* promotion() const;
  // The newest one that klink began by itself; null when there is none.
  const PromotionRecord* automatic_promotion() const;
  // The last one; empty when there never was one.
  const std::optional<CutoverRecord>& cutover() const { return cutover_; }
  // By id, so the oldest first.
  const std::map<std::string, DrillRecord, std::less<>>& drills() const { return drills_; }
  // Where that topic was cut when it was last promoted; null when it never was.
  const CutRecord* cut(std::string_view destination_topic) const;
  // Grows with every record.
  int64_t version() const { return version_; }

  // May `record` follow what the view holds? FailedPrecondition names the forbidden move or the changed identity.
  Status MayWrite(const Record& record) const;

 private:
  void Take(Record record);

  Status status_;
  std::optional<LinkRecord> link_;
  std::optional<ConfigRecord> config_;
  std::optional<ControllerRecord> controller_;
  PauseRecord pause_;
  InhibitRecord inhibit_;
  std::optional<CutoverRecord> cutover_;
  std::map<std::string, MirrorRecord, std::less<>> mirrors_;  // by destination topic
  std::map<int64_t, PidRecord> pids_;
  std::map<std::string, AclRecord, std::less<>> acls_;
  std::map<std::string, QuotaRecord, std::less<>> quotas_;
  std::map<std::string, GroupRecord, std::less<>> groups_;
  std::map<std::string, PromotionRecord, std::less<>> promotions_;
  std::map<std::string, CutRecord, std::less<>> cuts_;
  std::map<std::string, DrillRecord, std::less<>> drills_;
  int64_t version_ = 0;
};

}  // namespace klink::state
