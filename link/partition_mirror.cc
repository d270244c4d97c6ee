#include "link/partition_mirror.h"

#include "kafka/errors.h"
#include "link/batch_patch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

constexpr Duration kRetryFirst = 200ms;
constexpr Duration kRetryMost = 5s;
constexpr Duration kHaltRetry = 5s;  // a halted partition looks again: the cause may be gone
constexpr Duration kWatchEvery = 30s;

}  // namespace

PartitionMirror::PartitionMirror(TopicPartition name, MirrorPorts ports, Identity identity, MirrorOptions options,
                                 uint64_t seed)
    : name_(std::move(name)),
      p_(ports),
      identity_(std::move(identity)),
      options_(options),
      backoff_(kRetryFirst, kRetryMost, seed),
      changed_(ports.executor) {}

Async<void> PartitionMirror::Run() {
  while (!draining_) {
    const Status ended = co_await Cycle();
    if (IsCancelled(ended) || draining_) co_return;
    const auto reason = ReasonOf(ended);
    p_.progress.Failed(reason, Text(ended));
    const Status slept = co_await p_.clock.Sleep(reason ? kHaltRetry : backoff_.Next());
    if (!slept.ok()) co_return;
  }
}

void PartitionMirror::Drain() {
  draining_ = true;
  if (pump_) pump_->Stop();
}

// From what the destination log says until the first error.
Async<Status> PartitionMirror::Cycle() {
  CO_RETURN_IF_ERROR(co_await p_.gate.UntilOpen());
  CO_TRY(Started start, co_await Recover());
  acknowledged_ = gap_open_ = false;
  pumping_ = true;
  TaskGroup pump(p_.executor);
  pump_ = &pump;
  pump.Spawn(Pump(start.at, start.progressed));
  pump.Spawn(Watch());
  Status ended = co_await Settle();
  pump_ = nullptr;
  pump.Stop();
  co_await pump.Join();
  co_await Drained();
  co_return ended;
}

// The first half: fetch, plan, patch, send.
Async<void> PartitionMirror::Pump(Position at, Progressed progressed) {
  for (;;) {
    StatusOr<Fetched> fetched = co_await p_.source.Next(at.source_next);
    Status step = fetched.status();
    if (step.code() == Code::kOutOfRange) {
      step = co_await CrossGap(at, progressed);
    } else if (step.ok()) {
      p_.progress.Bounds(fetched->bounds);
      fetched_at_ = p_.clock.Now();
      for (SharedBytes& batch : fetched->batches) {
        step = co_await Offer(std::move(batch), at, progressed);
        if (!step.ok()) break;
      }
    }
    if (step.ok()) continue;
    pump_ended_ = step;
    pumping_ = false;
    changed_.NotifyAll();
    co_return;
  }
}

Async<Status> PartitionMirror::Offer(SharedBytes batch, Position& at, Progressed& progressed) {
  const BatchView view(batch.view());
  Plan plan = PlanBatch(view, at, progressed);
  if (const Stop* stop = std::get_if<Stop>(&plan)) co_return HaltWith(stop->reason, stop->text);
  if (std::holds_alternative<Skip>(plan)) co_return absl::OkStatus();
  if (const Prepend* whole = std::get_if<Prepend>(&plan)) at.source_next = whole->base;
  if (gap_open_) {
    // The map ends where the gap begins only once everything before it stands.
    while (!in_flight_.empty()) CO_RETURN_IF_ERROR(co_await changed_.Wait());
    CO_RETURN_IF_ERROR(co_await UntilNothingLate("other records follow under the same sequences"));
    CO_RETURN_IF_ERROR(co_await p_.map.ChangeShift(at.source_next, at.dest_next, "RETENTION_GAP", -1));
    gap_open_ = false;
  }
  p_.progress.Fetched(1, view.next_offset() - view.base_offset(), static_cast<int64_t>(batch.size()));
  const int64_t max_timestamp = view.max_timestamp();
  CO_RETURN_IF_ERROR(co_await UntilSendable(max_timestamp));
  InFlight item{.at = at, .after = After(at, view), .bytes = static_cast<int64_t>(batch.size()), .seen = fetched_at_};
  const Stamp stamp{identity_.producer_id, at.epoch, at.sequence};
  PatchBatch(batch, stamp);
  item.pending = p_.sink.Send(std::move(batch));
  at = item.after;
  progressed = Progressed::kCopying;
  last_was_old_ = HalfForgotten(max_timestamp);
  in_flight_.push_back(std::move(item));
  changed_.NotifyAll();
  co_return absl::OkStatus();
}

