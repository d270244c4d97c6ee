#include "link/fetch_session.h"

namespace klink::link {
namespace {

// Partitions come sorted by topic, so a topic's entries are neighbours.
template <class Topic>
Topic& TopicAtBack(std::vector<Topic>& topics, const std::string& name) {
  if (topics.empty() || topics.back().topic != name) topics.emplace_back().topic = name;
  return topics.back();
}

}  // namespace

kafka::FetchRequest FetchSession::Request(const Wanted& wanted, int32_t partition_max_bytes) {
  kafka::FetchRequest request;
  request.session_id = id_;
  request.session_epoch = epoch_;
  for (const auto& [tp, want] : wanted) {
    auto known = known_.find(tp);
    if (epoch_ != 0 && known != known_.end() && known->second == want) continue;
    kafka::FetchPartition& partition = TopicAtBack(request.topics, tp.topic).partitions.emplace_back();
    partition.partition = tp.partition;
    partition.fetch_offset = want.offset;
    partition.current_leader_epoch = want.leader_epoch;
    partition.last_fetched_epoch = want.last_fetched_epoch;
    partition.partition_max_bytes = partition_max_bytes;
  }
  if (epoch_ != 0)
    for (const auto& [tp, want] : known_)
      if (!wanted.contains(tp)) TopicAtBack(request.forgotten_topics_data, tp.topic).partitions.push_back(tp.partition);
  asked_ = wanted;
  return request;
}

void FetchSession::Accepted(int32_t session_id) {
  if (session_id == 0) return Reset();
  id_ = session_id;
  epoch_ = NextSessionEpoch(epoch_);
  known_ = std::move(asked_);
  asked_.clear();
}

void FetchSession::Reset() {
  id_ = 0;
  epoch_ = 0;
  known_.clear();
  asked_.clear();
}

}  // namespace klink::link
