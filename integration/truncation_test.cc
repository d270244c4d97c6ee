// A source that lost what it had acknowledged: nothing wrong is appended, the operator is told from which offset on the
// logs differ, and goes on only when told to.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "integration/mirror_check.h"

namespace klink::it {
namespace {

constexpr char kTopic[] = "t-cut";

std::string SegmentOf(const Cluster& cluster) {
  return (cluster.DataDir(0) / fmt::format("{}-0", kTopic) / "00000000000000000000.log").string();
}

// The broker dies and comes back without the end of its log, as after a loss of power.
void CutBack(Cluster& cluster, uintmax_t size) {
  cluster.Kill(0);
  const fs::path log(SegmentOf(cluster));
  for (const auto& file : fs::directory_iterator(log.parent_path()))
    if (file.path().extension() != ".log" && file.path().extension() != ".metadata") fs::remove(file.path());
  fs::resize_file(log, size);
  cluster.Restart(0);
}

class TruncationTest : public testing::Test {
 protected:
  TruncationTest() : pair_({.name = "source"}, {.name = "destination"}), agent_(File()) {
    CreateTopic(pair_.source, kTopic, 1);
    Produce(pair_.source, kTopic, SampleRecords(500, 1), {{"batch.num.messages", "50"}});
    kept_ = fs::file_size(SegmentOf(pair_.source));
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
  CutBack(pair_.source, kept_);
  ASSERT_EQ(RangeOf(pair_.source, kTopic, 0)->end, 500);
  ExpectStoppedAt500();
  Produce(pair_.source, kTopic, SampleRecords(120, 1, 100, 0, "new"));
  AcceptAndGoOn(120);
}

TEST_F(TruncationTest, AnotherHistoryWrittenWhileNoAgentRanIsSeenBeforeAWrongByte) {
  EXPECT_EQ(agent_.Terminate(), 0);
  CutBack(pair_.source, kept_);
  Produce(pair_.source, kTopic, SampleRecords(800, 1, 100, 0, "new"), {{"batch.num.messages", "50"}});
  agent_.Start();
  ExpectStoppedAt500();
  AcceptAndGoOn(800);
}

}  // namespace
}  // namespace klink::it
