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

VerifiedPartitionView Partition(int32_t number) {
  VerifiedPartitionView view;
  view.topic = view.source_topic = "orders.eu";
  view.partition = number;
  return view;
}

const WallTime kNoon = *ParseRfc3339("2026-03-01T12:00:00Z");

link::PartitionProof ProofUpTo(int64_t offset) {
  link::PartitionProof proof;
  proof.from = 120;
  proof.proven_equal_up_to = proof.compared_up_to = proof.source_end = proof.destination_end = offset;
  proof.batches = 8;
  proof.bytes = 81920;
  return proof;
}

link::PartitionProof ProofWithADifference() {
  link::PartitionProof proof = ProofUpTo(900);
  proof.proven_equal_up_to = 300;
  proof.differences_total = 1;
  const std::string header(122, '0');
  proof.differences.push_back({300, 300, "CORRUPT", "other records (byte by byte)", header, header});
  return proof;
}

TEST_F(VerifyTest, TheReportNamesEveryDifferenceAndWhatIsProven) {
  VerifyView view;
  view.link = "paris-to-lyon";
  view.full = true;
  link::PartitionProof proof = ProofUpTo(900);
  proof.rebuilt_batches = 2;
  proof.markers = 1;
  proof.fillers = 40;
  proof.cleaned = 3;
  VerifiedPartitionView equal = Partition(0), different = Partition(1);
  TakeProof(equal, proof, kNoon, Coverage::kWhole);
  TakeProof(different, ProofWithADifference(), kNoon, Coverage::kWhole);
  VerifiedPartitionView unknown = Partition(0);
  unknown.topic = unknown.source_topic = "orders.new";
  unknown.reason = "cluster lyon has no orders.new-0 yet";
  view.partitions = {equal, different, unknown};
  view.verdict = WorstVerdict(view.partitions);
  ExpectFile("docs/cli/verify.json", PrettyJson(ToJson(view)));
  ExpectFile("tests/cli/golden/verify.txt", VerifyText(view, false));
}

TEST_F(VerifyTest, ASampleProvesNothingOfTheWhole) {
  VerifyView view;
  view.sampled_percent = 2.5;
  view.partitions = {Partition(0)};
  TakeProof(view.partitions[0], ProofUpTo(900), kNoon, Coverage::kSample);
  EXPECT_EQ(view.partitions[0].verdict, "equal");
  EXPECT_EQ(view.partitions[0].proven_equal_up_to, std::nullopt);
  EXPECT_THAT(VerifyText(view, false), HasSubstr("\nsampled: 2.5 % of each log"));
}

TEST_F(VerifyTest, WhatGoesOnAddsUpAndADifferenceEndsWhatIsProven) {
  VerifiedPartitionView view = Partition(0);
  EXPECT_TRUE(AddProof(view, ProofUpTo(200), kNoon));
  EXPECT_FALSE(AddProof(view, ProofUpTo(200), kNoon + 1s));
  EXPECT_EQ(ProgressText(view, 0), "orders.eu-0: proven equal up to source offset 200 at 2026-03-01T12:00:01Z\n");
  EXPECT_TRUE(AddProof(view, ProofWithADifference(), kNoon + 2s));
  EXPECT_TRUE(AddProof(view, ProofWithADifference(), kNoon + 3s));
  EXPECT_EQ(view.proven_equal_up_to, 300);
  EXPECT_EQ(view.proven_at, kNoon + 2s);
  EXPECT_EQ(view.batches, 32);
  EXPECT_EQ(view.verdict, "different");
  EXPECT_THAT(ProgressText(view, 1), HasSubstr("; 2 differences\norders.eu-0: CORRUPT at source offset 300"));
}

}  // namespace
}  // namespace klink::cli
