// Five hundred seeds, each one run of the engine as shipped against model brokers. KLINK_SEED=n runs one of them,
// KLINK_SEEDS=n that many, KLINK_SIM_TRACE=1 prints what happens.
#include <algorithm>
#include <cstdlib>
#include <span>

#include <gtest/gtest.h>

#include "tests/sim/simulation.h"

namespace klink::sim {
namespace {

uint64_t Number(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Two families: the plain ones, and those whose source writes transactions.
struct Family {
  const char* test;
  Scenario (*draw)(uint64_t seed);
  uint64_t seeds;
  Fault first, last;  // what must have bitten
};
constexpr Family kPlainSeeds{"EverySeedIsExact", Draw, 500, Fault::kLostRequest, kFirstOfTransactions};
constexpr Family kTransactionSeeds{"EveryTransactionIsExact", DrawTransactions, 500, kFirstOfTransactions,
                                   kFirstOfFillers};
constexpr Family kFilledSeeds{"EveryFilledCopyIsExact", DrawFilled, 500, kFirstOfFillers, Fault::kAnsweredLost};
constexpr Family kPipelinedSeeds{"EveryPipelinedCopyIsExact", DrawPipelined, 300, Fault::kAnsweredLost,
                                 Fault::kGapFilled};

std::string Replay(const Family& family, const Scenario& s, const std::vector<std::string>& complaints) {
  std::string text = fmt::format(
      "seed {} ({})\nreplay: KLINK_SEED={} KLINK_SIM_TRACE=1 build/dev/tests/sim_test "
      "--gtest_filter=Simulation.{}",
      s.seed, s.ToText(), s.seed, family.test);
  for (const std::string& complaint : complaints) text += "\n  " + complaint;
  return text;
}

void RunSeeds(const Family& family) {
  const uint64_t first = Number("KLINK_SEED", 1);
  const uint64_t count = std::getenv("KLINK_SEED") != nullptr ? 1 : Number("KLINK_SEEDS", family.seeds);
  FaultCounts counts{};
  int64_t steps = 0;
  int failures = 0;
  for (uint64_t seed = first; seed < first + count && failures < 10; seed++) {
    const Scenario scenario = family.draw(seed);
    Simulation simulation(scenario);
    const std::vector<std::string> complaints = simulation.Run();
    steps += simulation.steps();
    for (size_t i = 0; i < kFaults; i++) counts[i] += simulation.world().counts()[i];
    if (complaints.empty()) continue;
    failures++;
    ADD_FAILURE() << Replay(family, scenario, complaints);
  }
  std::string summary = fmt::format("{} seeds, {} steps;", count, steps);
  for (size_t i = 0; i < kFaults; i++) summary += fmt::format(" {} {}", Name(static_cast<Fault>(i)), counts[i]);
  fmt::print("{}\n", summary);
  if (count < family.seeds || failures > 0) return;
  for (auto i = static_cast<size_t>(family.first); i < static_cast<size_t>(family.last); i++)
    EXPECT_GT(counts[i], 0) << Name(static_cast<Fault>(i)) << " never bit";
}

constexpr Family kForeignSeeds{"EveryForeignWriteIsMapped", DrawForeign, 300, Fault::kForeignWrite,
                               static_cast<Fault>(static_cast<int>(Fault::kForeignWrite) + 1)};

constexpr Family kUnwrittenSeeds{"EveryMarkerThatIsLostIsAskedForAgain", DrawUnwritten, 100, Fault::kMarkerNever,
                                 Fault::kCount};

TEST(Simulation, EverySeedIsExact) { RunSeeds(kPlainSeeds); }
TEST(Simulation, EveryTransactionIsExact) { RunSeeds(kTransactionSeeds); }
TEST(Simulation, EveryMarkerThatIsLostIsAskedForAgain) { RunSeeds(kUnwrittenSeeds); }
TEST(Simulation, EveryFilledCopyIsExact) { RunSeeds(kFilledSeeds); }

TEST(Simulation, EveryPipelinedCopyIsExact) { RunSeeds(kPipelinedSeeds); }
TEST(Simulation, EveryForeignWriteIsMapped) { RunSeeds(kForeignSeeds); }

TEST(Simulation, TheSameSeedIsTheSameRun) {
  for (const Family& family : {kPlainSeeds, kTransactionSeeds, kFilledSeeds}) {
    for (uint64_t seed = 1; seed <= static_cast<uint64_t>(Kind::kCount); seed++) {
      Simulation once(family.draw(seed));
      Simulation again(family.draw(seed));
      once.Run();
      again.Run();
      EXPECT_EQ(once.world().trace_hash(), again.world().trace_hash()) << family.test << " " << seed;
      EXPECT_EQ(once.steps(), again.steps()) << family.test << " " << seed;
    }
  }
}

// --- Death at every await -------------------------------------------------------------------------------------------

// A short run that begins, aligns when it must, copies and trims; the agent dies after that many of its steps.
struct Death {
  std::vector<std::string> complaints;
  int64_t steps = 0;
};
Death DieAfter(const Scenario& scenario, int64_t steps) {
  Simulation simulation(scenario);
  if (steps > 0) simulation.CrashAfter(steps);
  simulation.Start();
  for (int i = 0; i < 4; i++) {
    simulation.For(1s);
    if (scenario.record_foreign) simulation.WriteForeign();
  }
  simulation.Clear();
  if (scenario.transactions) simulation.StopProducing();  // else the last stable offset runs on
  for (int i = 0; i < 120 && !simulation.CaughtUp(); i++) simulation.For(500ms);
  return {simulation.Judge(), simulation.steps()};
}

struct Dies {
  Kind kind;
  bool transactions = false;
  bool foreign = false;
  bool taken_over = false;
};

Scenario Short(const Dies& dies) {
  const Kind kind = dies.kind;
  Scenario scenario = Calm(Draw(1));
  scenario.kind = kind;
  scenario.transactions = dies.transactions;
  scenario.record_foreign = dies.foreign;
  scenario.taken_over = dies.taken_over;
  scenario.batches_before = 12;
  scenario.produce_every = 300ms;
  scenario.records_most = 6;
  scenario.source_first = scenario.start_inside = 0;
  if (kind == Kind::kPrefill || kind == Kind::kTranslate) scenario.source_first = 40, scenario.start_inside = 2;
  scenario.preserve = kind != Kind::kTranslate;
  scenario.other_records = kind == Kind::kBehindData ? 5 : 0;
  scenario.record_age = kind == Kind::kOldRecords ? Duration(87600h) : Duration(0);
  scenario.forget_every = kind == Kind::kOldRecords ? Duration(300ms) : Duration(10min);
  return scenario;
}

class Dying : public ::testing::TestWithParam<Dies> {};

TEST_P(Dying, AtEveryAwaitLosesAndDoublesNothing) {
  const Scenario scenario = Short(GetParam());
  const Death alive = DieAfter(scenario, 0);
  ASSERT_TRUE(alive.complaints.empty()) << alive.complaints[0];
  int failures = 0;
  for (int64_t steps = 1; steps <= alive.steps && failures < 5; steps++) {
    const Death death = DieAfter(scenario, steps);
    if (death.complaints.empty()) continue;
    failures++;
    ADD_FAILURE() << "death after step " << steps << " of " << alive.steps << ": " << death.complaints[0];
  }
}

INSTANTIATE_TEST_SUITE_P(Simulation, Dying,
                         ::testing::Values(Dies{Kind::kPlain}, Dies{Kind::kPrefill}, Dies{Kind::kTranslate},
                                           Dies{Kind::kBehindData}, Dies{Kind::kOldRecords}, Dies{Kind::kPlain, true},
                                           Dies{Kind::kPrefill, true}, Dies{Kind::kForeign, false, true},
                                           Dies{Kind::kForeign, true, true},
                                           Dies{Kind::kBehindData, false, false, true},
                                           Dies{Kind::kBehindData, true, false, true}),
                         [](const auto& param) {
                           std::string name(Name(param.param.kind));
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name + (param.param.transactions ? "_in_transactions" : "") +
                                  (param.param.taken_over ? "_taken_over" : "");
                         });

// --- Seeds that once told of a mistake ------------------------------------------------------------------------------

struct Story {
  uint64_t seed;
  const char* what;
};

void Retell(const Family& family, std::span<const Story> stories) {
  for (const Story& story : stories) {
    const Scenario scenario = family.draw(story.seed);
    Simulation simulation(scenario);
    const std::vector<std::string> complaints = simulation.Run();
    EXPECT_TRUE(complaints.empty()) << story.what << "\n" << Replay(family, scenario, complaints);
  }
}

TEST(Simulation, WhatWasFoundOnceStaysFixed) {
  const Story stories[] = {
      {4, "a translated copy begins at the base of the batch around the log start"},
      {9, "… also behind a destination log that begins late"},
      {112, "an old record's late request finds the leader forgetful"},
      {402, "a producer state read later than the log end looks misplaced"},
      {498, "… also when a late request lands in between"},
      {640, "old records right behind young ones, while a late request is under way"},
      {4029, "… in a translated copy"},
      {327, "several of our batches stand behind a foreign one"},
      {6007, "the source's log start passes our last batch while it is compared"},
      {8246, "a gap gives other records the sequences of a late request"},
      {18300, "… and the leader takes the late one as the next"},
      {4329, "another owner's batch is no foreign write"},
  };
  const Story of_transactions[] = {
      {4, "the source removed the end of a transaction that is open in the copy"},
      {11, "… or its beginning only"},
      {12, "a marker written twice, much later, behind other batches"},
      {36, "… between two that look like it"},
      {57, "… where the source has one of the same verdict, after a death"},
      {4210, "… where it has one of a transaction that is still open in the copy"},
      {698, "… and twice more"},
      {48, "a slot begun and not written to has nothing to abort"},
      {65, "a foreign write among markers is called what it is"},
      {307, "… and noticed although a marker fits behind it"},
      {160, "a coordinator that ends transactions by itself is noticed"},
      {2975, "… also where retention took what to compare with"},
      {239, "a late call would initialise a slot that carries a transaction"},
      {726, "a slot whose predecessor was never recorded is found again"},
      {1166, "the first batch of an empty log, sent again, begins the slot's sequence again"},
      {312, "the last marker, gone at the source, is not taken for a repeated one"},
      {2083, "the source's log start lies inside our last batch"},
      {562, "… or inside the first one, of which only aborts of a coordinator stand"},
      {1107, "a late append to a slot, behind the end of its transaction, poisons its sequences"},
      {1368, "a marker whose likeness the source removed may be an extra one"},
  };
  Retell(kPlainSeeds, stories);
  const Story among_foreign[] = {
      {1341, "a repeated marker stands where the source ends a transaction that began before the last shift"},
  };
  const Story pipelined[] = {
      {1817, "the leader that knows us by old records alone is sent one batch, also when it is young"},
  };
  Retell(kTransactionSeeds, of_transactions);
  Retell(kForeignSeeds, among_foreign);
  Retell(kPipelinedSeeds, pipelined);
}

}  // namespace
}  // namespace klink::sim
