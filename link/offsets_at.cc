// What stands where at a time (klink offsets at). Only the source knows: at the destination a marker or filler of
// klink's may have a later time than the records around it, and a look-up there answers too early.
#include "link/link.h"

namespace klink::link {
namespace {

constexpr int64_t kAskedAtOnce = 64;

}  // namespace

struct Link::Asking {
  std::string source_topic;
  std::string topic;
  WallTime time;
  Permits permits;
};

Async<StatusOr<std::vector<OffsetAtSnapshot>>> Link::OffsetsAt(std::string topic, WallTime time) {
  if (!state_) co_return Unavailable("link {} is not connected yet: {}", config_.name, text_);
  const state::MirrorRecord* record = state_->view().mirror(topic);
  if (record == nullptr) co_return NotFound("link {} has no mirror topic {}", config_.name, topic);
  if (const auto trouble = troubles_.find(topic); trouble != troubles_.end() && trouble->second.reason)
    co_return FailedPrecondition("mirror {}: {}", topic, trouble->second.text);  // another topic has that name now
  if (SourceGone()) co_return Unavailable("cluster {} does not answer, and only it knows", config_.source);
  std::vector<OffsetAtSnapshot> answers(record->partitions.size());
  Asking asking{record->source_topic, std::move(topic), time, Permits(parts_.executor, kAskedAtOnce)};
  TaskGroup tasks(parts_.executor);
  for (size_t p = 0; p < answers.size(); p++) {
    answers[p].partition = static_cast<int32_t>(p);
    tasks.Spawn(AskOffsetAt(asking, answers[p]));
  }
  co_await tasks.Join();
  co_return answers;
}

// The end first: a record that comes in between may be that young, and then it is the answer, not the end behind it.
static Async<StatusOr<int64_t>> FirstAt(kafka::Cluster& cluster, TopicPartition tp, WallTime time) {
  CO_TRY(const int64_t end, co_await OffsetOf(cluster, tp, LogPoint::kHighWatermark));
  CO_TRY(const std::optional<int64_t> offset, co_await OffsetAtTime(cluster, tp, time));
  co_return offset.value_or(end);
}

Async<void> Link::AskOffsetAt(Asking& asking, OffsetAtSnapshot& out) {
  if (!(co_await asking.permits.Take(1)).ok()) co_return;
  const TopicPartition source{asking.source_topic, out.partition};
  const StatusOr<int64_t> first = co_await FirstAt(source_, source, asking.time);
  asking.permits.Give(1);
  if (!first.ok()) {
    out.reason = Text(first.status());
    co_return;
  }
  out.source_offset = *first;
  if (!store_) co_return;  // the link was lost meanwhile
  const TopicPartition copy{asking.topic, out.partition};
  const offsets::Answer answer = store_->ToDest(copy, SourceOffset(*first));
  out.answer = offsets::Name(answer.kind);
  if (answer.kind != offsets::Answer::Kind::kUnknown) out.destination_offset = answer.value;
  if (!answer.why.empty()) out.reason = answer.why;
}

}  // namespace klink::link