// The second half: answer, record, publish. Ends with the first append that did not land where it should.
Async<Status> PartitionMirror::Settle() {
  for (;;) {
    while (in_flight_.empty()) {
      if (!pumping_) co_return pump_ended_;
      CO_RETURN_IF_ERROR(co_await changed_.Wait());
    }
    const InFlight item = in_flight_.front();
    const StatusOr<DestOffset> answer = co_await item.pending->Wait();
    CO_RETURN_IF_ERROR(Judge(item, answer));
    acknowledged_ = true;
    refused_at_.reset();
    unclear_ = Unclear::kNo;
    backoff_.Reset();
    const int64_t length = item.after.dest_next - item.at.dest_next;
    CO_RETURN_IF_ERROR(co_await p_.map.Record(item.at.source_next, item.at.dest_next, length));
    p_.progress.Replicated(item.after, length, item.bytes);
    p_.progress.Took(p_.clock.Now() - item.seen);
    p_.progress.Working();
    in_flight_.pop_front();
    changed_.NotifyAll();
    CO_RETURN_IF_ERROR(co_await FinishPrefill(item.after.dest_next));
  }
}

// A write of somebody else into an idle mirror is found here; in a busy one our own next append finds it.
Async<void> PartitionMirror::Watch() {
  while ((co_await p_.clock.Sleep(kWatchEvery)).ok()) {
    const std::optional<Position> at = p_.progress.position();
    if (!at || !in_flight_.empty() || !p_.gate.MayWrite()) continue;
    const StatusOr<DestOffset> end = co_await p_.sink.End();
    const bool idle = in_flight_.empty() && p_.progress.position()->dest_next == at->dest_next && p_.gate.MayWrite();
    if (!end.ok() || !idle || *end <= at->dest_next) continue;
    pump_ended_ =
        Halt(Reason::kForeignWrite, "{}: somebody else wrote to the mirror: it ends at {}, klink wrote up to {}", name_,
             *end, at->dest_next);
    pumping_ = false;
    changed_.NotifyAll();
    co_return;
  }
}

Async<void> PartitionMirror::Drained() {
  for (const InFlight& item : in_flight_) {
    const StatusOr<DestOffset> answer = co_await item.pending->Wait();
    if (!answer.ok() && !kafka::ErrorOf(answer.status())) unclear_ = Unclear::kOurs;
  }
  in_flight_.clear();
}

Status PartitionMirror::Judge(const InFlight& item, const StatusOr<DestOffset>& answer) {
  const DestOffset expected = item.at.dest_next;
  if (answer.ok()) {
    if (*answer == expected) return absl::OkStatus();
    unclear_ = Unclear::kOurs;
    return Halt(Reason::kMisplacedBatch, "{}: the batch for destination offset {} was appended at {}", name_, expected,
                *answer);
  }
  const Status& status = answer.status();
  const auto error = kafka::ErrorOf(status);
  if (!error) {
    unclear_ = Unclear::kOurs;
    return status;
  }
  switch (kafka::VerdictOf(*error)) {
    case kafka::Verdict::kSequence:
      unclear_ = Unclear::kOurs;
      if (std::exchange(refused_at_, expected) == expected)  // the log was read in between, and said the same
        return Halt(Reason::kMisplacedBatch,
                    "{}: the leader refuses sequence {} at offset {} although it is the next one", name_,
                    item.at.sequence, expected);
      return Unavailable("{}: the leader does not expect sequence {} at offset {}: {}", name_, item.at.sequence,
                         expected, Text(status));
    case kafka::Verdict::kAppended:
      unclear_ = Unclear::kOurs;
      return Unavailable("{}: {}", name_, Text(status));
    case kafka::Verdict::kRefused:
      return HaltWith(RefusalReason(*error),
                      fmt::format("{}: the destination refuses the batch of source offsets {}–{}: {}", name_,
                                  item.at.source_next, item.after.source_next - 1, Text(status)));
    case kafka::Verdict::kCorrupt:
      return Halt(Reason::kCrcMismatch, "{}: the batch at source offset {} does not match its checksum: {}", name_,
                  item.at.source_next, Text(status));
    case kafka::Verdict::kOperator:
      return Halt(Reason::kAuthorizationError, "{}: {}", name_, Text(status));
    case kafka::Verdict::kFenced:
      return Halt(Reason::kForeignWrite, "{}: klink's producer was fenced in the destination partition: {}", name_,
                  Text(status));
    default:
      return Annotate(status, fmt::format("{}", name_));
  }
}

