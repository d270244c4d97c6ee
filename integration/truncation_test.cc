// A source that lost what it had acknowledged: nothing wrong is appended, the operator is told from which offset on the
// logs differ, and goes on only when told to.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "integration/cut_back.h"
#include "integration/mirror_check.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

constexpr char kTopic[] = "t-cut";

std::string LeaderElectionTool(const Cluster& cluster) {
  return cluster.version().starts_with("3.") ? "kafka.admin.LeaderElectionCommand"
                                             : "org.apache.kafka.tools.LeaderElectionCommand";
}

class TruncationTest : public testing::Test {
 protected:
  TruncationTest() : pair_({.name = "source"}, {.name = "destination"}), agent_(File()) {
    CreateTopic(pair_.source, kTopic, 1);
    Produce(pair_.source, kTopic, SampleRecords(500, 1), {{"batch.num.messages", "50"}});
    kept_ = fs::file_size(FirstSegment(pair_.source, kTopic));
    Produce(pair_.source, kTopic, SampleRecords(500, 1, 100, 0, "lost"), {{"batch.num.messages", "50"}});
    agent_.Start();
    AwaitMirrored(pair_.source, pair_.destination, kTopic);
  }
  LinkFile File() const {
    LinkFile file;
    file.source = pair_.source.bootstrap();
    file.destination = pair_.destination.bootstrap();
    return file;
  }
  void ExpectStoppedAt500() {
    AwaitState(agent_, kTopic, "FAILED", "SOURCE_TRUNCATED", seconds(90));
    const auto mirror = Describe(agent_, kTopic);
    ASSERT_TRUE(mirror);
    EXPECT_NE(mirror->partitions.at(0).reason.find("offset 500 on"), std::string::npos)
        << mirror->partitions.at(0).reason;
    EXPECT_EQ(RangeOf(pair_.destination, kTopic, 0)->end, 1000);
  }
  void AcceptAndGoOn(int64_t more) {
    const Outcome resumed = agent_.Cli({"mirror", "resume", kTopic, "--accept-truncation", "--yes"});
    EXPECT_EQ(resumed.exit_code, 0) << resumed.out << resumed.err;
    Await("the records behind the cut", seconds(60), [&] {
      const auto range = RangeOf(pair_.destination, kTopic, 0);
      return range && range->end == 1000 + more;
    });
    auto copy = ReadPartition(pair_.destination, kTopic, 0);
    auto original = ReadPartition(pair_.source, kTopic, 0);
    copy.erase(copy.begin(), copy.begin() + 1000);
    original.erase(original.begin(), original.begin() + 500);
    for (Record& record : copy) record.offset -= 500;
    EXPECT_EQ(copy, original);
    const Outcome answer = agent_.Cli({"offsets", "translate", kTopic, "0", "600"});
    EXPECT_NE(answer.out.find("1100"), std::string::npos) << answer.out;
    EXPECT_NE(answer.out.find("exact"), std::string::npos) << answer.out;
  }

  ClusterPair pair_;
  Agent agent_;
  uintmax_t kept_ = 0;
};

TEST_F(TruncationTest, ALogThatEndsBeforeWhatWasCopiedStopsTheMirrorUntilItIsAccepted) {
  CutBack(pair_.source, kTopic, kept_);
  ASSERT_EQ(RangeOf(pair_.source, kTopic, 0)->end, 500);
  ExpectStoppedAt500();
  Produce(pair_.source, kTopic, SampleRecords(120, 1, 100, 0, "new"));
  AcceptAndGoOn(120);
}

TEST_F(TruncationTest, AnotherHistoryWrittenWhileNoAgentRanIsSeenBeforeAWrongByte) {
  EXPECT_EQ(agent_.Terminate(), 0);
  CutBack(pair_.source, kTopic, kept_);
  Produce(pair_.source, kTopic, SampleRecords(800, 1, 100, 0, "new"), {{"batch.num.messages", "50"}});
  agent_.Start();
  ExpectStoppedAt500();
  AcceptAndGoOn(800);
}

