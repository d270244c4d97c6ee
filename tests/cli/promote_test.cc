// klink promote and failover: the plan, the question, the outcome followed to its end, and how each of them exits.
#include <gmock/gmock.h>

#include "cli/promote_page.h"
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using testing::HasSubstr;

class Promoting : public CliTest {
 protected:
  void SetUp() override { Serve(); }
};

TEST_F(Promoting, Helps) {
  ExpectGolden("help_promote", {"promote", "--help"});
  ExpectGolden("help_failover", {"failover", "--help"});
}

TEST_F(Promoting, ThePlanIsShownAndNothingIsDone) {
  ExpectGolden("failover_dry_run", {"failover", "orders.eu", "--dry-run"});
  ExpectGolden("failover_declined", {"failover", "orders.eu"}, "n\n");
  ASSERT_TRUE(agent_.promoting);
  EXPECT_TRUE(agent_.promoting->dry_run);
  ExpectGolden("failover_nobody", {"failover", "--all"});
}

TEST_F(Promoting, TheOutcomeIsFollowedToItsEnd) {
  ExpectGolden("failover", {"failover", "orders.eu", "--yes", "--reason", "paris burns"});
  EXPECT_EQ(agent_.promoting->reason, "paris burns");
  EXPECT_FALSE(agent_.promoting->dry_run);
  ExpectGolden("failover_already_stopped", {"mirror", "failover", "orders.eu", "--yes"});
  ExpectGolden("failover_agreed", {"failover", "orders.legacy"}, "y\n");
}

TEST_F(Promoting, AsJson) { ExpectExample("failover", {"failover", "orders.eu", "--yes"}); }

TEST_F(Promoting, APlannedOneSaysHowLongItWaits) {
  ExpectGolden("promote", {"promote", "orders.eu", "orders.legacy", "--yes", "--timeout", "5m"});
  EXPECT_EQ(agent_.promoting->kind, state::PromotionKind::kPromote);
  EXPECT_EQ(agent_.promoting->timeout, 5min);
  EXPECT_EQ(Run({"promote", "orders.eu", "--yes", "--timeout", "soon"}).exit, Exit::kUsage);
}

TEST_F(Promoting, WhatIsRefusedEndsWithOne) {
  ExpectGolden("failover_partly", {"failover", "orders.eu", "nope", "--yes"});
  agent_.control_status = FailedPrecondition("failover 20260101T000000Z-0001 of link paris-to-lyon is under way");
  ExpectGolden("failover_second", {"failover", "orders.eu", "--yes"});
}

TEST_F(Promoting, ForceNeedsAReasonAndNames) {
  ExpectGolden("failover_force_no_reason", {"failover", "orders.eu", "--force", "--yes"});
  for (const std::string topic : {"--all", "orders.*"})
    EXPECT_EQ(Run({"failover", topic, "--force", "--reason", "lost", "--yes"}).exit, Exit::kUsage) << topic;
  EXPECT_EQ(Run({"failover", "--set", "tier1", "--force", "--reason", "lost", "--yes"}).exit, Exit::kUsage);
}

TEST_F(Promoting, ASetIsNamedInsteadOfItsMirrors) {
  ExpectGolden("failover_set", {"failover", "--set", "tier1", "--yes"});
  EXPECT_EQ(agent_.promoting->sets, std::vector<std::string>{"tier1"});
  ExpectGolden("failover_set_unknown", {"failover", "--set", "tire1", "--yes"});
  EXPECT_EQ(Run({"failover", "orders.eu", "--set", "tier1", "--yes"}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"failover", "--all", "--set", "tier1", "--yes"}).exit, Exit::kUsage);
}

TEST_F(Promoting, KlinksOwnFailoverIsInhibitedAndPermitted) {
  ExpectGolden("failover_inhibit", {"failover", "--inhibit", "--yes", "--reason", "maintenance"});
  EXPECT_TRUE(agent_.inhibited);
  ExpectExample("failover_inhibit", {"failover", "--inhibit", "--yes"});
  ExpectGolden("failover_inhibit_off", {"failover", "--inhibit", "off"}, "y\n");
  EXPECT_FALSE(agent_.inhibited);
  EXPECT_EQ(Run({"failover", "--inhibit", "maybe", "--yes"}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"failover", "--all", "--inhibit", "--yes"}).exit, Exit::kUsage);
}

TEST_F(Promoting, TheReportIsKept) {
  const std::string file = Write("report.json", "");
  EXPECT_EQ(Run({"failover", "orders.eu", "--yes", "--report", file}).exit, Exit::kOk);
  EXPECT_THAT(ReadAll(file), HasSubstr("\"tail_crc\":\"0badcafe\""));
  const std::string page = Write("report.html", "");
  EXPECT_EQ(Run({"failover", "orders.eu", "--yes", "--report", page}).exit, Exit::kOk);
  EXPECT_THAT(ReadAll(page), HasSubstr("<title>Failover of link paris-to-lyon</title>"));
  EXPECT_THAT(ReadAll(page), HasSubstr("0badcafe"));
  const Ran ran = Run({"failover", "orders.eu", "--yes", "--report", "/nowhere/report.json"});
  EXPECT_EQ(ran.exit, Exit::kUsage) << "before anything is done";
}

TEST(PromotionPageTest, NoWordOfOthersIsMarkup) {
  link::PromotionSnapshot view;
  view.link = "paris-to-lyon";
  view.verb = "failover";
  view.reason = "<script>paris</script> & \"burns\"";
  view.remaining = {"klink failover 'a&b' --yes"};
  link::PromotedMirror& mirror = view.mirrors.emplace_back();
  mirror.topic = "orders";
  mirror.error = "<b>no</b>";
  mirror.partitions.emplace_back();
  const std::string page = PromotionPage(view);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;paris&lt;/script&gt; &amp; &quot;burns&quot;"));
  EXPECT_THAT(page, HasSubstr("<code>klink failover &#39;a&amp;b&#39; --yes</code>"));
  EXPECT_THAT(page, testing::Not(HasSubstr("<b>")));
  EXPECT_THAT(page, HasSubstr("not known")) << "what is unknown is not called 0";
}

}  // namespace
}  // namespace klink::cli