bool PartitionMirror::HalfForgotten(int64_t max_timestamp_ms) const {
  const int64_t age_ms = p_.clock.Wall().time_since_epoch().count() - max_timestamp_ms;
  return max_timestamp_ms < 0 || age_ms > ToMillis(options_.producer_expiration) / 2;
}

Async<Status> PartitionMirror::UntilSendable(int64_t max_timestamp_ms) {
  for (;;) {
    const bool old = HalfForgotten(max_timestamp_ms);
    const bool careful = !acknowledged_ || last_was_old_ || old;
    if (in_flight_.size() >= (careful ? 1 : kDepth)) {
      CO_RETURN_IF_ERROR(co_await changed_.Wait());
    } else if (!p_.gate.MayWrite()) {
      CO_RETURN_IF_ERROR(co_await p_.gate.UntilOpen());
    } else if (old) {
      co_return co_await UntilNothingLate("old records follow");
    } else {
      co_return absl::OkStatus();
    }
  }
}

// Where the same sequence must not be mistaken for the same records, or the leader may forget us: first nothing sent
// earlier may land any more, and what did land counts.
Async<Status> PartitionMirror::UntilNothingLate(std::string_view before) {
  const Duration doubt = doubt_until_ - p_.clock.Now();
  if (doubt <= Duration(0)) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(co_await p_.clock.Sleep(doubt));
  co_return Unavailable("{}: reading the log again, now that nothing sent earlier can land, before {}", name_, before);
}

// The source no longer holds (or never held) the offset we want next.
Async<Status> PartitionMirror::CrossGap(Position& at, Progressed& progressed) {
  CO_TRY(const SourceBounds bounds, co_await p_.source.Bounds());
  p_.progress.Bounds(bounds);
  if (at.source_next >= bounds.log_start)
    co_return Halt(Reason::kSourceTruncated, "{}: the source log ends at {}, before offset {} that was already copied",
                   name_, bounds.high_watermark, at.source_next);
  CO_TRY(const SourceOffset base, co_await FirstBase(bounds));
  if (const std::optional<Prefill> prefill = p_.phase.prefill(); prefill && at.dest_next == prefill->fillers_end) {
    const Prefill further{DestOffset(base.value), DestOffset(bounds.log_start.value)};
    CO_RETURN_IF_ERROR(co_await p_.phase.BeginPrefill(further));
    co_return Unavailable("{}: the source's log start moved on to {} while the copy was aligned; aligning further",
                          name_, bounds.log_start);
  }
  const bool lost = base > at.source_next;  // else only the head of the batch we want was removed
  if (lost && !options_.record_gaps)
    co_return Halt(Reason::kRetentionGap, "{}: the source removed offsets {}–{} before they were copied (on_gap: stop)",
                   name_, at.source_next, base - 1);
  gap_open_ |= lost;
  at.source_next = bounds.log_start;
  progressed = Progressed::kFresh;
  co_return absl::OkStatus();
}

}  // namespace klink::link
