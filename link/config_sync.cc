#include "link/config_sync.h"

#include <algorithm>

#include "base/log.h"

namespace klink::link {
namespace {

constexpr size_t kTopicsAtOnce = 500;  // their settings are held in memory
constexpr Duration kRefusedMost = 1h;

}  // namespace

Duration ConfigSync::UntilDue() const {
  if (!last_all_) return 0s;
  return std::max<Duration>(0s, *last_all_ + config_.topics.configs.interval - clock_.Now());
}

Async<Status> ConfigSync::Round(std::vector<std::string> mirrored) {
  const Status compared = co_await CompareDue(std::move(mirrored));
  Tell();
  co_return compared;
}

Async<Status> ConfigSync::CompareDue(std::vector<std::string> mirrored) {
  const bool all = UntilDue() == 0s;
  if (all) {
    last_all_ = clock_.Now();
    ForgetGone();
  }
  const std::vector<std::string> due = Due(mirrored, all);
  for (size_t at = 0; at < due.size(); at += kTopicsAtOnce) {
    std::vector<std::string> some(due.begin() + static_cast<ptrdiff_t>(at),
                                  due.begin() + static_cast<ptrdiff_t>(std::min(due.size(), at + kTopicsAtOnce)));
    CO_RETURN_IF_ERROR(co_await Compare(std::move(some)));
  }
  co_return absl::OkStatus();
}

// All of them when the interval is over; before that, those that have become another topic or ACTIVE.
std::vector<std::string> ConfigSync::Due(const std::vector<std::string>& mirrored, bool all) const {
  std::vector<std::string> due;
  for (const std::string& name : mirrored) {
    const auto mirror = ports_->Find(name);
    if (!mirror || mirror->topic_id.empty()) continue;
    const auto known = compared_.find(name);
    if (all || known == compared_.end() || known->second.topic_id != mirror->topic_id ||
        known->second.aligned != mirror->aligned)
      due.push_back(name);
  }
  return due;
}

Async<Status> ConfigSync::Compare(std::vector<std::string> names) {
  std::vector<std::string> sources;
  for (const std::string& name : names) sources.push_back(ports_->Find(name)->source_topic);
  CO_TRY(auto of_sources, co_await ports_->Describe(ConfigPorts::Side::kSource, sources));
  CO_TRY(auto of_mirrors, co_await ports_->Describe(ConfigPorts::Side::kDestination, names));
  Works works;
  for (size_t i = 0; i < names.size(); i++) {
    const auto source = of_sources.find(sources[i]);
    const auto mirror = of_mirrors.find(names[i]);
    if (source == of_sources.end() || mirror == of_mirrors.end()) continue;  // gone: not ours to say
    Plan(names[i], source->second, mirror->second, works);
  }
  std::set<std::string> again = co_await Change(works, Part::kAlways);
  again.merge(co_await Change(works, Part::kOthers));
  for (const auto& [name, work] : works)
    if (!again.contains(name)) Remember(name, work);
  co_return absl::OkStatus();
}

void ConfigSync::Plan(const std::string& name, const StatusOr<TopicSettings>& source,
                      const StatusOr<TopicSettings>& mirror, Works& works) {
  const auto found = ports_->Find(name);
  if (!found) return;
  for (const StatusOr<TopicSettings>* one : {&source, &mirror})
    if (!one->ok()) return Note(name, found->source_topic, one->status());
  works[name] = {*found, PlanConfigs(*source, *mirror, config_.topics.configs, found->aligned)};
}

const std::vector<SettingChange>& ConfigSync::ChangesOf(const Work& work, Part part) {
  return part == Part::kAlways ? work.plan.always : work.plan.others;
}

// One part of the plans. What was refused is not asked for again until its pause is over, or something else is wanted.
Async<std::set<std::string>> ConfigSync::Change(const Works& works, Part part) {
  ConfigPorts::ChangesByTopic changes;
  std::set<std::string> again;
  for (const auto& [name, work] : works) {
    const auto refusal = refusals_.find({name, part});
    if (ChangesOf(work, part).empty()) {
      if (refusal != refusals_.end()) refusals_.erase(refusal);
      continue;
    }
    if (refusal != refusals_.end() && refusal->second.changes == ChangesOf(work, part) &&
        clock_.Now() < refusal->second.until)
      continue;
    if (ports_->MayAlter(name).ok())
      changes[name] = ChangesOf(work, part);
    else
      again.insert(name);
  }
  if (changes.empty()) co_return again;
  const ConfigPorts::ChangesByTopic asked = changes;
  for (const auto& [name, verdict] : co_await ports_->Alter(std::move(changes))) {
    const Work& work = works.at(name);
    if (verdict.ok()) {
      refusals_.erase({name, part});
      Changed(name, work, asked.at(name));
    } else {
      if (IsUnavailable(verdict) || IsCancelled(verdict)) again.insert(name);
      if (!IsCancelled(verdict)) Refused(name, part, work, verdict);
    }
  }
  co_return again;
}

// What was wanted before and is not there any more was changed at the mirror; the rest follows the source.
void ConfigSync::Changed(const std::string& name, const Work& work, const std::vector<SettingChange>& changes) {
  const auto known = compared_.find(name);
  const bool same = known != compared_.end() && known->second.topic_id == work.mirror.topic_id &&
                    known->second.aligned == work.mirror.aligned;
  std::vector<SettingChange> drifted, followed;
  for (const SettingChange& change : changes) {
    bool before = false;
    if (same)
      if (const auto wanted = known->second.wanted.find(change.key); wanted != known->second.wanted.end())
        before = wanted->second == change.value;
    (before ? drifted : followed).push_back(change);
  }
  counts_.corrected += static_cast<int64_t>(drifted.size());
  counts_.followed += static_cast<int64_t>(followed.size());
  if (!drifted.empty()) drifted_.Add(name, ChangesText(drifted));
  if (!followed.empty()) followed_.Add(name, ChangesText(followed));
}

void ConfigSync::Refused(const std::string& name, Part part, const Work& work, const Status& why) {
  const std::vector<SettingChange>& changes = ChangesOf(work, part);
  const Status told = Annotate(why, ChangesText(changes));
  if (!IsUnavailable(why)) {
    Refusal& refusal = refusals_[{name, part}];
    if (refusal.changes != changes) refusal = {};
    refusal.changes = changes;
    const Duration pause = refusal.pause * 2;
    refusal.pause = std::clamp<Duration>(pause, config_.topics.configs.interval,
                                         std::max<Duration>(kRefusedMost, config_.topics.configs.interval));
    refusal.until = clock_.Now() + refusal.pause;
    counts_.refused++;
  }
  Note(name, work.mirror.source_topic, told);
}

// As it is now wanted; what was refused does not count as brought about.
void ConfigSync::Remember(const std::string& name, const Work& work) {
  Compared& compared = compared_[name];
  compared = {work.mirror.topic_id, work.mirror.aligned, work.plan.wanted};
  bool refused = false;
  for (const Part part : {Part::kAlways, Part::kOthers}) {
    const auto refusal = refusals_.find({name, part});
    if (refusal == refusals_.end()) continue;
    refused = true;
    for (const SettingChange& change : refusal->second.changes) compared.wanted.erase(change.key);
  }
  if (!refused) troubles_.erase(name);
}

void ConfigSync::Note(const std::string& name, const std::string& source_topic, const Status& why) {
  Trouble trouble = TroubleOf(source_topic, why, clock_.Wall(), state::Reason::kDestinationUnavailable);
  const auto before = troubles_.find(name);
  if (before != troubles_.end() && before->second.text == trouble.text) return;
  troubled_.Add(name, trouble.text);
  troubles_.insert_or_assign(name, std::move(trouble));
}

void ConfigSync::News::Add(const std::string& topic, std::string text) {
  topics++;
  if (first.size() < kToldSingly) first.emplace_back(topic, std::move(text));
}

// What happened to thousands of topics at once is one line.
void ConfigSync::Tell() {
  const auto tell = [this](News& news, Level level, Event event, std::string_view msg, std::string_view key) {
    const News now = std::exchange(news, {});
    if (now.topics > static_cast<int64_t>(now.first.size()))
      return Log(
          level, event, msg,
          {{"link", config_.name}, {"topics", now.topics}, {"first", now.first[0].first}, {key, now.first[0].second}});
    for (const auto& [topic, text] : now.first)
      Log(level, event, msg, {{"link", config_.name}, {"topic", topic}, {key, text}});
  };
  tell(drifted_, Level::kWarning, Event::kTopicConfigDrift,
       "somebody changed settings of mirror topics; they were set back", "settings");
  tell(followed_, Level::kInfo, Event::kTopicConfigChanged,
       "settings of mirror topics were brought in line with the source", "settings");
  tell(troubled_, Level::kWarning, Event::kTopicError, "settings of mirror topics are not as they should be", "error");
}

void ConfigSync::ForgetGone() {
  const auto gone = [this](const std::string& name) { return !ports_->Find(name); };
  std::erase_if(compared_, [&](const auto& entry) { return gone(entry.first); });
  std::erase_if(troubles_, [&](const auto& entry) { return gone(entry.first); });
  std::erase_if(refusals_, [&](const auto& entry) { return gone(entry.first.first); });
}

}  // namespace klink::link
