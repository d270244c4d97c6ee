#include "link/partition_mirror.h"

#include "base/log.h"
#include "kafka/errors.h"
#include "link/batch_patch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;

constexpr Duration kRetryFirst = 200ms;
constexpr Duration kRetryMost = 5s;
constexpr Duration kHaltRetry = 5s;      // a halted partition looks again: the cause may be gone
constexpr Duration kPassesWithin = 30s;  // what should pass by itself: longer, and it is said to have failed

}  // namespace

PartitionMirror::PartitionMirror(TopicPartition name, MirrorPorts ports, Identity identity, MirrorOptions options,
                                 uint64_t seed)
    : name_(std::move(name)),
      p_(ports),
      identity_(std::move(identity)),
      replay_(name_, ports.clock, ports.source, ports.sink, ports.map, ports.gate, ports.transactions),
      options_(options),
      backoff_(kRetryFirst, kRetryMost, seed),
      changed_(ports.executor) {}

Async<void> PartitionMirror::Run() {
  while (!draining_) {
    const Status ended = co_await Cycle();
    if (IsCancelled(ended) || draining_) co_return;
    const auto reason = ReasonOf(ended);
    Tell(ended);
    const Status slept = co_await p_.clock.Sleep(reason ? kHaltRetry : backoff_.Next());
    if (!slept.ok()) co_return;
  }
}

// One line when it stops or a step fails, one when it works again.
void PartitionMirror::Tell(const Status& ended) {
  const auto trouble = std::exchange(trouble_, std::nullopt);
  if (trouble && !troubled_since_) troubled_since_ = p_.clock.Now();
  const bool lasts = trouble && p_.clock.Now() - *troubled_since_ >= kPassesWithin;
  const auto reason = lasts ? trouble : ReasonOf(ended);
  const bool news = reason ? p_.progress.Failed(*reason, Text(ended)) : p_.progress.Retrying(trouble, Text(ended));
  if (!news) return;
  if (reason)
    Log(Level::kWarning, Event::kPartitionFailed, Text(ended),
        {{"topic", name_.topic}, {"partition", name_.partition}, {"reason", state::Name(*reason)}});
  else
    Log(Level::kInfo, Event::kPartitionRetry, Text(ended), {{"topic", name_.topic}, {"partition", name_.partition}});
}

void PartitionMirror::Works() {
  troubled_since_.reset();
  if (!p_.progress.Working()) return;
  Log(Level::kInfo, Event::kPartitionActive, "it goes on", {{"topic", name_.topic}, {"partition", name_.partition}});
}

void PartitionMirror::Drain() {
  draining_ = true;
  if (pump_) pump_->Stop();
}

