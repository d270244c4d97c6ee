// The model of transactions keeps the rules of real brokers (protocol.md P20, P29–P32, T2, T6–T8).
#include "tests/sim/coordinator.h"

#include <gtest/gtest.h>

#include "kafka/record_batch.h"

namespace klink::sim {
namespace {

using kafka::ControlType;
using kafka::Error;

class Transacting : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(coordinator_.InitProducerId(kId, slot_), Error::kNone);
    ASSERT_EQ(coordinator_.AddPartition(slot_), Error::kNone);
  }
  SharedBytes Batch(int32_t sequence, int16_t attributes = kafka::kTransactionalBit) const {
    const kafka::Record record{1'750'000'000'000, 0, "k", "v", {}};
    kafka::BatchIdentity identity;
    identity.producer_id = slot_.producer_id;
    identity.producer_epoch = slot_.producer_epoch;
    identity.base_sequence = sequence;
    identity.attributes = attributes;
    return kafka::BuildBatch(identity, {&record, 1});
  }
  Error Send(const SharedBytes& batch) {
    Error answered = Error::kUnknownServerError;
    dest_.Produce(dest_.leader(), batch.view(), kId, [&](Error error, int64_t) { answered = error; });
    Wait(100ms);
    return answered;
  }
  void Wait(Duration d) {
    for (const Instant until = world_.now() + d; world_.Step(until);) {
    }
  }

  static constexpr char kId[] = "klink.sim.0";
  World world_{7};
  Weather weather_;
  SourceLog source_{world_, 0};
  DestLog dest_{world_, source_, {}};
  Coordinator coordinator_{world_, dest_, weather_, 1min};
  link::TransactionSlot slot_;
};

TEST_F(Transacting, OnlyWhatTheCoordinatorKnowsMayBeginInTheLog) {
  EXPECT_EQ(Send(Batch(0)), Error::kNone);
  link::TransactionSlot other;
  ASSERT_EQ(coordinator_.InitProducerId("klink.sim.1", other), Error::kNone);
  std::swap(slot_, other);
  EXPECT_EQ(Send(Batch(0)), Error::kInvalidTxnState) << "another producer than that of the id";
}

TEST_F(Transacting, AnUnknownProducerBeginsAnywhereButNotBeyondWhatWasAskedAbout) {
  const SharedBytes first = Batch(5);
  slot_.producer_epoch++;
  EXPECT_EQ(Send(Batch(0)), Error::kInvalidProducerEpoch) << "of an epoch that the coordinator does not know";
  slot_.producer_epoch--;
  EXPECT_EQ(Send(first), Error::kOutOfOrderSequenceNumber) << "the lowest sequence asked about is 0";
}

TEST_F(Transacting, AKnownProducerGoesOnBehindItsMarker) {
  EXPECT_EQ(Send(Batch(0)), Error::kNone);
  ASSERT_EQ(coordinator_.EndTxn(slot_, ControlType::kCommit), Error::kNone);
  Wait(1s);
  ASSERT_EQ(coordinator_.AddPartition(slot_), Error::kNone);
  EXPECT_EQ(Send(Batch(1)), Error::kNone) << "a marker of the same epoch leaves the sequence as it was";
}

TEST_F(Transacting, APlainBatchOfThatProducerIsRefusedMeanwhile) {
  Send(Batch(0));
  EXPECT_EQ(Send(Batch(1, 0)), Error::kInvalidTxnState);
}

TEST_F(Transacting, HoldsTheLastStableOffsetUntilItsMarkerStands) {
  Send(Batch(0));
  Send(Batch(1));
  EXPECT_EQ(dest_.last_stable(), 0);
  EXPECT_EQ(dest_.producers().front().open_since, DestOffset(0));
  ASSERT_EQ(coordinator_.EndTxn(slot_, ControlType::kAbort), Error::kNone);
  EXPECT_EQ(coordinator_.EndTxn(slot_, ControlType::kAbort), Error::kConcurrentTransactions);
  EXPECT_EQ(coordinator_.AddPartition(slot_), Error::kConcurrentTransactions);
  Wait(1s);
  EXPECT_EQ(dest_.last_stable(), 3);
  EXPECT_EQ(dest_.batches().back().marker, ControlType::kAbort);
  EXPECT_EQ(dest_.batches().back().bytes.size(), 78u);
  EXPECT_EQ(coordinator_.EndTxn(slot_, ControlType::kAbort), Error::kNone) << "the same end again";
  EXPECT_EQ(coordinator_.EndTxn(slot_, ControlType::kCommit), Error::kInvalidTxnState);
}

TEST_F(Transacting, WithoutABatchTakesOneOffset) {
  ASSERT_EQ(coordinator_.EndTxn(slot_, ControlType::kCommit), Error::kNone);
  Wait(1s);
  EXPECT_EQ(dest_.end(), 1);
}

TEST_F(Transacting, TheNextEpochFencesTheOneBefore) {
  ASSERT_EQ(coordinator_.EndTxn(slot_, ControlType::kCommit), Error::kNone);
  Wait(1s);
  const link::TransactionSlot before = slot_;
  ASSERT_EQ(coordinator_.InitProducerId(kId, slot_), Error::kNone);
  EXPECT_EQ(slot_.producer_epoch, before.producer_epoch + 1);
  EXPECT_EQ(coordinator_.AddPartition(before), Error::kProducerFenced);
  EXPECT_EQ(coordinator_.EndTxn(before, ControlType::kCommit), Error::kProducerFenced);
}

TEST_F(Transacting, LeftOpenIsAbortedUnderTheNextEpoch) {
  Send(Batch(0));
  Wait(2min);
  EXPECT_EQ(dest_.batches().back().marker, ControlType::kAbort);
  EXPECT_EQ(kafka::BatchView(dest_.batches().back().bytes.view()).producer_epoch(), 1);
  EXPECT_EQ(Send(Batch(1)), Error::kInvalidProducerEpoch);
  EXPECT_EQ(coordinator_.EndTxn(slot_, ControlType::kCommit), Error::kProducerFenced);
}

TEST_F(Transacting, AMarkerThatALeaderMoveDroppedIsWrittenAgain) {
  Send(Batch(0));
  dest_.StallReplication(2s);
  ASSERT_EQ(coordinator_.EndTxn(slot_, ControlType::kCommit), Error::kNone);
  Wait(100ms);
  EXPECT_EQ(dest_.end(), 2);
  dest_.MoveLeader(Duration(0));
  Wait(5s);
  EXPECT_EQ(dest_.last_stable(), dest_.end());
  EXPECT_EQ(dest_.batches().back().marker, ControlType::kCommit);
}

}  // namespace
}  // namespace klink::sim
