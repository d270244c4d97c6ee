// The end of a mirror and of its topic, as a Kafka REST client asks for it (DELETE of a topic). What the link's filter
// still takes in would be made again by the next round, so only a mirror that was promoted is deleted then, and its
// record stays to say so; of any other the record goes, too.
#include "base/log.h"
#include "config/topic_filter.h"
#include "link/link.h"

namespace klink::link {

using state::MirrorRecord;
using state::Phase;

// Is the topic at the destination the one that klink wrote to? False: there is none any more.
Async<StatusOr<bool>> Link::CopyIsThere(MirrorRecord record) {
  std::vector<std::string> one(1, record.destination_topic);
  CO_TRY(const Listing listing, co_await ListTopics(destination_, std::move(one)));
  if (const auto unclear = listing.unclear.find(record.destination_topic); unclear != listing.unclear.end())
    co_return unclear->second;
  const auto copy = listing.topics.find(record.destination_topic);
  if (copy == listing.topics.end()) co_return false;
  const std::string id = IdText(copy->second.id);
  if (!record.destination_topic_id.empty() && !id.empty() && id != record.destination_topic_id)
    co_return FailedPrecondition("topic {} has id {}, klink wrote to {}: it is not klink's to delete",
                                 record.destination_topic, id, record.destination_topic_id);
  co_return true;
}

// What it was at the time. Each step is repeated by the next call where this one ends early.
Async<StatusOr<std::string>> Link::DropOne(DropRequest request) {
  const std::string topic = request.topic;
  if (book_->Find(topic) == nullptr) co_return NotFound("link {} has no mirror topic {}", config_.name, topic);
  const MirrorRecord record = *book_->Find(topic);
  CO_TRY(const auto filter, config::TopicFilter::Compile(config_.topics));
  const config::Decision decision = filter.Decide(record.source_topic);
  const bool comes_back = decision.included && filter.DestinationName(record.source_topic) == topic;
  if (record.phase == Phase::kPendingStopped)
    co_return FailedPrecondition("mirror {} is being promoted: wait until it is STOPPED", topic);
  if (comes_back && record.phase != Phase::kStopped)
    co_return FailedPrecondition("link {} includes {} ({}): the next round would make {} again", config_.name,
                                 record.source_topic, decision.why, topic);
  CO_TRY(const bool there, co_await CopyIsThere(record));
  if (!comes_back) {
    const int64_t now = parts_.clock.Wall().time_since_epoch().count();
    std::vector<MirrorRecord> paused;
    if (auto next = state::FollowFilter(record, {false, decision.why, now})) paused.push_back(*std::move(next));
    CO_RETURN_IF_ERROR(Written(co_await book_->PutAll(std::move(paused))));
    CO_RETURN_IF_ERROR(co_await FollowRecords());
  }
  if (!MayWrite()) co_return Unavailable("link {} goes over to another agent: try again", config_.name);
  if (there) {
    const Status deleted = co_await topics_->DeleteTopic(topic);
    if (!deleted.ok() && !absl::IsNotFound(deleted)) co_return deleted;
  }
  Log(Level::kWarning, Event::kTopicDiscovered, "deleted the mirror topic, as a caller asked",
      {{"link", config_.name}, {"topic", topic}, {"by", request.by}, {"why", request.reason}});
  if (!comes_back) {
    CO_RETURN_IF_ERROR(co_await Forget(topic, static_cast<int32_t>(record.partitions.size())));
    CO_RETURN_IF_ERROR(Written(co_await state_->EraseMirror(topic)));
  }
  co_return std::string(state::Name(state::StateOf(record.phase)));
}

}  // namespace klink::link
