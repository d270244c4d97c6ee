#include "link/mirror_book.h"

#include <algorithm>
#include <iterator>

namespace klink::link {

MirrorBook::MirrorBook(Executor executor, state::LinkState& state)
    : executor_(executor), state_(state), next_(std::make_shared<Round>(executor)), tasks_(executor) {}

const state::MirrorRecord* MirrorBook::Find(const std::string& topic) const {
  for (const auto& round : {next_, current_}) {
    if (!round) continue;
    if (auto found = round->staged.find(topic); found != round->staged.end()) return &found->second;
  }
  return state_.view().mirror(topic);
}

bool MirrorBook::MayRun(const std::string& destination_topic) const {
  const state::MirrorRecord* record = Find(destination_topic);
  return record != nullptr && state::Runs(record->phase) && !state_.view().pause().paused;
}

Async<Status> MirrorBook::Update(std::string topic, Change change) {
  const state::MirrorRecord* record = Find(topic);
  if (record == nullptr) co_return NotFound("there is no mirror {}", topic);
  if (record->phase == state::Phase::kPendingStopped || record->phase == state::Phase::kStopped)
    co_return FailedPrecondition("mirror {} is {}", topic, Name(record->phase));
  state::MirrorRecord changed = *record;
  state::BelowThePause(changed, change);
  co_return co_await Put(std::move(changed));
}

Async<Status> MirrorBook::Put(state::MirrorRecord record) {
  std::vector<state::MirrorRecord> one;
  one.push_back(std::move(record));
  return PutAll(std::move(one));
}

Async<Status> MirrorBook::PutAll(std::vector<state::MirrorRecord> records, std::vector<state::Record> others) {
  if (records.empty() && others.empty()) co_return absl::OkStatus();
  const std::shared_ptr<Round> round = next_;
  for (state::MirrorRecord& record : records) {
    std::string topic = record.destination_topic;
    round->staged.insert_or_assign(std::move(topic), std::move(record));
  }
  std::move(others.begin(), others.end(), std::back_inserter(round->others));
  if (!current_) {
    current_ = std::exchange(next_, std::make_shared<Round>(executor_));
    tasks_.Spawn(Write());
  }
  co_return co_await Written(round);
}

Async<Status> MirrorBook::Written(std::shared_ptr<Round> round) {
  while (!round->result) CO_RETURN_IF_ERROR(co_await round->done.Wait());
  co_return *round->result;
}

Async<void> MirrorBook::Write() {
  while (!current_->empty()) {
    std::vector<state::Record> records = current_->others;
    for (const auto& [topic, record] : current_->staged) records.emplace_back(record);
    current_->result = co_await state_.Write(std::move(records));
    current_->done.NotifyAll();
    current_ = std::exchange(next_, std::make_shared<Round>(executor_));
  }
  next_ = std::exchange(current_, nullptr);
}

}  // namespace klink::link
