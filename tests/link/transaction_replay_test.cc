#include "link/transaction_replay.h"

#include <gmock/gmock.h>

#include "tests/fake/clock.h"
#include "tests/link/sample.h"

namespace klink::link {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Make;

constexpr int64_t kSlotPid = 6000;

struct FakeSource final : Source {
  Async<StatusOr<Fetched>> Next(SourceOffset) override { co_return Unavailable("nobody fetches here"); }
  Async<StatusOr<SourceBounds>> Bounds() override { co_return SourceBounds{}; }
  Async<StatusOr<std::optional<SharedBytes>>> BatchAt(SourceOffset at) override {
    if (at < start) co_return std::nullopt;
    co_return Make({.base = at.value, .records = 1, .producer_id = 100 + at.value});
  }
  SourceOffset start;
};

// A log of one-record batches.
struct FakeSink final : Sink {
  std::shared_ptr<PendingAppend> Send(SharedBytes, std::optional<TransactionSlot>, Acks) override { return nullptr; }
  Async<StatusOr<DestLog>> Inspect() override { co_return DestLog{}; }
  Async<StatusOr<std::optional<SharedBytes>>> BatchAt(DestOffset at) override {
    const auto found = log.find(at.value);
    if (found == log.end()) co_return std::nullopt;
    co_return Make(found->second);
  }
  Async<Status> DeleteBelow(DestOffset) override { co_return absl::OkStatus(); }
  void Put(int64_t at, int64_t pid, int16_t attributes) {
    log[at] = {.base = at, .records = 1, .producer_id = pid, .producer_epoch = 0, .attributes = attributes};
  }
  std::map<int64_t, testing::Sample> log;
};

// Source and destination offsets are equal.
struct FakeMap final : OffsetMap {
  std::optional<int64_t> shift() const override { return 0; }
  std::optional<DestOffset> shift_since() const override { return DestOffset(0); }
  std::optional<SourceOffset> ToSource(DestOffset at) const override { return SourceOffset(at.value); }
  std::optional<DestOffset> ToDest(SourceOffset at) const override { return DestOffset(at.value); }
  Async<Status> ChangeShift(SourceOffset, DestOffset, std::string, int32_t) override { co_return absl::OkStatus(); }
  Async<Status> Truncate(SourceOffset, DestOffset) override { co_return absl::OkStatus(); }
  Async<Status> Resume(DestOffset, SourceOffset, DestOffset) override { co_return absl::OkStatus(); }
  Async<Status> Record(SourceOffset, DestOffset, int64_t) override { co_return absl::OkStatus(); }
};

struct OpenGate final : Gate {
  bool MayWrite() const override { return true; }
  Async<Status> UntilOpen() override { co_return absl::OkStatus(); }
};

struct FakeTransactions final : Transactions {
  Async<StatusOr<std::vector<TransactionSlot>>> Open() override { co_return open; }
  Async<StatusOr<std::optional<TransactionSlot>>> Find(int64_t pid) override {
    if (pid != elsewhere.producer_id) co_return std::nullopt;
    co_return elsewhere;
  }
  Async<StatusOr<TransactionSlot>> Begin() override {
    calls.push_back(fmt::format("begin {}", begun));
    co_return TransactionSlot{fmt::format("slot-{}", begun), kSlotPid + begun++, 0};
  }
  Async<Status> End(TransactionSlot slot, TransactionEnd end) override {
    calls.push_back(fmt::format("{} {}", end == TransactionEnd::kCommit ? "commit" : "abort", slot.id));
    co_return absl::OkStatus();
  }
  void Release(const TransactionSlot& slot) override { calls.push_back("release " + slot.id); }
  void Doubt(const TransactionSlot& slot) override { calls.push_back("doubt " + slot.id); }

  std::vector<TransactionSlot> open;
  TransactionSlot elsewhere;
  int64_t begun = 0;
  std::vector<std::string> calls;
};

class Replaying : public fake::VirtualTimeTest {
 protected:
  static ProducerState Known(int64_t pid, int32_t last_sequence, std::optional<int64_t> open_since = std::nullopt) {
    ProducerState state{pid, 0, last_sequence, 0, std::nullopt};
    if (open_since) state.open_since = DestOffset(*open_since);
    return state;
  }
  Status Recover(int64_t end, std::vector<ProducerState> producers) {
    DestLog log;
    log.end = log.high_watermark = DestOffset(end);
    log.producers = std::move(producers);
    const Status gathered = Run(replay_.Gather());
    return gathered.ok() ? Run(replay_.Adopt(log)) : gathered;
  }
  std::string SlotOf(int64_t source_pid, int64_t at) {
    return Run(replay_.SlotOf(source_pid, DestOffset(at))).value_or(TransactionSlot{"none"}).id;
  }
  Status End(int64_t source_pid, int64_t at) {
    return Run(replay_.End(source_pid, TransactionEnd::kCommit, DestOffset(at)));
  }

