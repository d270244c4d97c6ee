// The first step of a planned promotion: nothing is stopped before the copies hold everything, and all of it at once.
#include "base/log.h"
#include "base/time_limit.h"
#include "failover/promoter.h"

namespace klink::failover {
namespace {

using state::PromotionRecord;
using state::PromotionTopic;

constexpr Duration kLookEvery = 200ms;
constexpr Duration kAskLimit = 5s;      // of the source, for all ends
constexpr Duration kGroupsLimit = 20s;  // of a round that carries all groups over

using Missing = std::map<std::string, std::string>;  // by topic: the first thing

}  // namespace

Async<Status> Controller::Synchronize(PromotionRecord& now) {
  const std::set<std::string> topics = RunningTopics(now);
  Quiet quiet;
  for (;;) {
    Missing missing = co_await NotReady(topics, quiet);
    if (missing.empty()) {
      const Status groups =
          co_await Within(executor_, clock_, kGroupsLimit, "carrying the groups over", host_.SyncGroups());
      if (IsCancelled(groups)) co_return groups;
      if (groups.ok()) missing = co_await NotReady(topics, quiet);  // nothing was written meanwhile
      if (groups.ok() && missing.empty()) break;
      if (!groups.ok())
        for (const std::string& topic : topics)
          missing[topic] = fmt::format("groups do not stand where they stand at the source: {}", Text(groups));
    }
    if (NowMs() >= now.until_ms) co_return co_await GiveUp(now, std::move(missing));
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kLookEvery));
  }
  std::vector<state::Record> records = Stopping(now);
  co_return co_await Advance(now, Step::kStopCopying, std::move(records));
}

// What each topic still misses.
Async<Missing> Controller::NotReady(const std::set<std::string>& topics, Quiet& quiet) {
  Missing missing;
  const auto ends =
      co_await Within(executor_, clock_, kAskLimit, "asking the source for its ends", host_.SourceEnds(topics));
  if (ends.ok()) quiet.Ends(*ends, clock_.Now());
  for (const std::string& topic : topics) {
    const state::MirrorRecord* mirror = host_.view().mirror(topic);
    if (mirror == nullptr || mirror->phase != state::Phase::kActive) {
      missing[topic] = fmt::format("it is {}", mirror == nullptr ? "gone" : Name(mirror->phase));
      continue;
    }
    for (const TopicPartition& tp : PartitionsOf({topic}))
      if (auto lacks = quiet.Missing(tp, host_.Standing(tp).replicated_to, clock_.Now())) {
        missing[topic] = ends.ok() ? *lacks : Text(ends.status());
        break;
      }
  }
  co_return missing;
}

// Everything is still copied: the promotion ends as if it had never been asked for.
Async<Status> Controller::GiveUp(PromotionRecord& now, Missing missing) {
  for (PromotionTopic& topic : now.topics) {
    if (topic.outcome != Outcome::kRunning) continue;
    const auto why = missing.find(topic.topic);
    topic.outcome = Outcome::kRefused;
    topic.reason = state::Reason::kNotQuiet;
    topic.text =
        why != missing.end() ? why->second : std::string("it is ready, but others are not: nothing was promoted");
  }
  co_return co_await Advance(now, Step::kDone);
}

}  // namespace klink::failover
