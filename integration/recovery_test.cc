// Anything may die at any time. What was acknowledged at the source arrives once, in order, at its offset.
#include <fmt/format.h>

#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

constexpr int64_t kTenYearsAgo = 1479859200000;  // 2016
constexpr seconds kTakeOver(25);                 // promised
constexpr seconds kHandOver(10);                 // half a session: nobody waited for one to end

class RecoveryTest : public testing::Test {
 protected:
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
    CreateTopic(pair_->source, topic_, 3, {{"retention.ms", "-1"}});  // else the source deletes old records
  }
  Load::Options Options() const { return {.partitions = 3, .per_second = 2000, .timestamp_ms = record_time_}; }
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

  void KillTheAgent(int times);
  void FreezeTheOwnerThenWakeIt();

  int64_t record_time_ = 0;  // 0: now
  std::string topic_;
  static inline std::unique_ptr<ClusterPair> pair_;
};

void RecoveryTest::KillTheAgent(int times) {
  const auto agent = NewAgent();
  Load load(pair_->source, topic_, Options());
  agent->Start();
  for (int kill = 0; kill < times; ++kill) {
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

void RecoveryTest::FreezeTheOwnerThenWakeIt() {
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

class RecordsOfToday : public RecoveryTest {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>(ClusterOptions{.name = "source"}, ClusterOptions{.name = "destination"});
  }
};

// A destination that forgets a producer seconds after a record of that age: no batch is recognised by its sequence.
class RecordsTenYearsOld : public RecoveryTest {
 protected:
  RecordsTenYearsOld() { record_time_ = kTenYearsAgo; }
  static void SetUpTestSuite() {
    ClusterOptions forgetful{
        .name = "destination",
        .properties = {{"producer.id.expiration.ms", "10000"}, {"producer.id.expiration.check.interval.ms", "1000"}}};
    pair_ = std::make_unique<ClusterPair>(ClusterOptions{.name = "source"}, forgetful);
  }
};

TEST_F(RecordsOfToday, ResumeAfterEveryKillOfTheAgent) { KillTheAgent(4); }

TEST_F(RecordsTenYearsOld, ResumeAfterEveryKillOfTheAgent) { KillTheAgent(2); }

TEST_F(RecordsOfToday, AStandbyTakesOverAndTheFrozenOwnerHarmsNobodyWhenItWakes) { FreezeTheOwnerThenWakeIt(); }

TEST_F(RecordsTenYearsOld, AStandbyTakesOverAndTheFrozenOwnerHarmsNobodyWhenItWakes) { FreezeTheOwnerThenWakeIt(); }

TEST_F(RecordsOfToday, GoOnWhenEitherClusterDiesAndComesBack) {
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

TEST_F(RecordsOfToday, AStandbyTakesOverFromAKilledOwner) {
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

TEST_F(RecordsOfToday, AStandbyTakesOverAtOnceFromAnOwnerThatIsStopped) {
  const auto first = NewAgent("agent-1");
  const auto second = NewAgent("agent-2");
  Load load(pair_->source, topic_, Options());
  first->Start();
  AwaitProgress(500);
  second->Start();
  Await("the standby to hold shards", seconds(30),
        [&] { return second->LogText().find("shards assigned") != std::string::npos; });
  EXPECT_EQ(first->Terminate(), 0);
  Await("the standby to write", kHandOver, [&] { return CounterSum(*second, "klink_written_records_total") > 0; });
  AwaitProgress(500);
  load.Stop();
  ExpectProvenEqual(*second, load.acked());
}

TEST_F(RecordsOfToday, AreCopiedOnceByTwoAgentsOfOneId) {
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

}  // namespace
}  // namespace klink::it
