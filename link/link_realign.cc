// klink mirror realign: a copy whose offsets are not the source's is deleted and made again. The decision is written to
// the mirror's record; topic sync carries it out once nothing of ours is under way, and continues it after a crash.
#include <algorithm>

#include "admin/groups.h"
#include "base/log.h"
#include "link/link.h"
#include "link/realign_plan.h"

namespace klink::link {

// Of the copy, what lies before the source's log start.
std::optional<int64_t> Link::OnlyInCopy(const MirrorSnapshot& mirror) const {
  int64_t records = 0;
  for (const PartitionSnapshot& p : mirror.partitions) {
    if (!p.source_log_start || !p.destination_log_start || store_ == nullptr) return std::nullopt;
    const TopicPartition tp{mirror.topic, p.partition};
    const offsets::Answer there = store_->ToDest(tp, SourceOffset(*p.source_log_start));
    if (there.kind == offsets::Answer::Kind::kUnknown) return std::nullopt;
    records += std::max<int64_t>(0, there.value - *p.destination_log_start);
  }
  return records;
}

std::vector<MirrorSnapshot> Link::MirrorsAsked(const ControlRequest& request,
                                               std::vector<RealignedMirror>& unknown) const {
  std::vector<MirrorSnapshot> chosen;
  std::set<std::string> seen;
  const LinkSnapshot shown = Snapshot();
  for (const std::string& topic : request.all ? std::vector<std::string>{"*"} : request.topics) {
    bool any = false;
    for (const MirrorSnapshot& mirror : shown.mirrors) {
      if (!MatchesPattern(topic, mirror.topic)) continue;
      any = true;
      if (seen.insert(mirror.topic).second) chosen.push_back(mirror);
    }
    if (any || request.all) continue;
    RealignedMirror& refused = unknown.emplace_back();
    refused.topic = topic;
    refused.error = fmt::format("link {} has no mirror topic {}", config_.name, topic);
  }
  return chosen;
}

Async<StatusOr<std::vector<RealignedMirror>>> Link::ChangeAlignment(ControlRequest request) {
  const admin::Access access = destination_access_;
  CO_TRY(const admin::TopicReaders readers, co_await admin::ReadTopicReaders(parts_.pool, access));
  RealignRules rules;
  rules.preserve = config_.offsets == config::Offsets::kPreserve;
  rules.start_latest = config_.topics.start.kind == config::TopicStart::Kind::kLatest;
  rules.prefill_limit = config_.prefill_limit;
  const state::Order order{request.by, request.reason, parts_.clock.Wall().time_since_epoch().count()};
  std::vector<RealignedMirror> answers;
  std::vector<state::MirrorRecord> records;
  for (const MirrorSnapshot& mirror : MirrorsAsked(request, answers)) {
    RealignFacts facts;
    facts.only_in_copy = OnlyInCopy(mirror);
    facts.untold = readers.untold;
    if (const auto of = readers.groups.find(mirror.topic); of != readers.groups.end())
      facts.readers.assign(of->second.begin(), of->second.end());
    RealignedMirror plan = PlanRealign(mirror, facts, rules);
    const state::MirrorRecord* record = book_->Find(mirror.topic);
    if (plan.outcome == "realigning") {
      auto changed = record == nullptr ? StatusOr<state::MirrorRecord>(FailedPrecondition("it is not mirrored yet"))
                                       : state::Realign(*record, order);
      if (changed.ok()) {
        records.push_back(*std::move(changed));
      } else {
        plan.outcome = "refused";
        plan.error = Text(changed.status());
      }
    }
    if (plan.outcome != "unchanged" || !request.all) answers.push_back(std::move(plan));
  }
  if (request.dry_run) co_return answers;
  for (const state::MirrorRecord& record : records)
    Log(Level::kInfo, Event::kMirrorResumed, "the copy is deleted and made again, at the source's offsets",
        {{"link", config_.name}, {"topic", record.destination_topic}, {"by", request.by}, {"why", request.reason}});
  CO_RETURN_IF_ERROR(Written(co_await book_->PutAll(std::move(records))));
  SyncNow();
  co_return answers;
}

}  // namespace klink::link
