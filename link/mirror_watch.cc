// What a mirror looks at beside its copying: the end of an idle log, the source's log start, a source that stands
// still.
#include <algorithm>

#include "kafka/errors.h"
#include "link/partition_mirror.h"

namespace klink::link {
namespace {

using state::Reason;

constexpr Duration kWatchEvery = 4s;
constexpr Duration kStalledAfter = 60s;

}  // namespace

Async<void> PartitionMirror::Watch() {
  while ((co_await p_.clock.Sleep(kWatchEvery)).ok()) {
    NoticeStall();
    NoticeSaturation();
    if (!p_.gate.MayWrite()) continue;
    const Status followed = co_await FollowLogStart();
    if (IsCancelled(followed)) co_return;
    TellFollowed(followed);
    const Status unwatched = co_await LookAtTheEnd();
    if (IsCancelled(unwatched)) co_return;
    if (unwatched.ok()) continue;
    pump_ended_ = unwatched;
    pumping_ = false;
    changed_.NotifyAll();
    co_return;
  }
}

// A write of somebody else into an idle mirror is found here; in a busy one our own next append finds it.
Async<Status> PartitionMirror::LookAtTheEnd() {
  const std::optional<Position> at = p_.progress.position();
  // What was given up may still land, and is ours.
  if (!at || UnderWay() || ending_ || p_.clock.Now() < doubt_until_) co_return absl::OkStatus();
  const StatusOr<DestOffset> end = co_await p_.sink.End();
  if (IsCancelled(end.status())) co_return end.status();
  const bool idle = !UnderWay() && !ending_ && p_.progress.position()->dest_next == at->dest_next && p_.gate.MayWrite();
  if (!end.ok() || !idle || *end <= at->dest_next) co_return absl::OkStatus();
  // Whose it is, recovery tells from the log: it may be ours, of a marker written again (protocol.md T7) or of an owner
  // before us.
  co_return Unavailable("{}: the log ends at {}, klink wrote up to {}", name_, *end, at->dest_next);
}

// What the source's retention or an operator removed is removed from the copy too, once it has been gone for a while:
// a deletion by mistake, or by an attacker, does not reach the copy at once.
Async<Status> PartitionMirror::FollowLogStart() {
  const std::optional<SourceBounds> bounds = p_.progress.bounds();
  const std::optional<Position> at = p_.progress.position();
  if (!options_.follow_log_start || !bounds || !at || p_.phase.prefill()) co_return absl::OkStatus();
  if (starts_.empty() || starts_.back().start < bounds->log_start)
    starts_.push_back({bounds->log_start, p_.clock.Now()});
  std::optional<SourceOffset> due;
  while (!starts_.empty() && p_.clock.Now() - starts_.front().seen >= options_.log_start_hold) {
    due = starts_.front().start;
    if (starts_.size() == 1) break;  // stays as what was seen last
    starts_.pop_front();
  }
  if (!due || due == followed_) co_return absl::OkStatus();
  const std::optional<DestOffset> there = p_.map.ToDest(std::min(*due, at->source_next));
  if (!there || *there <= p_.progress.destination_log_start().value_or(DestOffset(0))) co_return absl::OkStatus();
  const DestOffset start = std::min(*there, at->dest_next);
  const Status deleted = co_await p_.sink.DeleteBelow(start);
  if (!deleted.ok()) co_return deleted;
  if (*due <= at->source_next) followed_ = due;
  p_.progress.Destination(start);
  p_.progress.FollowedLogStart();
  co_return absl::OkStatus();
}

// A trim that is refused is asked for again; until it is granted the copy keeps more than the source.
void PartitionMirror::TellFollowed(const Status& followed) {
  const bool unauthorized = followed.code() == Code::kPermissionDenied;
  const Reason reason = unauthorized ? Reason::kAuthorizationError : Reason::kPolicyViolation;
  for (const Reason other : {Reason::kAuthorizationError, Reason::kPolicyViolation})
    if (followed.ok() || other != reason) p_.progress.TakeBack(other);
  const auto error = kafka::ErrorOf(followed);
  if (!error || (!unauthorized && kafka::VerdictOf(*error) != kafka::Verdict::kRefused)) return;
  p_.progress.Remark(reason,
                     fmt::format("{}: the copy's log start does not follow the source's: {}", name_, Text(followed)));
}

void PartitionMirror::NoticeSaturation() {
  const int64_t lag = p_.progress.lag().value_or(0);
  if (!saturation_.Look(p_.clock.Now(), lag, marker_time_)) return p_.progress.TakeBack(Reason::kReplaySaturated);
  p_.progress.Remark(
      Reason::kReplaySaturated,
      fmt::format("{}: transactions end at the source faster than their markers can be written here, one "
                  "after the other; spread the topic over more partitions, write more records in a "
                  "transaction, or copy committed records alone (transactions: committed)",
                  name_));
}

// A transaction left open at the source holds back everything behind it.
void PartitionMirror::NoticeStall() {
  const std::optional<SourceBounds> bounds = p_.progress.bounds();
  const std::optional<SourceOffset> at = p_.progress.replicated_to();
  const bool held_back = bounds && at && bounds->last_stable < bounds->high_watermark && *at >= bounds->last_stable;
  if (!held_back || stalled_at_ != bounds->last_stable) {
    p_.progress.TakeBack(Reason::kSourceLsoStalled);
    stalled_at_.reset();
    if (!held_back) return;
    stalled_at_ = bounds->last_stable;
    stalled_since_ = p_.clock.Now();
  }
  if (p_.clock.Now() - stalled_since_ < kStalledAfter) return;
  p_.progress.Remark(
      Reason::kSourceLsoStalled,
      fmt::format("{}: a transaction open at the source since offset {} holds back the records behind it "
                  "(up to {}); end it there (kafka-transactions.sh find-hanging)",
                  name_, bounds->last_stable, bounds->high_watermark));
}

}  // namespace klink::link
