// The harness itself: what the other tests take for granted.
#include "integration/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "integration/kafka_tools.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

TEST(ClusterPairTest, KeepsWhatWasProducedAndShowsItToItsOwnTools) {
  ClusterPair pair;
  CreateTopic(pair.source, "t", 2);
  const std::vector<Record> sent = SampleRecords(1000, 2);
  Produce(pair.source, "t", sent, {{"compression.type", "lz4"}});

  std::vector<Record> read = ReadPartition(pair.source, "t", 0);
  ASSERT_EQ(read.size(), 500u);
  EXPECT_EQ(read[3].key, sent[6].key);
  EXPECT_EQ(read[3].headers, sent[6].headers);
  EXPECT_EQ(RangeOf(pair.source, "t", 1), (Range{0, 500}));
  EXPECT_EQ(RangeOf(pair.destination, "t", 1), std::nullopt);

  DeleteRecords(pair.source, "t", 1, 100);
  EXPECT_EQ(RangeOf(pair.source, "t", 1), (Range{100, 500}));
  AddPartitions(pair.source, "t", 3);
  EXPECT_EQ(PartitionCount(pair.source, "t"), 3);

  EXPECT_THAT(ConsoleConsumer(pair.source, "t", 0, 500), HasSubstr("Offset:499"));
  EXPECT_THAT(DumpLogSegments(pair.source, "t", 0), HasSubstr("compresscodec: lz4"));
}

TEST(ClusterTest, AKilledBrokerComesBackOnItsPortWithItsData) {
  Cluster cluster({.name = "killed"});
  cluster.AwaitReady();
  CreateTopic(cluster, "t", 1);
  Produce(cluster, "t", SampleRecords(100, 1));
  const std::string before = cluster.bootstrap();
  const pid_t pid = cluster.pid(0);
  cluster.Kill(0);
  EXPECT_NE(kill(pid, 0), 0);
  cluster.Restart(0);
  EXPECT_EQ(cluster.bootstrap(), before);
  EXPECT_EQ(ReadPartition(cluster, "t", 0).size(), 100u);
}

TEST(ClusterTest, ThreeBrokersReplicate) {
  Cluster cluster({.name = "three", .brokers = 3});
  cluster.AwaitReady();
  CreateTopic(cluster, "t", 3, {{"min.insync.replicas", "2"}}, 3);
  Produce(cluster, "t", SampleRecords(300, 3));
  cluster.Kill(2);
  Produce(cluster, "t", SampleRecords(300, 3));
  int64_t records = 0;
  for (int partition = 0; partition < 3; ++partition) records += std::ssize(ReadPartition(cluster, "t", partition));
  EXPECT_EQ(records, 600);
}

TEST(ProcessTest, ReportsExitCodesAndBothOutputs) {
  const Outcome outcome = RunToEnd({{"sh", "-c", "echo out; echo err >&2; exit 3"}});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(RunToEnd({{"sleep", "10"}}, milliseconds(50)).exit_code, 128 + SIGKILL);
}

}  // namespace
}  // namespace klink::it
