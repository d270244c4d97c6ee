// The verbs that pause and resume: what they ask, what they print, how they end.
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ControlTest : public CliTest {
 protected:
  std::string StateOf(size_t mirror) const { return agent_.snapshot.links[0].mirrors[mirror].state; }
};

TEST_F(ControlTest, LinksAreListedAndDescribed) {
  Serve();
  ExpectGolden("link_list", {"link", "list"});
  ExpectExample("link_list", {"link", "list"});
  ExpectGolden("link_describe", {"link", "describe", "paris-to-lyon"});
  ExpectExample("link_describe", {"link", "describe"});
  ExpectGolden("link_describe_missing", {"link", "describe", "--link", "nope"});
}

TEST_F(ControlTest, MirrorsArePausedEachForItself) {
  Serve();
  ExpectExample("mirror_pause", {"mirror", "pause", "orders.eu", "nope", "--yes"});
  ExpectExample("mirror_resume", {"mirror", "resume", "orders.eu", "--yes"});
  agent_.asked.clear();
  ExpectGolden("mirror_pause", {"mirror", "pause", "orders.eu", "orders.new", "--yes", "--reason", "rack 3 is moved"});
  EXPECT_EQ(agent_.asked.back().reason, "rack 3 is moved");
  EXPECT_THAT(agent_.asked, testing::SizeIs(1)) << "--yes asks for no plan";
  ExpectGolden("mirror_pause_partly", {"mirror", "pause", "payments", "nope", "--yes"});
  ExpectGolden("mirror_resume", {"mirror", "resume", "--all", "--yes"});
}

TEST_F(ControlTest, WhoAsksIsToldToTheAgent) {
  Serve();
  env_["USER"] = "ann";
  Run({"mirror", "pause", "orders.eu", "--yes"});
  EXPECT_EQ(agent_.asked.back().by, "ann");
}

TEST_F(ControlTest, ADryRunChangesNothing) {
  Serve();
  ExpectGolden("mirror_pause_dry_run", {"mirror", "pause", "orders.eu", "--dry-run"});
  ExpectGolden("link_pause_dry_run", {"link", "pause", "--dry-run"});
  EXPECT_EQ(Run({"mirror", "pause", "nope", "--dry-run"}).exit, Exit::kFailed);
  EXPECT_EQ(Run({"mirror", "pause", "orders.eu", "--dry-run", "--yes"}).exit, Exit::kOk);
  EXPECT_EQ(StateOf(0), "ACTIVE");
  EXPECT_EQ(agent_.snapshot.links[0].state, "ACTIVE");
}

TEST_F(ControlTest, APersonIsShownThePlanAndAsked) {
  Serve();
  ExpectGolden("mirror_pause_declined", {"mirror", "pause", "orders.eu"}, "n\n");
  EXPECT_EQ(Run({"mirror", "pause", "orders.eu"}, "").exit, Exit::kFailed) << "no answer is no";
  EXPECT_EQ(StateOf(0), "ACTIVE");
  ExpectGolden("mirror_pause_agreed", {"mirror", "pause", "orders.eu"}, "y\n");
  EXPECT_EQ(StateOf(0), "PAUSED");
  const Ran again = Run({"mirror", "pause", "orders.eu"}, "");
  EXPECT_EQ(again.exit, Exit::kOk) << "nothing to ask about";
  EXPECT_THAT(again.err, IsEmpty());
  EXPECT_EQ(Run({"link", "pause"}, "yes\n").exit, Exit::kOk);
  EXPECT_EQ(agent_.snapshot.links[0].state, "PAUSED");
}

TEST_F(ControlTest, WithoutATerminalNothingChangesUnlessYesIsSaid) {
  Serve();
  ExpectGolden("mirror_pause_nobody", {"mirror", "pause", "orders.eu"});
  EXPECT_EQ(Run({"link", "resume"}).exit, Exit::kUsage);
  EXPECT_TRUE(agent_.asked.empty());
}

TEST_F(ControlTest, AnAcceptanceReachesTheAgent) {
  Serve();
  for (const auto& [flag, accept] : {std::pair("--accept-truncation", state::Accept::kTruncation),
                                     {"--restart-as-new", state::Accept::kRestartAsNew},
                                     {"--accept-gap", state::Accept::kGap}}) {
    EXPECT_EQ(Run({"mirror", "resume", "payments", flag, "--yes"}).exit, Exit::kOk);
    EXPECT_EQ(agent_.asked.back().accept, accept);
  }
  ExpectGolden("mirror_restart_declined", {"mirror", "resume", "orders.new", "--restart-as-new"}, "no\n");
}

TEST_F(ControlTest, ARealignmentIsPlannedAndAskedForByWhatItDeletes) {
  Serve();
  ExpectGolden("mirror_realign_dry_run", {"mirror", "realign", "orders.legacy", "orders.eu", "--dry-run"});
  ExpectGolden("mirror_realign_declined", {"mirror", "realign", "orders.legacy"}, "n\n");
  EXPECT_TRUE(agent_.asked.back().dry_run);
  EXPECT_EQ(Run({"mirror", "realign", "orders.legacy"}).exit, Exit::kUsage) << "nobody to ask";
  ExpectExample("mirror_realign", {"mirror", "realign", "orders.legacy", "--yes"});
  EXPECT_FALSE(agent_.asked.back().dry_run);
}

TEST_F(ControlTest, ALinkIsPausedAndResumed) {
  Serve();
  ExpectExample("link_pause", {"link", "pause", "--yes"});
  ExpectExample("link_resume", {"link", "resume", "--yes"});
  ExpectGolden("link_pause", {"link", "pause", "--yes"});
  ExpectGolden("link_resume", {"link", "resume", "paris-to-lyon", "--yes"});
  EXPECT_EQ(Run({"link", "pause", "nope", "--yes"}).exit, Exit::kFailed);
}

TEST_F(ControlTest, AStandbyIsTryLaterAndNamesTheLeader) {
  Serve();
  agent_.control_status = Unavailable("link paris-to-lyon is led by agent klink-1, this is klink-0: ask that one");
  ExpectGolden("mirror_pause_standby", {"mirror", "pause", "orders.eu", "--yes"});
  EXPECT_EQ(Run({"link", "pause", "--yes"}).exit, Exit::kTryLater);
}

TEST_F(ControlTest, NoAgentIsUnreachable) {
  env_["KLINK_URL"] = "http://127.0.0.1:1";
  EXPECT_EQ(Run({"mirror", "pause", "t", "--link", "l", "--yes"}).exit, Exit::kUnreachable);
  EXPECT_EQ(Run({"link", "list"}).exit, Exit::kUnreachable);
  EXPECT_THAT(Run({"mirror", "errors"}).err, HasSubstr("no agent answers at http://127.0.0.1:1"));
}

TEST_F(ControlTest, ErrorsSayWhatToDo) {
  Serve();
  ExpectGolden("mirror_errors", {"mirror", "errors"});
  ExpectExample("mirror_errors", {"mirror", "errors"});
  agent_.snapshot.links[0].mirrors.resize(1);
  ExpectGolden("mirror_errors_none", {"mirror", "errors"});
}

}  // namespace
}  // namespace klink::cli
