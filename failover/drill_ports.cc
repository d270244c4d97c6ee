#include "failover/drill_ports.h"

#include <algorithm>

namespace klink::failover {
namespace {

constexpr Duration kSpentPoll = 200ms;

}  // namespace

Async<StatusOr<link::Fetched>> NewestPart::Next(SourceOffset at) {
  if (budget_.spent()) {
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kSpentPoll));
    link::Fetched nothing;
    CO_TRY(nothing.bounds, co_await Bounds());
    co_return nothing;
  }
  CO_TRY(link::Fetched fetched, co_await log_.Next(at));
  fetched.bounds.log_start = std::max(fetched.bounds.log_start, from_);
  size_t fits = 0;
  while (fits < fetched.batches.size() && budget_.Take(static_cast<int64_t>(fetched.batches[fits].size()))) fits++;
  fetched.batches.resize(fits);
  co_return fetched;
}

Async<StatusOr<link::SourceBounds>> NewestPart::Bounds() {
  CO_TRY(link::SourceBounds bounds, co_await log_.Bounds());
  bounds.log_start = std::max(bounds.log_start, from_);
  co_return bounds;
}

std::optional<DestOffset> CopyMap::shift_since() const {
  if (map_.empty()) return std::nullopt;
  return map_.runs().back().run.dest;
}

std::optional<SourceOffset> CopyMap::ToSource(DestOffset at) const {
  const offsets::Answer answer = map_.ToSource(at);
  if (answer.kind != offsets::Answer::Kind::kExact) return std::nullopt;
  return SourceOffset(answer.value);
}

std::optional<DestOffset> CopyMap::ToDest(SourceOffset at) const {
  const offsets::Answer answer = map_.ToDest(at);
  if (answer.kind == offsets::Answer::Kind::kUnknown) return std::nullopt;
  return DestOffset(answer.value);
}

Async<Status> CopyMap::Truncate(SourceOffset since, DestOffset dest) {
  offsets::ShiftChange change{since, dest, "SOURCE_TRUNCATED"};
  change.kind = offsets::ShiftChange::Kind::kSourceTruncated;
  co_return map_.Begin(change);
}

Async<Status> CopyMap::ChangeShift(SourceOffset since, DestOffset dest, std::string why, int32_t leader_epoch) {
  offsets::ShiftChange change{since, dest, std::move(why)};
  change.source_leader_epoch = leader_epoch;
  co_return map_.Begin(change);
}

// An append whose answer was lost stands in the log, not yet in the map.
Async<Status> CopyMap::Resume(DestOffset, SourceOffset source_next, DestOffset dest_next) {
  const auto end = map_.end();
  if (!end) co_return FailedPrecondition("a copy went on before it began");
  if (end->dest >= dest_next) co_return absl::OkStatus();
  const int64_t length = dest_next - end->dest;
  co_return map_.Record({SourceOffset(source_next.value - length), end->dest, length});
}

Async<Status> CopyMap::Record(SourceOffset source, DestOffset dest, int64_t length) {
  co_return map_.Record({source, dest, length});
}

Async<Status> CopyPhase::LeaveOffsetSequences() {
  mixed_ = true;
  co_return absl::OkStatus();
}

Async<Status> CopyPhase::BeginPrefill(link::Prefill prefill) {
  prefill_ = prefill;
  co_return absl::OkStatus();
}

Async<Status> CopyPhase::Activate(int64_t, std::string) {
  active_ = true;
  prefill_.reset();
  co_return absl::OkStatus();
}

Async<Status> CopyGate::UntilOpen() {
  while (!open_) CO_RETURN_IF_ERROR(co_await changed_.Wait());
  co_return absl::OkStatus();
}

}  // namespace klink::failover
