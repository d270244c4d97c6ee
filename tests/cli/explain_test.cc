// klink explain: what it prints, and how it ends.
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

TEST_F(CliTest, HelpOfExplain) {
  ExpectGolden("help_explain", {"explain", "--help"});
  ExpectGolden("help_explain_topic", {"explain", "topic", "--help"});
  ExpectGolden("help_explain_group", {"explain", "group", "--help"});
}

TEST_F(CliTest, ExplainSaysWhichRuleDecidedAboutATopic) {
  Serve();
  ExpectGolden("explain_topic", {"explain", "topic", "orders.eu"});
  ExpectExample("explain_topic", {"explain", "topic", "payments"});
  ExpectGolden("explain_topic_failed", {"explain", "topic", "payments"});
  ExpectGolden("explain_topic_not_yet", {"explain", "topic", "orders.us"});
  ExpectGolden("explain_topic_excluded", {"explain", "topic", "orders.tmp.1"});
  ExpectGolden("explain_topic_no_line", {"explain", "topic", "invoices", "-o", "yaml"});
  ExpectGolden("explain_topic_none", {"explain", "topic", "orders.none"});
}

TEST_F(CliTest, ExplainSaysWhichRuleDecidedAboutAGroup) {
  Serve();
  ExpectGolden("explain_group", {"explain", "group", "app-pay"});
  ExpectExample("explain_group", {"explain", "group", "app-pay"});
  ExpectGolden("explain_group_no_line", {"explain", "group", "billing"});
}

TEST_F(CliTest, ExplainShowsEveryLinkUnlessOneIsNamed) {
  Serve();
  link::LinkSnapshot second;
  second.name = "lyon-to-rome";
  second.source.name = "lyon";
  second.destination.name = "rome";
  second.role = "standby";
  second.state = "PAUSED";
  second.reason_code = "PAUSED_BY_OPERATOR";
  second.reason = "paused by root: rack 3 is moved";
  agent_.snapshot.links.push_back(second);
  ExpectGolden("explain_topic_links", {"explain", "topic", "orders.eu"});
  EXPECT_EQ(Run({"explain", "topic", "orders.eu", "--link", "lyon-to-rome"}).exit, Exit::kFailed);
  EXPECT_EQ(Run({"explain", "topic", "orders.eu", "--link", "paris-to-lyon"}).exit, Exit::kOk);
  EXPECT_EQ(Run({"explain", "topic", "orders.eu", "--link", "nope"}).exit, Exit::kFailed);
}

TEST_F(CliTest, ExplainNeedsAKindAndAName) {
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"explain"}, {"explain", "topic"}, {"explain", "topic", ""}, {"explain", "link", "x"}})
    EXPECT_EQ(Run(wrong).exit, Exit::kUsage) << testing::PrintToString(wrong);
}

}  // namespace
}  // namespace klink::cli
