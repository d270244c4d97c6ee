// The model brokers keep the rules of real ones (protocol.md P20, P22, P23), and the oracle sees what it must see: a
// harness that cannot fail proves nothing.
#include <gmock/gmock.h>

#include "kafka/record_batch.h"
#include "tests/sim/simulation.h"

namespace klink::sim {
namespace {

using kafka::Error;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// --- The destination leader -----------------------------------------------------------------------------------------

class Leader : public ::testing::Test {
 protected:
  struct Answered {
    Error error = Error::kUnknownServerError;
    int64_t base = -2;
    friend bool operator==(const Answered&, const Answered&) = default;
  };

  static SharedBytes Batch(int32_t sequence, int records = 5, int16_t epoch = 0, int64_t time = 1'750'000'000'000) {
    std::vector<kafka::Record> built(static_cast<size_t>(records));
    for (int i = 0; i < records; i++) built[static_cast<size_t>(i)] = {time, i, "k", "v", {}};
    kafka::BatchIdentity identity;
    identity.producer_id = kDataProducer;
    identity.producer_epoch = epoch;
    identity.base_sequence = sequence;
    return kafka::BuildBatch(identity, built);
  }
  Answered Send(const SharedBytes& batch, const std::string& id = "") {
    Answered answered;
    dest_.Produce(dest_.leader(), batch.view(), id, [&](Error error, int64_t base) { answered = {error, base}; });
    Wait(100ms);
    return answered;
  }
  void Wait(Duration d) {
    for (const Instant until = world_.now() + d; world_.Step(until);) {
    }
  }

