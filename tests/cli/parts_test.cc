// The pieces the commands are made of.
#include <unistd.h>

#include "base/json_fields.h"
#include "cli/agent_file.h"
#include "cli/broker_release.h"
#include "cli/table.h"
#include "cli/verify_report.h"
#include "cli/yaml.h"
#include "kafka/messages/api_versions.h"
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using testing::HasSubstr;

TEST(YamlTest, NestsAndQuotesWhatYamlWouldMisread) {
  const auto json = ParseJson(
      R"({"a":{"b":[1,{"c":null,"d":"x"},[],[2,3]],"e":{}},"yes":"no","n":"1.5","t":"a: b","p":"orders.eu","f":0.5})");
  EXPECT_EQ(ToYaml(*json),
            "a:\n  b:\n  - 1\n  - c: null\n    d: x\n  - []\n  -\n    - 2\n    - 3\n  e: {}\n"
            "\"yes\": \"no\"\n\"n\": \"1.5\"\nt: \"a: b\"\np: orders.eu\nf: 0.5\n");
}

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"Name"}, {"Lag", Align::kRight}});
  table.Add({"orders", "12"});
  table.Add({"né", "-"});
  EXPECT_EQ(table.ToText(false), "Name    Lag\norders   12\nné        -\n");
}

TEST(TableTest, DurationsReadAsPeopleSayThem) {
  EXPECT_EQ(Show(std::optional<double>()), "-");
  EXPECT_EQ(Show(std::optional<double>(0)), "0 s");
  EXPECT_EQ(Show(std::optional<double>(0.034)), "0.034 s");
  EXPECT_EQ(Show(std::optional<double>(59.9)), "59 s");
  EXPECT_EQ(Show(std::optional<double>(125)), "2 min 5 s");
  EXPECT_EQ(Show(std::optional<double>(7500)), "2 h 5 min");
}

TEST(TableTest, OnlyStatesArePainted) {
  EXPECT_EQ(Paint("ACTIVE", true), "\x1b[32mACTIVE\x1b[0m");
  EXPECT_EQ(Paint("LINK_FAILED", true), "\x1b[31mLINK_FAILED\x1b[0m");
  EXPECT_EQ(Paint("ACTIVE", false), "ACTIVE");
}

class AgentFileTest : public CliTest {};

TEST_F(AgentFileTest, IsReadBackWhileItsProcessLives) {
  const std::string dir = dir_.string();
  EXPECT_EQ(ReadAgentFile(dir).status().code(), Code::kNotFound);
  AgentFile agent;
  agent.url = "http://127.0.0.1:1";
  agent.pid = getpid();
  ASSERT_TRUE(WriteAgentFile(dir, agent).ok());
  EXPECT_EQ(ReadAgentFile(dir)->url, agent.url);
  agent.pid = 1 << 30;  // beyond any pid
  ASSERT_TRUE(WriteAgentFile(dir, agent).ok());
  EXPECT_THAT(Text(ReadAgentFile(dir).status()), HasSubstr("has ended"));
  RemoveAgentFile(dir);
  EXPECT_EQ(ReadAgentFile(dir).status().code(), Code::kNotFound);
}

TEST_F(AgentFileTest, ADataDirHasOneUserAtATime) {
  const std::string dir = (dir_ / "a" / "b").string();
  {
    const auto first = DataDir::Open(dir);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_THAT(Text(DataDir::Open(dir).status()), HasSubstr("used by another running agent"));
  }
  EXPECT_TRUE(DataDir::Open(dir).ok());
}

kafka::BrokerVersions Versions(std::vector<std::pair<int16_t, int16_t>> highest) {
  kafka::ApiVersionsResponse response;
  for (const auto& [key, version] : highest) {
    kafka::ApiVersion api;
    api.api_key = key;
    api.max_version = version;
    response.api_keys.push_back(api);
  }
  return kafka::BrokerVersions(response);
}

TEST(BrokerReleaseTest, ADestinationOlderThan33IsRefused) {
  const auto kafka_3_9 = Versions({{0, 11}, {1, 17}, {27, 1}, {35, 4}});
  EXPECT_EQ(ReleaseOf(kafka_3_9), "3.9");
  EXPECT_TRUE(CheckDestination(kafka_3_9).ok());
  EXPECT_EQ(ReleaseOf(Versions({{0, 13}, {1, 18}, {27, 2}, {35, 5}})), "4.3 or newer");
  EXPECT_EQ(ReleaseOf(Versions({{0, 12}, {1, 17}, {27, 1}, {35, 4}})), "4.0");
  EXPECT_TRUE(CheckDestination(Versions({{0, 9}, {1, 13}, {35, 4}})).ok());
  EXPECT_THAT(Text(CheckDestination(Versions({{0, 9}, {1, 13}, {35, 3}}))), HasSubstr("3.1 to 3.2"));
  EXPECT_FALSE(CheckDestination(Versions({{0, 7}, {1, 11}})).ok());
}

TEST(VerifyReportTest, OneDifferenceOutweighsEverythingAndNothingComparedIsUnknown) {
  EXPECT_EQ(WorstVerdict({}), "unknown");
  std::vector<VerifiedPartitionView> partitions(2);
  partitions[0].verdict = partitions[1].verdict = "equal";
  EXPECT_EQ(WorstVerdict(partitions), "equal");
  partitions[0].verdict = "unknown";
  EXPECT_EQ(WorstVerdict(partitions), "unknown");
  partitions[1].verdict = "different";
  EXPECT_EQ(WorstVerdict(partitions), "different");
}

class VerifyTest : public CliTest {};

TEST_F(VerifyTest, TheReportNamesEveryDifferenceAndWhatIsProven) {
  VerifyView view;
  view.link = "paris-to-lyon";
  view.full = true;
  VerifiedPartitionView equal;
  equal.topic = equal.source_topic = "orders.eu";
  equal.verdict = "equal";
  equal.from = 120;
  equal.proven_equal_up_to = equal.source_end = equal.destination_end = 900;
  equal.batches = 8;
  equal.bytes = 81920;
  VerifiedPartitionView different = equal;
  different.partition = 1;
  different.verdict = "different";
  different.proven_equal_up_to = 300;
  different.differences_total = 1;
  different.differences.push_back({300, 300, "CORRUPT", "other records (byte by byte)"});
  VerifiedPartitionView unknown;
  unknown.topic = unknown.source_topic = "orders.new";
  unknown.reason = "cluster lyon has no orders.new-0 yet";
  view.partitions = {equal, different, unknown};
  view.verdict = WorstVerdict(view.partitions);
  ExpectFile("docs/cli/verify.json", PrettyJson(ToJson(view)));
  ExpectFile("tests/cli/golden/verify.txt", VerifyText(view, false));
}

}  // namespace
}  // namespace klink::cli
