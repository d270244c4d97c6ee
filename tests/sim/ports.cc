#include "tests/sim/ports.h"

namespace klink::sim {
namespace {

constexpr Duration kPollWait = 500ms;
constexpr Duration kPollEvery = 10ms;
constexpr Duration kGateEvery = 100ms;
constexpr int64_t kBatchesAtOnce = 8;

}  // namespace

// --- Source ---------------------------------------------------------------------------------------------------------

Async<Status> SimSource::Travel() {
  CO_RETURN_IF_ERROR(co_await clock_.Sleep(weather_.Latency(world_)));
  if (log_.forbidden) co_return kafka::ToStatus(kafka::Error::kTopicAuthorizationFailed, "asking the source");
  if (!world_.random().Chance(weather_.source_fails)) co_return absl::OkStatus();
  world_.Count(Fault::kSourceAway);
  co_return Unavailable("the source does not answer");
}

link::SourceBounds SimSource::BoundsNow() const {
  return {SourceOffset(log_.start()), SourceOffset(log_.end()), SourceOffset(log_.last_stable())};
}

Async<StatusOr<link::Fetched>> SimSource::Next(SourceOffset at) {
  CO_RETURN_IF_ERROR(co_await Travel());
  const Instant until = world_.now() + kPollWait;
  while (at.value == log_.last_stable() && world_.now() < until) CO_RETURN_IF_ERROR(co_await clock_.Sleep(kPollEvery));
  if (at.value < log_.start() || at.value > log_.end()) co_return OutOfRange("the source log does not hold {}", at);
  link::Fetched fetched;
  fetched.bounds = BoundsNow();
  const int64_t most = world_.random().Between(1, kBatchesAtOnce);
  for (int64_t next = at.value; static_cast<int64_t>(fetched.batches.size()) < most && next < log_.last_stable();) {
    const SourceLog::Batch* batch = log_.Find(next);
    if (batch == nullptr || batch->base >= log_.last_stable()) break;
    fetched.batches.push_back(SharedBytes::CopyOf(batch->bytes.view()));
    next = batch->next;
  }
  if (!fetched.batches.empty()) {
    const int64_t to = kafka::BatchView(fetched.batches.back().view()).next_offset();
    for (const SourceLog::Aborted& a : log_.aborted())
      if (a.marker >= at.value && a.first < to) fetched.aborted.push_back({a.producer_id, SourceOffset(a.first)});
  }
  CO_RETURN_IF_ERROR(co_await clock_.Sleep(weather_.Latency(world_)));
  co_return fetched;
}

Async<StatusOr<link::SourceBounds>> SimSource::Bounds() {
  CO_RETURN_IF_ERROR(co_await Travel());
  const link::SourceBounds bounds = BoundsNow();
  CO_RETURN_IF_ERROR(co_await clock_.Sleep(weather_.Latency(world_)));
  co_return bounds;
}

Async<StatusOr<std::optional<SharedBytes>>> SimSource::BatchAt(SourceOffset at) {
  CO_RETURN_IF_ERROR(co_await Travel());
  std::optional<SharedBytes> found;
  if (const SourceLog::Batch* batch = log_.Find(at.value)) found = SharedBytes::CopyOf(batch->bytes.view());
  CO_RETURN_IF_ERROR(co_await clock_.Sleep(weather_.Latency(world_)));
  co_return found;
}

Async<StatusOr<std::optional<SourceOffset>>> SimSource::EndOf(int32_t leader_epoch) {
  const std::optional<int64_t> end = log_.EndOf(leader_epoch);
  if (!end) co_return std::nullopt;  // the metadata said so
  CO_RETURN_IF_ERROR(co_await Travel());
  co_return SourceOffset(*end);
}

// --- Gate -----------------------------------------------------------------------------------------------------------

Async<Status> SimGate::UntilOpen() {
  while (!MayWrite()) CO_RETURN_IF_ERROR(co_await clock_.Sleep(kGateEvery));
  co_return absl::OkStatus();
}

// --- Sink -----------------------------------------------------------------------------------------------------------

std::shared_ptr<link::PendingAppend> SimSink::Send(SharedBytes batch, std::optional<link::TransactionSlot> slot,
                                                   link::Acks acks) {
  auto pending = std::make_shared<link::PendingAppend>(executor_);
  if (gate_.MayWrite()) {
    wire_.Send(leader_, std::move(batch), slot ? slot->id : "", acks, pending);
  } else {
    pending->Complete(Unavailable("appending to sim-0: not sent"));
  }
  return pending;
}

// One question to that broker, up to where it is answered.
Async<Status> SimSink::Ask(int leader) {
  CO_RETURN_IF_ERROR(co_await clock_.Sleep(weather_.Latency(world_)));
  if (world_.random().Chance(weather_.ask_fails)) {
    world_.Count(Fault::kAskFailed);
    co_return Unavailable("asking about sim-0: connection reset");
  }
  if (!log_.Leads(leader)) co_return kafka::ToStatus(kafka::Error::kNotLeaderOrFollower, "asking about sim-0");
  co_return absl::OkStatus();
}

// Four questions, one after the other: end, last batch, producers, and the end again: it may have moved on.
Async<StatusOr<link::DestLog>> SimSink::Inspect() {
  leader_ = log_.leader();
  const int leader = leader_;
  CO_RETURN_IF_ERROR(co_await Ask(leader));
  link::DestLog seen;
  seen.end = DestOffset(log_.end());
  CO_RETURN_IF_ERROR(co_await Ask(leader));
  seen.start = DestOffset(log_.start());
  seen.high_watermark = DestOffset(log_.high_watermark());
  const DestLog::Stored* last = seen.end > seen.start ? log_.Find(seen.end.value - 1) : nullptr;
  if (last != nullptr && last->next <= log_.high_watermark() && last->next == seen.end.value)
    seen.last_batch = SharedBytes::CopyOf(last->bytes.view());
  CO_RETURN_IF_ERROR(co_await Ask(leader));
  seen.producers = log_.producers();
  CO_RETURN_IF_ERROR(co_await Ask(leader));
  if (log_.end() != seen.end.value) co_return Unavailable("sim-0: the log grew while it was read");
  co_return seen;
}

Async<StatusOr<std::optional<SharedBytes>>> SimSink::BatchAt(DestOffset at) {
  CO_RETURN_IF_ERROR(co_await Ask(log_.leader()));
  std::optional<SharedBytes> found;
  const DestLog::Stored* stored = log_.Find(at.value);
  if (stored != nullptr && stored->next <= log_.high_watermark()) found = SharedBytes::CopyOf(stored->bytes.view());
  CO_RETURN_IF_ERROR(co_await clock_.Sleep(weather_.Latency(world_)));
  co_return found;
}

// It may never arrive, be carried out in part, late, or without an answer.
Async<Status> SimSink::WriteMarkers(int64_t count, link::MarkerStamp stamp) {
  if (!gate_.MayWrite()) co_return Unavailable("writing fillers to sim-0: not sent");
  Random& random = world_.random();
  auto pending = std::make_shared<link::PendingAppend>(executor_);
  const Duration there = weather_.Latency(world_), back = weather_.Latency(world_);
  auto answer = [&world = world_, back, weak = std::weak_ptr(pending)](kafka::Error error, int64_t base) {
    StatusOr<DestOffset> said = DestOffset(base);
    if (error != kafka::Error::kNone) said = kafka::ToStatus(error, "writing fillers to sim-0");
    world.After(back, [weak, said] {
      if (auto p = weak.lock()) p->Complete(said);
    });
  };
  auto write = [&log = log_, leader = log_.leader(), stamp](int64_t markers, DestLog::Answer then) {
    log.WriteFillers(leader, markers, stamp, std::move(then));
  };
  const DestLog::Answer nobody = [](kafka::Error, int64_t) {};
  if (!permitted_) {
    world_.After(there, [answer] { answer(kafka::Error::kClusterAuthorizationFailed, -1); });
  } else if (weather_.call_unclear <= 0 || !random.Chance(weather_.call_unclear)) {
    world_.After(there, [write, count, answer] { write(count, answer); });
  } else {
    const int64_t part = random.Between(0, count);
    Duration late = there;
    if (part > 0 && random.Chance(0.5)) {
      world_.Count(Fault::kCallLate);
      late += random.Within(Duration(0), weather_.late_most);
    }
    world_.Count(part == 0 ? Fault::kCallLost : Fault::kCallUnanswered);
    world_.After(late, [write, part, nobody] { write(part, nobody); });
    world_.After(there + random.Within(Duration(0), 50ms), [answer] { answer(kafka::Error::kNetworkException, -1); });
  }
  const StatusOr<DestOffset> said = co_await pending->Wait();
  takes_markers_ = permitted_;
  co_return said.status();
}

Async<Status> SimSink::DeleteBelow(DestOffset offset) {
  const int leader = log_.leader();
  CO_RETURN_IF_ERROR(co_await Ask(leader));
  if (const kafka::Error error = log_.DeleteRecords(leader, offset.value); error != kafka::Error::kNone)
    co_return kafka::ToStatus(error, "trimming sim-0");
  if (world_.random().Chance(weather_.trim_unclear)) {
    world_.Count(Fault::kTrimUnclear);
    co_return Unavailable("trimming sim-0: connection reset");
  }
  co_return co_await clock_.Sleep(weather_.Latency(world_));
}

}  // namespace klink::sim
