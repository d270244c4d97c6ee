// The head of a new partition: fillers up to the base offset of the source's first batch, so that every record stands
// at its source's offset, and their removal once that batch stands.
#include <algorithm>

#include "kafka/errors.h"
#include "kafka/record_batch.h"
#include "link/filler.h"
#include "link/partition_mirror.h"

namespace klink::link {
namespace {

using state::Reason;

constexpr size_t kTrimEvery = 1 << 30;  // so many bytes of fillers wait at the destination for their removal

// A partition's turn among those that are filled at the same time.
struct Turn {
  explicit Turn(Permits& permits) : turns(permits) {}
  ~Turn() { turns.Give(1); }
  Turn(const Turn&) = delete;
  Permits& turns;
};

bool IsTooLarge(kafka::Error error) {
  return error == kafka::Error::kMessageTooLarge || error == kafka::Error::kRecordListTooLarge;
}

}  // namespace

// One filler batch at a time, so that a misplaced one is seen at once.
Async<Status> PartitionMirror::WriteFillers(Prefill prefill, DestOffset from) {
  if (from >= prefill.fillers_end) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR((co_await p_.fills.Take(1)).status());
  const Turn turn(p_.fills);
  Fillers fillers(options_.batch_bytes);
  size_t untrimmed = 0;
  for (DestOffset at = from; at < prefill.fillers_end;) {
    CO_RETURN_IF_ERROR(co_await p_.gate.UntilOpen());
    const Stamp stamp{identity_.filler_producer_id, identity_.filler_epoch, SequenceAt(at.value)};
    SharedBytes batch = fillers.Next(prefill.fillers_end - at, stamp);
    const int64_t count = kafka::BatchView(batch.view()).count();
    const size_t bytes = batch.size();
    auto pending = p_.sink.Send(std::move(batch), std::nullopt, Acks::kAll);
    const StatusOr<DestOffset> answer = co_await pending->Wait();
    if (const auto error = kafka::ErrorOf(answer.status());
        error && kafka::VerdictOf(*error) == kafka::Verdict::kRefused) {
      if (IsTooLarge(*error) && fillers.Halve()) continue;
      co_return HaltWith(RefusalReason(*error),
                         fmt::format("{}: the destination refuses {} fillers at offset {} ({} bytes): {}", name_, count,
                                     at, bytes, Text(answer.status())));
    }
    if (!answer.ok()) {
      unclear_ = Unclear::kOurs;
      co_return answer.status();
    }
    if (*answer != at)
      co_return Halt(Reason::kMisplacedBatch, "{}: a filler for offset {} was appended at {}", name_, at, *answer);
    at = at + count;
    if ((untrimmed += bytes) < kTrimEvery) continue;
    CO_RETURN_IF_ERROR(co_await p_.sink.DeleteBelow(at));
    untrimmed = 0;
  }
  co_return absl::OkStatus();
}

// Once the batch that holds the source's log start stands, the fillers go and the partition is ACTIVE.
Async<Status> PartitionMirror::FinishPrefill(DestOffset written) {
  const std::optional<Prefill> prefill = p_.phase.prefill();
  if (!prefill || written < prefill->log_start) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(co_await p_.sink.DeleteBelow(prefill->log_start));
  p_.progress.Destination(prefill->log_start);
  co_return co_await p_.phase.Activate(p_.map.shift().value_or(0), "");
}

// Fillers reach further than they should: nothing but klink's own stands there, so the topic is made again if klink
// made it.
Async<Status> PartitionMirror::Overshot(Facts facts, std::string why) {
  CO_RETURN_IF_ERROR(co_await FindIntruder(std::move(facts)));
  CO_TRY(const bool anew, co_await p_.phase.BeginAnew());
  if (anew) co_return Unavailable("{}: {}; the mirror topic is deleted and made again", name_, why);
  co_return Halt(Reason::kMisplacedBatch, "{}: {}; make the mirror again with: klink mirror realign", name_, why);
}

}  // namespace klink::link