// Three brokers, and a partition with two replicas: the follower dies, the leader alone takes records, dies too, and
// the follower is made the leader although it has not got them.
TEST(UncleanElectionTest, IsSeenBeforeAWrongByteAndAcceptedWithAnExactMap) {
  Transcript told("An unclean leader election at the source");
  constexpr int kLeader = 0, kFollower = 1, kController = 2;
  ClusterPair pair({.name = "source", .brokers = 3, .heap = "384m"}, {.name = "destination"});
  LinkFile file;
  file.source = pair.source.bootstrap();
  file.destination = pair.destination.bootstrap();
  file.include = "{literal: bookings}";
  const std::string address = fmt::format("127.0.0.1:{}", pair.source.port(kController));
  const auto run = [&](const std::string& java_class, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--bootstrap-server", address});
    const Outcome outcome = pair.source.Tool(java_class, arguments);
    if (outcome.exit_code != 0) throw std::runtime_error(java_class + ": " + outcome.out + outcome.err);
  };
  const std::string replicas = fmt::format("{}:{}", kLeader + 1, kFollower + 1);
  run("org.apache.kafka.tools.TopicCommand", {"--create", "--topic", "bookings", "--replica-assignment", replicas});
  Await("the topic", seconds(30), [&] { return PartitionCount(pair.source, "bookings") == 1; });
  const Settings batches = {{"batch.num.messages", "50"}};
  Produce(pair.source, "bookings", SampleRecords(500, 1), batches);
  Agent agent(file);
  agent.Start();
  AwaitMirrored(pair.source, pair.destination, "bookings");

  pair.source.Kill(kFollower);
  Produce(pair.source, "bookings", SampleRecords(500, 1, 100, 0, "lost"), batches);
  AwaitMirrored(pair.source, pair.destination, "bookings");
  pair.source.Kill(kLeader);
  pair.source.Restart(kFollower);
  // Both the tool and librdkafka would wait for a dead broker as long as the metadata names it.
  const std::string alive = fmt::format("{},127.0.0.1:{}", address, pair.source.port(kFollower));
  Await("the unclean election", seconds(120), [&] {
    const Outcome elected = pair.source.Tool(
        LeaderElectionTool(pair.source),
        {"--bootstrap-server", alive, "--election-type", "unclean", "--topic", "bookings", "--partition", "0"},
        seconds(12));
    return elected.exit_code == 0 && LeaderOf(pair.source, "bookings", 0) == kFollower + 1 &&
           RangeOf(pair.source, "bookings", 0) == Range{0, 500};
  });
  Produce(pair.source, "bookings", SampleRecords(800, 1, 100, 0, "new"), batches);
  told.Source(
      "A partition has two replicas. One broker dies; the other one, alone, acknowledges 500 records (500 to 999), and "
      "dies too. To be available again, the first is elected leader by force (`kafka-leader-election.sh "
      "--election-type unclean`), and 800 other records are written, from offset 500 on.");
  AwaitState(agent, "bookings", "FAILED", "SOURCE_TRUNCATED", seconds(90));
  EXPECT_EQ(RangeOf(pair.destination, "bookings", 0), (Range{0, 1000}));
  told.Klink(
      "The copy holds what the source has lost. Offset 500 is another record now, and nothing is appended: the logs "
      "are "
      "compared, and the first offset that differs is named. That is so, too, when it happened while no agent ran.");
  told.Run(agent, {"mirror", "errors"}, "SOURCE_TRUNCATED");
  told.LogLine(agent, "KL1212", "SOURCE_TRUNCATED");
  told.Operator(
      "The 500 records may be worth more than the source: they are read from the copy, or left. Then the copy goes on "
      "behind them. A log cannot be cut at its end by anybody but its brokers.");
  EXPECT_EQ(told.Run(agent, {"mirror", "resume", "bookings", "--accept-truncation", "--yes"}).exit_code, 0);
  Await("the records behind the cut", seconds(60),
        [&] { return RangeOf(pair.destination, "bookings", 0) == Range{0, 1800}; });
  auto copy = ReadPartition(pair.destination, "bookings", 0);
  auto original = ReadPartition(pair.source, "bookings", 0);
  copy.erase(copy.begin(), copy.begin() + 1000);
  original.erase(original.begin(), original.begin() + 500);
  for (Record& record : copy) record.offset -= 500;
  EXPECT_EQ(copy, original);
  told.Klink("The map says where the histories part.");
  told.Run(agent, {"offsets", "runs", "bookings", "0"}, "1800");
  told.Run(agent, {"offsets", "translate", "bookings", "0", "600"}, "1100");
  told.Run(agent, {"mirror", "errors"}, "No mirror");
  EXPECT_EQ(told.Drift(), "");
  if (testing::Test::HasFailure()) agent.KeepFiles();
}

}  // namespace
}  // namespace klink::it
