// client.rack: klink reads from the follower in its own rack (KIP-392), and from the leader when that one is gone.
#include <array>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "integration/agent.h"
#include "integration/kafka_tools.h"
#include "integration/mirror_check.h"

namespace klink::it {
namespace {

constexpr int kBrokers = 3;
constexpr int kNear = 2;
constexpr int kPartitions = 6;
constexpr int kRecords = 20'000;
constexpr int kRecordBytes = 1000;
constexpr const char* kTopic = "t-near";

class NearestReplicaTest : public testing::Test {
 protected:
  NearestReplicaTest() {
    LinkFile file;
    file.source = pair_.source.bootstrap();
    file.destination = pair_.destination.bootstrap();
    file.source_security = fmt::format("client.rack: rack-{}", kNear);
    agent_ = std::make_unique<Agent>(file);
    CreateTopic(pair_.source, kTopic, kPartitions, {}, kBrokers);
  }
  // What each source broker sent and got while the records that were just produced are copied.
  std::array<int64_t, kBrokers> BytesOfCopying(const std::string& prefix) {
    Produce(pair_.source, kTopic, SampleRecords(kRecords, kPartitions, kRecordBytes, 0, prefix));
    std::array<int64_t, kBrokers> bytes = {};
    for (int i = 0; i < kBrokers; ++i) bytes[i] = -pair_.source.proxy(i).bytes();
    agent_->Start();
    AwaitMirrored(pair_.source, pair_.destination, kTopic);
    for (int i = 0; i < kBrokers; ++i) bytes[i] += pair_.source.proxy(i).bytes();
    return bytes;
  }

  ClusterPair pair_{{.name = "source", .brokers = kBrokers, .heap = "384m", .proxied = true, .racks = true},
                    {.name = "destination"}};
  std::unique_ptr<Agent> agent_;
};

TEST_F(NearestReplicaTest, TheFollowerInKlinksRackIsReadAndTheLeaderWhenItIsGone) {
  constexpr int64_t kPayload = int64_t{kRecords} * kRecordBytes;
  const auto near = BytesOfCopying("near");
  EXPECT_GT(near[kNear], kPayload * 3 / 4);
  EXPECT_LT(near[0] + near[1], kPayload / 2) << "the leaders of four of the six partitions stand there";
  EXPECT_EQ(OracleOnIdentical(pair_.source, pair_.destination, kTopic), "");

  pair_.source.Kill(kNear);
  Await("other leaders", seconds(60), [&] {
    for (int p = 0; p < kPartitions; ++p)
      if (LeaderOf(pair_.source, kTopic, p) == kNear + 1) return false;
    return true;
  });
  Produce(pair_.source, kTopic, SampleRecords(kRecords, kPartitions, kRecordBytes, 0, "far"));
  AwaitMirrored(pair_.source, pair_.destination, kTopic);
  EXPECT_EQ(OracleOnIdentical(pair_.source, pair_.destination, kTopic), "");
  EXPECT_EQ(VerifyComplaint(*agent_, kTopic), "");
}

}  // namespace
}  // namespace klink::it
