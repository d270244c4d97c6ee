// What hinders or halts a mirror has a name while it lasts, and none once it is over.
#include <gtest/gtest.h>

#include "tests/sim/simulation.h"

namespace klink::sim {
namespace {

using state::Reason;

Scenario Quiet() {
  Scenario scenario = Calm(Draw(1));
  scenario.kind = Kind::kPlain;
  scenario.batches_before = 12;
  scenario.produce_every = 300ms;
  return scenario;
}

void ExpectWellAgain(Simulation& simulation) {
  for (int i = 0; i < 120 && !simulation.CaughtUp(); i++) simulation.For(500ms);
  EXPECT_FALSE(simulation.agent().progress().in_trouble()) << simulation.agent().progress().text();
  EXPECT_FALSE(simulation.agent().progress().reason().has_value());
  EXPECT_TRUE(simulation.CaughtUp());
}

TEST(Troubles, TooFewReplicasAreNamedAndPass) {
  Simulation simulation(Quiet());
  simulation.Start();
  simulation.For(3s);
  simulation.dest().LoseReplicas(5s);
  simulation.For(3s);
  const link::PartitionProgress& progress = simulation.agent().progress();
  EXPECT_EQ(progress.reason(), Reason::kNotEnoughReplicas) << progress.text();
  EXPECT_FALSE(progress.failed()) << "it passes by itself";
  ExpectWellAgain(simulation);
}

TEST(Troubles, ASourceThatKlinkMayNotReadHaltsByNameUntilItMay) {
  Simulation simulation(Quiet());
  simulation.Start();
  simulation.For(3s);
  simulation.source().forbidden = true;
  simulation.For(3s);
  const link::PartitionProgress& progress = simulation.agent().progress();
  EXPECT_TRUE(progress.failed());
  EXPECT_EQ(progress.reason(), Reason::kAuthorizationError) << progress.text();
  simulation.source().forbidden = false;
  simulation.For(10s);
  ExpectWellAgain(simulation);
}

TEST(Troubles, FillersFitADestinationThatTakesSmallBatchesOnly) {
  Scenario scenario = Quiet();
  scenario.kind = Kind::kPrefill;
  scenario.source_first = 150'000;
  scenario.start_inside = 2;
  scenario.batch_bytes = 2'000;  // a hundred thousand fillers have sixty thousand
  Simulation simulation(scenario);
  simulation.Start();
  simulation.For(30s);
  ExpectWellAgain(simulation);
  EXPECT_EQ(simulation.Judge(), std::vector<std::string>());
}

}  // namespace
}  // namespace klink::sim
