// Stand-ins for what TranslationStore talks to: the runs topic, and time that stands still until told.
#pragma once

#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/signal.h"
#include "offsets/translation_store.h"

namespace klink::offsets {

// A compacted topic in memory; can refuse, and can hold an answer back.
class FakeRunLog final : public RunLog {
 public:
  explicit FakeRunLog(Executor executor) : moved_(std::move(executor)) {}

  Async<Status> Publish(std::vector<RunRecord> records) override {
    publishes_++;
    while (hold_) CO_RETURN_IF_ERROR(co_await moved_.Wait());
    if (!fail_.ok() && !lose_answer_) co_return fail_;
    for (RunRecord& record : records) records_.push_back(std::move(record));
    co_return fail_;
  }
  Async<StatusOr<std::vector<RunRecord>>> ReadAll() override {
    while (hold_) CO_RETURN_IF_ERROR(co_await moved_.Wait());
    if (!fail_.ok()) co_return fail_;
    co_return records_;
  }
  void Hold() { hold_ = true; }
  void LetGo() {
    hold_ = false;
    moved_.NotifyAll();
  }

  std::vector<RunRecord> records_;
  Status fail_;
  bool lose_answer_ = false;  // it is written although the answer says no
  int publishes_ = 0;

 private:
  bool hold_ = false;
  Signal moved_;
};

class StandingClock final : public Clock {
 public:
  explicit StandingClock(Executor executor) : ticked_(std::move(executor)) {}
  Instant Now() const override { return Instant(1h); }
  WallTime Wall() const override { return WallTime(std::chrono::milliseconds(1'700'000'000'000)); }
  Async<Status> Sleep(Duration) override { return ticked_.Wait(); }
  void Tick() { ticked_.NotifyAll(); }

 private:
  Signal ticked_;
};

}  // namespace klink::offsets
