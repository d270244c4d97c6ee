// What may become of the source's log while a mirror copies it, told one story at a time: an unclean election cuts it
// back, retention empties it or overtakes the mirror.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/simulation.h"

namespace klink::sim {
namespace {

using state::Accept;
using state::Reason;
using testing::HasSubstr;
using testing::IsEmpty;

Scenario Quiet() {
  Scenario scenario = Calm(Draw(1));
  scenario.kind = Kind::kPlain;
  scenario.batches_before = 40;
  scenario.produce_every = 1h;
  scenario.source_first = scenario.start_inside = 0;
  scenario.record_age = scenario.age_spread = {};
  scenario.records_most = 6;
  return scenario;
}

class SourceStory : public testing::Test {
 protected:
  void Begin(const Scenario& scenario) {
    simulation_ = std::make_unique<Simulation>(scenario);
    if (scenario.transactions) simulation_->StopProducing();  // what stays open is never copied
    simulation_->Start();
    Await("the copy", [this] { return simulation_->CaughtUp(); });
  }
  Simulation& sim() { return *simulation_; }
  SourceLog& source() { return simulation_->source(); }
  const link::PartitionProgress& progress() { return simulation_->agent().progress(); }
  void Await(const char* what, const std::function<bool()>& reached) {
    for (int i = 0; i < 2000; i++) {
      if (reached()) return;
      simulation_->For(100ms);
    }
    ADD_FAILURE() << what << ": " << progress().text();
  }
  void Produce(int batches) {
    for (int i = 0; i < batches; i++) sim().ProduceOne();
  }
  // The base offset of the batch so many before the last one.
  int64_t BatchFromEnd(int batches) const { return std::prev(simulation_->source().history().end(), batches)->first; }

  void ExpectTruncatedFrom(int64_t offset) {
    const int64_t end = sim().dest().end();
    Await("the truncation to be seen", [this] { return progress().failed(); });
    sim().For(30s);
    EXPECT_EQ(progress().reason(), Reason::kSourceTruncated) << progress().text();
    EXPECT_THAT(progress().text(), HasSubstr(fmt::format("from source offset {} on", offset)));
    EXPECT_EQ(sim().dest().end(), end) << "nothing is appended before it is accepted";
  }
  void AcceptAndGoOn(int64_t from) {
    const int64_t shift = sim().dest().end() - from;
    sim().durable().accepted = Accept::kTruncation;
    Await("the records behind the cut", [this] { return sim().CaughtUp(); });
    EXPECT_EQ(sim().durable().accepted, Accept::kNone);
    EXPECT_EQ(sim().dest().end(), source().end() + shift);
    for (const auto& [base, batch] : source().history()) {
      if (base < from) continue;
      const DestLog::Stored* copy = sim().dest().Find(base + shift);
      ASSERT_NE(copy, nullptr) << base;
      EXPECT_EQ(copy->base, base + shift);
      if (!batch.marker) EXPECT_EQ(copy->source_base, base);
      EXPECT_EQ(sim().agent().map().ToDest(SourceOffset(base)).value, base + shift);
    }
    EXPECT_THAT(sim().Judge(), IsEmpty());
  }

