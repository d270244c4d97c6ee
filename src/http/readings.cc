#include "http/readings.h"

namespace klink::http {
namespace {

std::string_view Name(ReadingKind kind) { return kind == ReadingKind::kVerify ? "verification" : "failback plan"; }

}  // namespace

Readings::Readings(Executor executor, Clock& clock, LinkReader& reader)
    : clock_(clock), reader_(reader), tasks_(std::move(executor)) {}

StatusOr<ReadingView> Readings::Verify(std::string link, VerifyOrder order) {
  auto work = reader_.Verify(link, std::move(order));
  return Begin({ReadingKind::kVerify, std::move(link)}, std::move(work));
}

StatusOr<ReadingView> Readings::Failback(std::string link, FailbackOrder order) {
  auto work = reader_.Failback(link, std::move(order));
  return Begin({ReadingKind::kFailback, std::move(link)}, std::move(work));
}

StatusOr<ReadingView> Readings::Begin(Key key, Async<StatusOr<Json>> work) {
  if (running_)
    return FailedPrecondition("this agent reads for a {} of link {} since {}: ask again when that has ended",
                              Name(running_->first), running_->second, Rfc3339(readings_.at(*running_).started));
  ReadingView& reading = readings_[key] = ReadingView();
  reading.link = key.second;
  reading.state = "RUNNING";
  reading.started = clock_.Wall();
  running_ = key;
  tasks_.Spawn(Keep(std::move(key), std::move(work)));
  return reading;
}

Async<void> Readings::Keep(Key key, Async<StatusOr<Json>> work) {
  StatusOr<Json> result = co_await std::move(work);
  ReadingView& reading = readings_.at(key);
  reading.finished = clock_.Wall();
  reading.state = result.ok() ? "COMPLETED" : "FAILED";
  if (result.ok())
    reading.result = *std::move(result);
  else
    reading.error = Text(result.status());
  running_.reset();
}

StatusOr<ReadingView> Readings::Newest(ReadingKind kind, const std::string& link) const {
  const auto at = readings_.find({kind, link});
  if (at == readings_.end())
    return NotFound("no {} of link {} was asked for since this agent was started: POST here", Name(kind), link);
  return at->second;
}

Async<void> Readings::Close() {
  tasks_.Stop();
  co_await tasks_.Join();
}

}  // namespace klink::http
