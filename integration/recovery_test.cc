// Anything may die at any time. What was acknowledged at the source arrives once, in order, at its offset.
#include <fmt/format.h>

#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

constexpr int64_t kTenYearsAgo = 1479859200000;  // 2016
constexpr seconds kTakeOver(25);                 // promised

// A pair whose destination forgets producers after ten seconds when their records are old.
class RecoveryTest : public testing::TestWithParam<int64_t> {
 protected:
  static void SetUpTestSuite() {
    ClusterOptions forgetful{
        .name = "destination",
        .properties = {{"producer.id.expiration.ms", "10000"}, {"producer.id.expiration.check.interval.ms", "1000"}}};
    pair_ = std::make_unique<ClusterPair>(ClusterOptions{.name = "source"}, forgetful);
  }
  static void TearDownTestSuite() {
    if (testing::UnitTest::GetInstance()->current_test_suite()->Failed()) pair_->destination.KeepFiles();
    pair_.reset();
  }

  // A link of its own per case, so that no case inherits another's state.
  std::unique_ptr<Agent> NewAgent(const std::string& id = "agent-1") const {
    LinkFile file;
    file.source = pair_->source.bootstrap();
    file.destination = pair_->destination.bootstrap();
    file.include = "{literal: " + topic_ + "}";
    file.agent_id = id;
    return std::make_unique<Agent>(file, id);
  }
  void SetUp() override {
    static int count = 0;
    topic_ = fmt::format("t-recovery-{}", ++count);
    CreateTopic(pair_->source, topic_, 3);
  }
  Load::Options Options() const { return {.partitions = 3, .per_second = 2000, .timestamp_ms = GetParam()}; }
  // The load writes and the copy grows by `records`.
  void AwaitProgress(int64_t records) const {
    LogEnds ends(pair_->destination);
    const int64_t from = ends.Sum(topic_, 3);
    Await("progress of the copy", seconds(60), [&] { return ends.Sum(topic_, 3) >= from + records; });
  }
  void ExpectProvenEqual(const Agent& agent, int64_t acked) const {
    AwaitMirrored(pair_->source, pair_->destination, topic_, seconds(90));
    EXPECT_GE(LogEnds(pair_->destination).Sum(topic_, 3), acked);
    EXPECT_EQ(OracleOnIdentical(pair_->source, pair_->destination, topic_), "");
    EXPECT_EQ(VerifyComplaint(agent, topic_), "");
  }

  std::string topic_;
  static inline std::unique_ptr<ClusterPair> pair_;
};

TEST_P(RecoveryTest, ResumesAfterEveryKillOfTheAgent) {
  const auto agent = NewAgent();
  Load load(pair_->source, topic_, Options());
  agent->Start();
  for (int kill = 0; kill < 5; ++kill) {
    AwaitProgress(500);
    const int64_t acked = load.acked();
    agent->Kill();
    EXPECT_EQ(agent->Wait(seconds(0)), 137);
    Await("writes while it is dead", seconds(10), [&] { return load.acked() > acked + 200; });
    agent->Start();
  }
  AwaitProgress(500);
  load.Stop();
  ExpectProvenEqual(*agent, load.acked());
}

TEST_P(RecoveryTest, GoesOnWhenEitherClusterDiesAndComesBack) {
  const auto agent = NewAgent();
  Load load(pair_->source, topic_, Options());
  agent->Start();
  for (Cluster* cluster : {&pair_->destination, &pair_->source, &pair_->destination}) {
    AwaitProgress(500);
    cluster->Kill(0);
    cluster->Restart(0);
  }
  AwaitProgress(500);
  load.Stop();
  ExpectProvenEqual(*agent, load.acked());
}

TEST_P(RecoveryTest, AStandbyTakesOverAndTheFrozenOwnerHarmsNobodyWhenItWakes) {
  const auto first = NewAgent("agent-1");
  const auto second = NewAgent("agent-2");
  Load load(pair_->source, topic_, Options());
  first->Start();
  AwaitProgress(500);
  second->Start();
  EXPECT_EQ(CounterSum(*second, "klink_written_records_total"), 0);
  first->Freeze();
  Await("the standby to write", kTakeOver, [&] { return CounterSum(*second, "klink_written_records_total") > 0; });
  AwaitProgress(500);
  first->Thaw();
  AwaitProgress(2000);
  load.Stop();
  ExpectProvenEqual(*second, load.acked());
}

TEST_P(RecoveryTest, AStandbyTakesOverFromAKilledOwner) {
  const auto first = NewAgent("agent-1");
  const auto second = NewAgent("agent-2");
  Load load(pair_->source, topic_, Options());
  first->Start();
  AwaitProgress(500);
  second->Start();
  first->Kill();
  Await("the standby to write", kTakeOver, [&] { return CounterSum(*second, "klink_written_records_total") > 0; });
  AwaitProgress(500);
  load.Stop();
  ExpectProvenEqual(*second, load.acked());
}

TEST_P(RecoveryTest, TwoAgentsWithOneIdCopyEveryRecordOnce) {
  const auto first = NewAgent("twin");
  const auto second = NewAgent("twin");
  Load load(pair_->source, topic_, Options());
  first->Start();
  second->Start();
  AwaitProgress(3000);
  first->Kill();
  AwaitProgress(3000);
  load.Stop();
  ExpectProvenEqual(*second, load.acked());
}

INSTANTIATE_TEST_SUITE_P(RecordsOfToday, RecoveryTest, testing::Values(0));
INSTANTIATE_TEST_SUITE_P(RecordsTenYearsOld, RecoveryTest, testing::Values(kTenYearsAgo));

}  // namespace
}  // namespace klink::it