  std::unique_ptr<Simulation> simulation_;
};

// --- An unclean election -------------------------------------------------------------------------------------------

TEST_F(SourceStory, ALogThatEndsBeforeWhatWasCopiedStopsTheMirror) {
  Begin(Quiet());
  const int64_t cut = BatchFromEnd(7);
  source().CutBack(cut);
  sim().For(10s);
  EXPECT_EQ(progress().reason(), Reason::kSourceTruncated) << progress().text();
  Produce(1);
  ExpectTruncatedFrom(cut);
  AcceptAndGoOn(cut);
}

TEST_F(SourceStory, AnotherHistoryWrittenWhileNoAgentRanIsSeen) {
  Begin(Quiet());
  const int64_t cut = BatchFromEnd(7);
  sim().Kill();
  source().CutBack(cut);
  Produce(30);
  sim().Start();
  ExpectTruncatedFrom(cut);
  AcceptAndGoOn(cut);
}

TEST_F(SourceStory, TheFirstDifferenceIsNamedHoweverFarBackItLies) {
  Scenario scenario = Quiet();
  scenario.batches_before = 6000;
  scenario.records_most = 1;
  Begin(scenario);
  sim().Kill();
  source().CutBack(40);
  Produce(6100);
  sim().Start();
  ExpectTruncatedFrom(40);
}

TEST_F(SourceStory, ACopyThatEndsWithAMarkerIsTruncatedAndNotMisplaced) {
  Scenario scenario = Quiet();
  scenario.transactions = true;
  simulation_ = std::make_unique<Simulation>(scenario);
  sim().StopProducing();
  source().ProduceWithin(100, 2, sim().world().wall_ms());
  source().End(100, kafka::ControlType::kCommit);
  sim().Start();
  Await("the copy", [this] { return sim().CaughtUp(); });
  sim().Kill();
  const int64_t cut = BatchFromEnd(2);
  source().CutBack(cut);
  source().Produce(4, sim().world().wall_ms());
  sim().Start();
  ExpectTruncatedFrom(cut);
  AcceptAndGoOn(cut);
}

TEST_F(SourceStory, OfACompactedLogWhatLiesBehindItsEndWasNotCleaned) {
  Scenario scenario = Quiet();
  scenario.compacted = true;
  Begin(scenario);
  const int64_t cut = BatchFromEnd(7);
  source().CutBack(cut);
  ExpectTruncatedFrom(cut);
  AcceptAndGoOn(cut);
  Produce(3);
  Await("what comes next", [this] { return sim().CaughtUp(); });
}

// The other history is compacted by the time somebody looks: nothing stands where our last batch stood.
TEST_F(SourceStory, OfACompactedLogTheLeaderEpochTellsWhatTheCleanerHides) {
  Scenario scenario = Quiet();
  scenario.compacted = true;
  Begin(scenario);
  const int64_t cut = BatchFromEnd(7);
  sim().Kill();
  source().CutBack(cut);
  source().Skip(200);
  Produce(5);
  sim().Start();
  ExpectTruncatedFrom(cut);
}

TEST_F(SourceStory, ALeaderThatMovesAndLosesNothingIsNoTruncation) {
  Begin(Quiet());
  sim().Kill();
  source().MoveLeader();
  sim().Start();
  sim().For(10s);
  EXPECT_FALSE(progress().failed()) << progress().text();
  Produce(5);
  Await("the copy", [this] { return sim().CaughtUp(); });
  EXPECT_EQ(sim().durable().source_epoch, 1);
  EXPECT_EQ(sim().dest().end(), source().end());
  EXPECT_THAT(sim().Judge(), IsEmpty());
}

// --- Retention -----------------------------------------------------------------------------------------------------

class Overtaken : public SourceStory {
 protected:
  static Scenario Of(bool permitted) {
    Scenario scenario = Quiet();
    scenario.kind = Kind::kRetention;
    scenario.markers_permitted = permitted;
    return scenario;
  }
  // Written and removed while nobody copied; then a little more is written, or nothing.
  void Lose(int batches, int more) {
    sim().Kill();
    Produce(batches);
    lost_from_ = sim().dest().end();
    sim().world().Count(Fault::kRetention);
    source().AdvanceStart(source().end());
    Produce(more);
  }
  int64_t lost_from_ = 0;
};

TEST_F(Overtaken, AnEmptiedLogIsCaughtUpWithBeforeARecordComes) {
  for (const bool permitted : {false, true}) {
    Begin(Of(permitted));
    Lose(10, 0);
    sim().Start();
    Await("the gap to be crossed", [this] { return sim().CaughtUp(); });
    EXPECT_EQ(progress().replicated_to(), SourceOffset(source().end()));
    EXPECT_EQ(progress().lag(), 0);
    EXPECT_EQ(sim().agent().map().runs().back().reason, "RETENTION_GAP");
    Produce(3);
    Await("what comes next", [this] { return sim().CaughtUp(); });
    EXPECT_THAT(sim().Judge(), IsEmpty());
  }
}

TEST_F(Overtaken, OffsetsStayTheSourcesWhereMarkersMayBeWritten) {
  Begin(Of(true));
  Lose(10, 5);
  const int64_t next = source().start();
  sim().Start();
  Await("the copy", [this] { return sim().CaughtUp(); });
  EXPECT_EQ(sim().dest().end(), source().end());
  const offsets::Translation& map = sim().agent().map();
  EXPECT_EQ(map.shift(), 0);
  EXPECT_EQ(map.runs().back().reason, "RETENTION_GAP");
  const offsets::Answer lost = map.ToDest(SourceOffset(lost_from_));
  EXPECT_EQ(lost.kind, offsets::Answer::Kind::kClamped);
  EXPECT_EQ(lost.value, next);
  EXPECT_EQ(progress().filled_markers(), next - lost_from_);
  EXPECT_THAT(sim().Judge(), IsEmpty());
}

TEST_F(Overtaken, ElseTheyAreTranslated) {
  Begin(Of(false));
  Lose(10, 5);
  sim().Start();
  Await("the copy", [this] { return sim().CaughtUp(); });
  EXPECT_EQ(sim().agent().map().shift(), lost_from_ - source().start());
  EXPECT_THAT(sim().Judge(), IsEmpty());
}

TEST_F(Overtaken, DeathAtEveryAwaitWhileTheGapIsFilledKeepsTheOffsets) {
  for (const bool transactions : {false, true}) {
    int64_t steps = 0;
    for (int64_t death = 0; death <= steps && !HasFailure(); death++) {
      Scenario scenario = Of(true);
      scenario.transactions = transactions;
      scenario.batches_before = 12;
      Begin(scenario);
      Lose(6, 4);
      const int64_t before = sim().steps();
      if (death > 0) sim().CrashAfter(death);
      sim().Start();
      sim().For(4s);
      sim().StopProducing();
      Await("the copy", [this] { return sim().CaughtUp(); });
      if (death == 0) steps = sim().steps() - before;
      EXPECT_EQ(sim().agent().map().shift(), 0);
      for (const std::string& complaint : sim().Judge())
        ADD_FAILURE() << "death at step " << death << ": " << complaint;
    }
  }
}

}  // namespace
}  // namespace klink::sim
