// klink link delete: what it shows and what it refuses before it asks a cluster.
#include "cli/link_delete.h"

#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

failover::LinkRemoval Planned() {
  failover::LinkRemoval plan;
  plan.link = "paris-to-lyon";
  plan.destination = "lyon";
  plan.topics = failover::TopicsOfLink("paris-to-lyon", {"_klink.paris-to-lyon.state", "_klink.paris-to-lyon.runs"});
  plan.mirrors = {{"orders.eu", "ACTIVE"}, {"payments", "STOPPED"}};
  plan.remains = {"rights"};
  return plan;
}

TEST_F(CliTest, LinkDeleteListsWhatGoesAndWhatStays) {
  ExpectGolden("help_link_delete", {"link", "delete", "--help"});
  failover::LinkRemoval plan = Planned();
  ExpectFile("docs/cli/link_delete.json", PrettyJson(ToJson(plan)));
  plan.agents = {"klink-0 /10.0.0.7"};
  ExpectFile("tests/cli/golden/link_delete.txt", RemovalText(plan, false));
}

TEST_F(CliTest, LinkDeleteIsRefusedBeforeAClusterIsAsked) {
  const std::string file = Write("klink.yaml", R"(clusters:
  paris: {bootstrap.servers: "127.0.0.1:1"}
  lyon: {bootstrap.servers: "127.0.0.1:2"}
links: [{name: a, source: paris, destination: lyon, topics: {include: [{prefix: x}]}}]
)");
  ExpectGolden("link_delete_nobody", {"link", "delete", "a", "-c", file});
  ExpectGolden("link_delete_which_cluster", {"link", "delete", "old", "--yes", "-c", file});
  EXPECT_EQ(Run({"link", "delete", "a", "--destination", "paris", "--yes", "-c", file}).exit, Exit::kUsage);
  EXPECT_EQ(Run({"link", "delete", "old", "--destination", "rome", "--yes", "-c", file}).exit, Exit::kFailed);
  EXPECT_EQ(Run({"link", "delete", "--yes", "-c", file}).exit, Exit::kUsage);
}

}  // namespace
}  // namespace klink::cli