  FakeSource source_;
  FakeSink sink_;
  FakeMap map_;
  OpenGate gate_;
  FakeTransactions transactions_;
  TransactionReplay replay_{{"t", 0}, clock_, source_, sink_, map_, gate_, transactions_};
};

constexpr int16_t kMarkerBits = kafka::kTransactionalBit | kafka::kControlBit;

TEST_F(Replaying, EveryProducersTransactionHasASlotOfItsOwnUntilItsMarkerStands) {
  EXPECT_EQ(SlotOf(100, 0), "slot-0");
  EXPECT_EQ(SlotOf(101, 1), "slot-1");
  EXPECT_EQ(SlotOf(100, 2), "slot-0");
  sink_.Put(3, kSlotPid, kMarkerBits);
  EXPECT_TRUE(End(100, 3).ok());
  EXPECT_EQ(SlotOf(100, 4), "slot-2");
  EXPECT_THAT(transactions_.calls, ElementsAre("begin 0", "begin 1", "commit slot-0", "release slot-0", "begin 2"));
}

TEST_F(Replaying, AnEndWithoutABatchBeginsATransactionForItsMarker) {
  sink_.Put(0, kSlotPid, kMarkerBits);
  EXPECT_TRUE(End(100, 0).ok());
  EXPECT_THAT(transactions_.calls, ElementsAre("begin 0", "commit slot-0", "release slot-0"));
}

TEST_F(Replaying, AnotherProducersMarkerInItsPlaceIsNotTakenForIt) {
  sink_.Put(0, 6099, kMarkerBits);
  const Status ended = End(100, 0);
  EXPECT_EQ(ended.code(), Code::kUnavailable);
  EXPECT_THAT(Text(ended), HasSubstr("something else than the marker"));
}

TEST_F(Replaying, AMarkerThatDoesNotComeEndsTheWait) {
  EXPECT_THAT(Text(End(100, 0)), HasSubstr("did not appear within 30 s"));
}

TEST_F(Replaying, SequencesGoOnFromWhatTheLeaderKnowsAndBeginAtZeroOtherwise) {
  ASSERT_TRUE(Recover(9, {Known(kSlotPid, 41)}).ok());
  const TransactionSlot known{"slot-0", kSlotPid, 0}, other{"slot-1", kSlotPid + 1, 0}, raised{"slot-0", kSlotPid, 1};
  EXPECT_EQ(replay_.NextStamp(known, 5).base_sequence, 42);
  EXPECT_EQ(replay_.NextStamp(known, 5).base_sequence, 47);
  EXPECT_EQ(replay_.NextStamp(other, 5).base_sequence, 0);
  EXPECT_EQ(replay_.NextStamp(raised, 5).base_sequence, 0);
}

TEST_F(Replaying, AfterACrashTheSourceTellsWhoseTransactionIsOpen) {
  transactions_.open = {{"slot-7", kSlotPid + 7, 0}};
  for (int64_t at = 0; at < 4; at++) sink_.Put(at, kSlotPid + 7, kafka::kTransactionalBit);
  ASSERT_TRUE(Recover(4, {Known(kSlotPid + 7, 3, 2)}).ok());
  EXPECT_EQ(SlotOf(103, 4), "slot-7") << "of its last batch, the one the source keeps longest";
}

TEST_F(Replaying, ASlotThatAnotherProcessBeganIsLookedFor) {
  transactions_.elsewhere = {"slot-9", kSlotPid + 9, 0};
  sink_.Put(0, kSlotPid + 9, kafka::kTransactionalBit);
  ASSERT_TRUE(Recover(1, {Known(kSlotPid + 9, 0, 0)}).ok());
  EXPECT_EQ(SlotOf(100, 1), "slot-9");
  EXPECT_THAT(Text(Recover(1, {Known(4711, 0, 0)})), HasSubstr("no coordinator of ours knows it"));
}

TEST_F(Replaying, ABatchThatMayStillBeUnderWayGoesUnderTheSameSlotAgain) {
  EXPECT_EQ(SlotOf(100, 5), "slot-0");
  transactions_.open = {{"slot-3", kSlotPid + 3, 0}, {"slot-0", kSlotPid, 0}};
  ASSERT_TRUE(Recover(5, {}).ok());
  EXPECT_EQ(SlotOf(101, 5), "slot-3") << "begun and never used";
  EXPECT_EQ(SlotOf(100, 5), "slot-0");
}

TEST_F(Replaying, WhatTheSourceNoLongerTellsIsAborted) {
  transactions_.open = {{"slot-7", kSlotPid + 7, 0}};
  sink_.Put(0, kSlotPid + 7, kafka::kTransactionalBit);
  source_.start = SourceOffset(1);
  ASSERT_TRUE(Recover(1, {Known(kSlotPid + 7, 0, 0)}).ok());
  ASSERT_TRUE(replay_.has_lost());
  sink_.Put(1, kSlotPid + 7, kMarkerBits);
  EXPECT_TRUE(Run(replay_.AbortLost(DestOffset(1))).ok());
  EXPECT_FALSE(replay_.has_lost());
  EXPECT_THAT(transactions_.calls, ElementsAre("abort slot-7", "release slot-7"));
}

TEST_F(Replaying, AtAGapOnlyWhatStandsInTheLogIsLost) {
  SlotOf(100, 3);
  SlotOf(101, 5);
  replay_.LoseAll(DestOffset(5));
  EXPECT_TRUE(replay_.has_lost());
  EXPECT_EQ(SlotOf(102, 6), "slot-1") << "begun, and free for another";
}

}  // namespace
}  // namespace klink::link