// From what the destination log says until the first error.
Async<Status> PartitionMirror::Cycle() {
  CO_RETURN_IF_ERROR(co_await p_.gate.UntilOpen());
  CO_TRY(Started start, co_await Recover());
  acknowledged_ = gap_open_ = ending_ = false;
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

// The first half: fetch, plan, patch, send. `seen` runs ahead of the position where the log ends in a hole.
Async<void> PartitionMirror::Pump(Position at, Progressed progressed) {
  left_out_to_ = SourceOffset(0);
  for (SourceOffset seen = at.source_next;;) {
    StatusOr<Fetched> fetched = co_await p_.source.Next(seen);
    Status step = fetched.status();
    if (step.code() == Code::kOutOfRange) {
      step = co_await CrossGap(seen, at, progressed);
    } else if (step.ok()) {
      p_.progress.Bounds(fetched->bounds);
      fetched_at_ = p_.clock.Now();
      fetched_epoch_ = fetched->leader_epoch;
      aborted_ = AbortedData(std::move(fetched->aborted));
      for (auto batch = fetched->batches.begin(); step.ok() && batch != fetched->batches.end(); ++batch) {
        seen = std::max(seen, SourceOffset(BatchView(batch->view()).next_offset()));
        following_ = std::next(batch) == fetched->batches.end() ? nullptr : &*std::next(batch);
        step = co_await Offer(std::move(*batch), at, progressed);
      }
      following_ = nullptr;
      if (step.ok() && fetched->batches.empty()) step = co_await CrossEmptied(fetched->bounds, at);
      if (step.ok() && progressed == Progressed::kCopying)
        step = co_await FillBehind(fetched->bounds, fetched->batches.empty(), seen, at);
      if (step.ok()) p_.progress.NothingBetween(at.source_next, seen);
      if (step.ok() && fetched->batches.empty()) Works();  // nothing is left that could be refused
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
  const bool left_out = LeftOut(view);
  Plan plan = PlanBatch(view, at, progressed, options_.append_times);
  if (const Prepend* whole = std::get_if<Prepend>(&plan)) {
    at.source_next = whole->base;
    plan = PlanBatch(view, at, progressed, options_.append_times);
  }
  if (const Stop* stop = std::get_if<Stop>(&plan)) co_return HaltWith(stop->reason, stop->text);
  if (std::holds_alternative<Skip>(plan)) co_return absl::OkStatus();
  if (gap_open_) CO_RETURN_IF_ERROR(co_await OpenGap(at));
  CO_RETURN_IF_ERROR(co_await NoteEpoch(view.leader_epoch()));
  if (left_out) co_return co_await LeaveOut(view, progressed);
  if (const SourceOffset to = MarkersUpTo(view, at); to > at.source_next) {
    CO_RETURN_IF_ERROR(co_await FillTo(to, at));
    plan = PlanBatch(view, at, Progressed::kCopying, options_.append_times);
  }
  const auto bytes = static_cast<int64_t>(batch.size());
  p_.progress.Fetched(1, view.count(), bytes);
  progressed = Progressed::kCopying;
  if (const Marker* marker = std::get_if<Marker>(&plan)) co_return co_await PassMarker(*marker, bytes, at);
  if (const Rebuild* rebuild = std::get_if<Rebuild>(&plan))
    co_return co_await SendRebuilt(std::move(batch), Within(rebuild->source_pid), at);
  std::optional<int64_t> source_pid;
  if (const Replay* replay = std::get_if<Replay>(&plan)) source_pid = Within(replay->source_pid);
  const Position after = After(at, view, source_pid);
  const Acks acks = AcksOf(view, after);
  co_return co_await Send(std::move(batch), source_pid, at, after, 0, acks);
}

Async<Status> PartitionMirror::Send(SharedBytes batch, std::optional<int64_t> source_pid, Position& at, Position after,
                                    int64_t fillers, Acks acks) {
  const BatchView view(batch.view());
  const int64_t max_timestamp = view.max_timestamp();
  std::optional<TransactionSlot> slot;
  if (source_pid) {
    if (p_.phase.sequences_are_offsets()) CO_RETURN_IF_ERROR(co_await p_.phase.LeaveOffsetSequences());
    CO_TRY(slot, co_await replay_.SlotOf(*source_pid, at.dest_next));
  }
  const int64_t pid = slot ? slot->producer_id : identity_.producer_id;
  if (pid != last_pid_) CO_RETURN_IF_ERROR(co_await UntilAnswered());
  CO_RETURN_IF_ERROR(co_await UntilSendable(max_timestamp));
  InFlight item{.at = at,
                .after = after,
                .bytes = static_cast<int64_t>(batch.size()),
                .fillers = fillers,
                .seen = fetched_at_,
                .slot = slot,
                .acks = acks,
                .old = HalfForgotten(max_timestamp)};
  const Stamp stamp = slot ? replay_.NextStamp(*slot, view.count()) : Stamp{pid, at.epoch, at.sequence};
  PatchBatch(batch, stamp, slot ? Keep::kTransactional : Keep::kPlain);
  item.pending = p_.sink.Send(std::move(batch), slot, acks);
  at = item.after;
  last_pid_ = pid;
  last_was_old_ = item.old;
  in_flight_.push_back(std::move(item));
  changed_.NotifyAll();
  co_return absl::OkStatus();
}

Async<Status> PartitionMirror::UntilAnswered() {
  while (!in_flight_.empty()) CO_RETURN_IF_ERROR(co_await changed_.Wait());
  if (!unproven_.empty()) co_return Unavailable("{}: what follows is not what was expected to: reading the log", name_);
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
    corrupt_at_.reset();
    unclear_ = Unclear::kNo;
    backoff_.Reset();
    if (item.acks == Acks::kLeader) {
      unproven_.push_back(item);
    } else {
      for (const InFlight& before : std::exchange(unproven_, {})) CO_RETURN_IF_ERROR(co_await Proven(before));
      CO_RETURN_IF_ERROR(co_await Proven(item));
    }
    in_flight_.pop_front();
    changed_.NotifyAll();
    if (unproven_.empty()) CO_RETURN_IF_ERROR(co_await FinishPrefill(item.after.dest_next));
  }
}

// No leader move loses it any more.
Async<Status> PartitionMirror::Proven(const InFlight& item) {
  const int64_t length = item.after.dest_next - item.at.dest_next;
  CO_RETURN_IF_ERROR(co_await p_.map.Record(item.at.source_next, item.at.dest_next, length));
  p_.progress.Replicated(item.after, length, item.bytes);
  proven_was_old_ = item.old;
  p_.progress.Filled(item.fillers, 0);
  p_.progress.Took(p_.clock.Now() - item.seen);
  Works();
  co_return absl::OkStatus();
}

// acks: pipelined. A batch need not wait for the replicas when the next one of ours follows at once and does: so the
// last of every fetch waits for all of them. Not what a leader could forget about us, or that it may not know yet.
Acks PartitionMirror::AcksOf(const BatchView& batch, const Position& after) const {
  if (!options_.pipelined || !acknowledged_ || following_ == nullptr || batch.transactional()) return Acks::kAll;
  const BatchView next(following_->view());
  const bool follows =
      next.base_offset() == after.source_next.value &&
      std::holds_alternative<Append>(PlanBatch(next, after, Progressed::kCopying, options_.append_times));
  const bool remembered = !proven_was_old_ && !last_was_old_ && !HalfForgotten(batch.max_timestamp()) &&
                          !HalfForgotten(next.max_timestamp());
  return follows && remembered ? Acks::kLeader : Acks::kAll;
}

Async<void> PartitionMirror::Drained() {
  for (const InFlight& item : in_flight_) {
    const StatusOr<DestOffset> answer = co_await item.pending->Wait();
    const auto error = kafka::ErrorOf(answer.status());
    if (error && kafka::VerdictOf(*error) == kafka::Verdict::kFenced) p_.progress.Fenced();
    if (answer.ok() || error) continue;
    unclear_ = Unclear::kOurs;
    in_doubt_.push_back(item.after.dest_next);
    if (item.slot) replay_.Doubt(*item.slot);
  }
  in_flight_.clear();
  unproven_.clear();  // the log tells what stands
}

Status PartitionMirror::Judge(const InFlight& item, const StatusOr<DestOffset>& answer) {
  const DestOffset expected = item.at.dest_next;
  if (answer.ok()) {
    if (*answer == expected) return absl::OkStatus();
    // A marker may have been written again before it (protocol.md T7), or somebody else's records: recovery tells,
    // from both logs.
    if (*answer > expected && (options_.record_foreign || !p_.phase.sequences_are_offsets()))
      return Unavailable("{}: the batch for destination offset {} was appended at {}", name_, expected, *answer);
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
  trouble_ = TroubleOf(*error);
  const kafka::Verdict verdict = kafka::VerdictOf(*error);
  if (item.slot && (verdict == kafka::Verdict::kFenced || verdict == kafka::Verdict::kAbort))
    return Unavailable("{}: the transaction that carries source offset {} cannot be written to: {}", name_,
                       item.at.source_next, Text(status));
  switch (verdict) {
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
                      fmt::format("{}: the destination refuses the batch of source offsets {}–{} ({} bytes): {}", name_,
                                  item.at.source_next, item.after.source_next - 1, item.bytes, Text(status)));
    case kafka::Verdict::kCorrupt:
      if (std::exchange(corrupt_at_, item.at.source_next) != item.at.source_next)
        return Unavailable("{}: the batch at source offset {} does not match its checksum: fetching it again", name_,
                           item.at.source_next);
      return Halt(Reason::kCrcMismatch, "{}: the batch at source offset {} does not match its checksum: {}", name_,
                  item.at.source_next, Text(status));
    case kafka::Verdict::kOperator:
      return HaltWith(status.code() == Code::kPermissionDenied ? Reason::kAuthorizationError : Reason::kPolicyViolation,
                      fmt::format("{}: {}", name_, Text(status)));
    case kafka::Verdict::kFenced:
      p_.progress.Fenced();
      return Halt(Reason::kFenced, "{}: klink's producer was fenced in the destination partition: {}", name_,
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
    const bool careful = !acknowledged_ || proven_was_old_ || last_was_old_ || old;
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

}  // namespace klink::link
