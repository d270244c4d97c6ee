#include "state/link_state.h"

#include "state/link_topics.h"
#include "state/session.h"

namespace klink::state {
namespace {

constexpr Duration kLookAgain = 5ms;

}  // namespace

LinkState::LinkState(Executor executor, Clock& clock, BlockingPool& pool, LinkStateOptions options)
    : clock_(clock),
      options_(std::move(options)),
      changed_(executor),
      tailer_(executor, clock, pool, options_.destination, StateTopic(options_.link),
              [this](const admin::LogRecord& record) { OnRecord(record); }),
      writer_(executor, pool, options_.destination, ControllerId(options_.link), StateTopic(options_.link)),
      turn_(executor, 1),
      controller_read_at_(clock.Now()) {}

LinkState::~LinkState() = default;

void LinkState::OnRecord(const admin::LogRecord& record) {
  view_.Apply(record.key, record.value);
  const std::optional<ControllerRecord>& stamp = view_.controller();
  if (stamp && record.key == KeyOf(*stamp)) controller_read_at_ = clock_.Now();
  if (stamp && stamp->session == session_) read_back_ = std::max(read_back_, stamp->sequence);
  changed_.NotifyAll();
}

Async<Status> LinkState::Open() {
  CO_RETURN_IF_ERROR(tailer_.Start());
  CO_RETURN_IF_ERROR(co_await tailer_.CatchUp());
  co_return view_.status();
}

Status LinkState::status() const {
  if (!view_.status().ok()) return view_.status();
  return tailer_.status();
}

Status LinkState::MayDo(Effect effect, std::string_view destination_topic, bool lease_runs) const {
  const MirrorRecord* mirror = view_.mirror(destination_topic);
  if (mirror == nullptr) return NotFound("link {} has no mirror {}", options_.link, destination_topic);
  return state::MayDo(effect, mirror->phase, StandingNow(lease_runs), destination_topic);
}

Status LinkState::MayDoForLink(Effect effect, bool lease_runs) const {
  return state::MayDo(effect, StandingNow(lease_runs), options_.link);
}

Standing LinkState::StandingNow(bool lease_runs) const {
  Standing standing;
  standing.state_is_fresh = FreshWithin(kStateAge);
  standing.link_paused = view_.pause().paused;
  standing.lease_runs = lease_runs;
  return standing;
}

// The last record of every transaction.
admin::KeyValue LinkState::Stamp() {
  ControllerRecord stamp;
  stamp.kind = options_.kind;
  stamp.agent = options_.agent;
  stamp.session = session_;
  stamp.sequence = ++sequence_;
  stamp.at_ms = clock_.Wall().time_since_epoch().count();
  return Encode(stamp);
}

bool LinkState::in_control() const {
  return writer_.in_control() && view_.controller() && view_.controller()->session == session_;
}

Async<Status> LinkState::TakeControl() {
  CO_TRY(const int64_t taken, co_await turn_.Take(1));
  session_ = NewSession();
  sequence_ = 0;
  read_back_ = 0;
  std::vector<admin::KeyValue> first;
  first.push_back(Stamp());
  Status done = co_await writer_.TakeControl(std::move(first));
  if (done.ok()) done = co_await ReadBack();
  turn_.Give(taken);
  changed_.NotifyAll();
  co_return done;
}

// Until the stamp of the last transaction has been read, and with it all that was written before.
Async<Status> LinkState::ReadBack() {
  const Instant deadline = clock_.Now() + kVisibleLimit;
  while (read_back_ < sequence_) {
    CO_RETURN_IF_ERROR(view_.status());
    if (clock_.Now() >= deadline) {
      CO_RETURN_IF_ERROR(tailer_.status());
      co_return DeadlineExceeded("link {}: what was written to {} could not be read back within {} ms", options_.link,
                                 StateTopic(options_.link), ToMillis(kVisibleLimit));
    }
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kLookAgain));  // the broker is writing the transaction's marker
  }
  co_return absl::OkStatus();
}

Async<Status> LinkState::Commit(std::vector<admin::KeyValue> entries) {
  CO_TRY(const int64_t taken, co_await turn_.Take(1));
  entries.push_back(Stamp());
  Status done = co_await writer_.Commit(std::move(entries));
  if (done.ok()) done = co_await ReadBack();
  turn_.Give(taken);
  if (!done.ok()) changed_.NotifyAll();
  co_return done;
}

Async<Status> LinkState::Write(std::vector<Record> records) {
  std::vector<admin::KeyValue> entries;
  for (const Record& record : records) {
    CO_RETURN_IF_ERROR(Annotate(view_.MayWrite(record), fmt::format("link {}", options_.link)));
    entries.push_back(Encode(record));
  }
  co_return co_await Commit(std::move(entries));
}

Async<Status> LinkState::WriteOne(Record record) {
  std::vector<Record> one;
  one.push_back(std::move(record));
  co_return co_await Write(std::move(one));
}

Async<Status> LinkState::EraseMirror(std::string destination_topic) {
  const MirrorRecord* mirror = view_.mirror(destination_topic);
  if (mirror == nullptr) co_return NotFound("link {} has no mirror {}", options_.link, destination_topic);
  std::vector<admin::KeyValue> entries;
  entries.push_back(Erase(KeyOf(*mirror)));
  co_return co_await Commit(std::move(entries));
}

Async<Status> LinkState::EraseAll(std::vector<std::string> keys) {
  std::vector<admin::KeyValue> entries;
  for (std::string& key : keys) entries.push_back(Erase(std::move(key)));
  co_return co_await Commit(std::move(entries));
}

Async<void> LinkState::Close() { co_await tailer_.Close(); }

}  // namespace klink::state