  World world_{7};
  SourceLog source_{world_, 0};
  DestLog dest_{world_, source_, {}};
};

TEST_F(Leader, AnUnknownProducerMayBeginWithAnySequence) {
  EXPECT_EQ(Send(Batch(4711)), (Answered{Error::kNone, 0}));
  EXPECT_EQ(Send(Batch(4716)), (Answered{Error::kNone, 5}));
}

TEST_F(Leader, AKnownOneOnlyWithTheSuccessor) {
  Send(Batch(0));
  EXPECT_EQ(Send(Batch(6)), (Answered{Error::kOutOfOrderSequenceNumber, -1}));
  EXPECT_EQ(Send(Batch(4)), (Answered{Error::kOutOfOrderSequenceNumber, -1}));
  EXPECT_EQ(dest_.end(), 5);
}

TEST_F(Leader, TheLastFiveAreAnsweredAgainAndTheSixthIsNot) {
  for (int i = 0; i < 6; i++) EXPECT_EQ(Send(Batch(5 * i)), (Answered{Error::kNone, 5 * i}));
  for (int i = 1; i < 6; i++) EXPECT_EQ(Send(Batch(5 * i)), (Answered{Error::kNone, 5 * i}));
  EXPECT_EQ(Send(Batch(0)), (Answered{Error::kOutOfOrderSequenceNumber, -1}));
  EXPECT_EQ(dest_.end(), 30);
}

TEST_F(Leader, SequencesWrap) {
  Send(Batch(2'147'483'640, 10));
  EXPECT_EQ(Send(Batch(2)), (Answered{Error::kNone, 10}));
}

TEST_F(Leader, AHigherEpochBeginsAtZeroAndALowerOneIsFenced) {
  Send(Batch(0, 5, 1));
  EXPECT_EQ(Send(Batch(5, 5, 2)).error, Error::kOutOfOrderSequenceNumber);
  EXPECT_EQ(Send(Batch(0, 5, 2)), (Answered{Error::kNone, 5}));
  EXPECT_EQ(Send(Batch(5, 5, 1)).error, Error::kInvalidProducerEpoch);
}

TEST_F(Leader, ForgetsByTheLastBatchsRecordTimeAtTheNextCheck) {
  Send(Batch(0, 5, 0, 1));
  EXPECT_EQ(dest_.producers().size(), 1u);
  EXPECT_EQ(Send(Batch(0, 5, 0, 1)), (Answered{Error::kNone, 0}));
  Wait(11min);
  EXPECT_THAT(dest_.producers(), IsEmpty());
  EXPECT_EQ(Send(Batch(0, 5, 0, 1)), (Answered{Error::kNone, 5})) << "the repeat is appended again";
}

TEST_F(Leader, RefusesDamageAndOffsetsThatAreNotZero) {
  SharedBytes damaged = Batch(0);
  damaged.data()[damaged.size() - 1] ^= std::byte{1};
  EXPECT_EQ(Send(damaged).error, Error::kCorruptMessage);
  SharedBytes moved = Batch(0);
  StoreBe<int64_t>(moved.data() + kafka::kBaseOffsetAt, 3);
  EXPECT_EQ(Send(moved).error, Error::kInvalidRecord);
}

TEST_F(Leader, AnswersOnlyWhatIsReplicatedAndTimesOutOtherwise) {
  dest_.StallReplication(20s);
  Answered answered;
  dest_.Produce(dest_.leader(), Batch(0).view(), "", [&](Error error, int64_t base) { answered = {error, base}; });
  Wait(4s);
  EXPECT_EQ(answered.base, -2);
  EXPECT_EQ(dest_.high_watermark(), 0);
  Wait(2s);
  EXPECT_EQ(answered.error, Error::kRequestTimedOut);
  EXPECT_EQ(dest_.end(), 5);
  EXPECT_EQ(dest_.DeleteRecords(dest_.leader(), 5), Error::kOffsetOutOfRange);
}

TEST_F(Leader, AMoveKeepsWhatWasAcknowledgedAndTheProducersOfWhatItKeeps) {
  Send(Batch(0));
  dest_.StallReplication(20s);
  dest_.Produce(dest_.leader(), Batch(5).view(), "", [](Error, int64_t) {});
  const int before = dest_.leader();
  dest_.MoveLeader(Duration(0));
  EXPECT_FALSE(dest_.Leads(before));
  Wait(1s);
  EXPECT_EQ(dest_.high_watermark(), dest_.end());
  const int64_t end = dest_.end();
  EXPECT_GE(end, 5);
  EXPECT_EQ(Send(Batch(static_cast<int32_t>(end))), (Answered{Error::kNone, end}));
}

// --- The oracle -----------------------------------------------------------------------------------------------------

Scenario Quiet() {
  Scenario scenario = Calm(Draw(1));
  scenario.source_first = scenario.start_inside = 0;
  scenario.record_age = scenario.age_spread = {};
  scenario.expiration = 24h;
  scenario.forget_every = 10min;
  scenario.kind = Kind::kPlain;
  scenario.produce_every = 50ms;
  return scenario;
}

Scenario QuietTransactions() {
  Scenario scenario = Quiet();
  scenario.transactions = true;
  return scenario;
}

// A run in which a broker does this once, and what the oracle says then.
std::vector<std::string> ComplaintsAbout(DestLog::Plant plant, const Scenario& scenario = Quiet()) {
  Simulation simulation(scenario);
  simulation.Start();
  simulation.For(1s);
  simulation.dest().PlantNext(plant);
  simulation.For(3s);
  simulation.StopProducing();
  simulation.For(20s);
  return simulation.Judge();
}

TEST(Oracle, IsSilentWhenNothingIsPlanted) { EXPECT_THAT(ComplaintsAbout(DestLog::Plant::kNone), IsEmpty()); }

TEST(Oracle, SeesABatchThatWasAcknowledgedAndIsNotThere) {
  EXPECT_THAT(ComplaintsAbout(DestLog::Plant::kDropSilently), Contains(HasSubstr("skips source offset")));
}

TEST(Oracle, SeesABatchThatStandsTwice) {
  EXPECT_THAT(ComplaintsAbout(DestLog::Plant::kAppendTwice), Contains(HasSubstr("not at its sequence's offset")));
}

TEST(Oracle, SeesRecordsThatWereChanged) {
  EXPECT_THAT(ComplaintsAbout(DestLog::Plant::kSwapRecords), Contains(HasSubstr("is not the source's at")));
}

TEST(Oracle, IsSilentAboutTransactionsWhenNothingIsPlanted) {
  EXPECT_THAT(ComplaintsAbout(DestLog::Plant::kNone, QuietTransactions()), IsEmpty());
}

TEST(Oracle, SeesRecordsOfATransactionMadeVisible) {
  EXPECT_THAT(ComplaintsAbout(DestLog::Plant::kClearTransactional, QuietTransactions()),
              Contains(HasSubstr("is not the source's at")));
}

TEST(Oracle, SeesAVerdictThatWasSwapped) {
  EXPECT_THAT(ComplaintsAbout(DestLog::Plant::kSwapVerdict, QuietTransactions()),
              Contains(HasSubstr("a marker that nothing asked for")));
}

TEST(Oracle, SeesAnotherProducersBatch) {
  Simulation simulation(Quiet());
  simulation.Start();
  simulation.For(1s);
  simulation.dest().WriteForeign(2);
  simulation.For(20s);
  EXPECT_THAT(simulation.Judge(), Contains(HasSubstr("not at its sequence's offset")));
}

TEST(Oracle, SeesAMirrorThatStandsStill) {
  Simulation simulation(Quiet());
  simulation.Start();
  simulation.For(1s);
  simulation.weather().source_fails = 1;
  simulation.For(5s);
  EXPECT_THAT(simulation.Judge(), Contains(HasSubstr("stuck at source")));
}

TEST(Oracle, SeesThatNobodyIsLeft) {
  Simulation simulation(Quiet());
  simulation.Start();
  simulation.For(1s);
  simulation.Kill();
  EXPECT_THAT(simulation.Judge(), Contains(HasSubstr("no agent is left")));
}

TEST(Oracle, SeesOffsetsThatMovedForNoReason) {
  Scenario scenario = Quiet();
  Simulation simulation(scenario);
  simulation.durable().active = true;  // somebody recorded a shift that nothing asks for
  simulation.durable().shift = 7;
  simulation.dest().WriteForeign(7);
  simulation.Start();
  simulation.For(10s);
  EXPECT_THAT(simulation.Judge(), ::testing::Not(IsEmpty()));
}

TEST(Oracle, SeesAMapThatIsWrong) {
  Simulation simulation(Quiet());
  simulation.Start();
  simulation.For(1s);
  // The runs topic says something else than the logs, and an agent that believes it begins.
  offsets::Translation wrong;
  const offsets::ShiftChange begin{SourceOffset(0), DestOffset(3), "WRONG"};
  ASSERT_TRUE(wrong.Begin(begin).ok());
  simulation.durable().runs = wrong;
  simulation.Kill();
  simulation.Start();
  simulation.For(10s);
  EXPECT_THAT(simulation.Judge(), ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace klink::sim
