// klink cutover: the plan, the question, a move that waits, and one that is undone.
#include <gmock/gmock.h>

#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

class CuttingOver : public CliTest {
 protected:
  void SetUp() override { Serve(); }
};

TEST_F(CuttingOver, Helps) { ExpectGolden("help_cutover", {"cutover", "--help"}); }

TEST_F(CuttingOver, ThePlanIsShownAndNothingIsDone) {
  ExpectGolden("cutover_dry_run", {"cutover", "orders.eu", "--block", "--dry-run"});
  ExpectGolden("cutover_declined", {"cutover", "orders.eu"}, "n\n");
  EXPECT_FALSE(agent_.move);
  EXPECT_EQ(agent_.moving->settle, 10s);
  ExpectGolden("cutover_refused", {"cutover", "orders.eu", "nope", "--yes"});
}

TEST_F(CuttingOver, OneThatWaitsIsGoneOnWith) {
  ExpectGolden("cutover_halted", {"cutover", "orders.eu", "--block", "--settle", "3s", "--yes"});
  EXPECT_EQ(agent_.moving->settle, 3s);
  EXPECT_TRUE(agent_.moving->block);
  ExpectGolden("cutover", {"cutover", "orders.eu"}, "y\n");
}

TEST_F(CuttingOver, AsJson) {
  (void)Run({"cutover", "orders.eu", "--block", "--yes"});
  ExpectExample("cutover", {"cutover", "orders.eu", "--yes"});
}

TEST_F(CuttingOver, OneThatWaitsIsUndone) {
  EXPECT_EQ(Run({"cutover", "--undo", "--yes"}).exit, Exit::kFailed) << "none is under way";
  (void)Run({"cutover", "orders.eu", "--block", "--yes"});
  ExpectGolden("cutover_undo", {"cutover", "--undo"}, "y\n");
}

TEST_F(CuttingOver, SaysWhatIsMeant) {
  EXPECT_EQ(Run({"cutover", "--yes"}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"cutover", "orders.eu", "--set", "tier1", "--yes"}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"cutover", "orders.eu", "--undo", "--yes"}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"cutover", "orders.eu", "--settle", "soon", "--yes"}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"cutover", "orders.eu"}).exit, Exit::kUsage) << "nobody is there to be asked";
}

}  // namespace
}  // namespace klink::cli
