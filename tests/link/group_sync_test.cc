// Rounds of group sync between two fake clusters, on virtual time.
#include "link/group_sync.h"

#include <gmock/gmock.h>

#include "tests/fake/api_versions.h"
#include "tests/fake/clock.h"
#include "tests/fake/find_coordinator.h"
#include "tests/fake/groups.h"
#include "tests/fake/metadata.h"

namespace klink::link {
namespace {

using testing::HasSubstr;

constexpr int32_t kPartitions = 2;

// One mirror, "orders" as "copy.orders", identical from 0; tests say how far it got.
class FakeMirrors final : public GroupMirrors {
 public:
  explicit FakeMirrors(Clock& clock) : clock_(clock) {}
  std::vector<GroupMirror> Mirrors() const override {
    GroupMirror mirror;
    mirror.source_topic = "orders";
    mirror.destination_topic = "copy.orders";
    mirror.destination_id = id;
    for (int32_t p = 0; p < kPartitions; p++) mirror.partitions.push_back(Partition());
    std::vector<GroupMirror> one;
    one.push_back(std::move(mirror));
    return one;
  }
  std::optional<GroupPartition> Standing(const TopicPartition&) const override { return Partition(); }
  Status MayCommit(const std::string&) const override { return may; }
  const std::map<std::string, state::GroupRecord, std::less<>>& Records() const override { return records; }
  Async<Status> Remember(std::vector<state::GroupRecord> changed) override {
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(1ms));
    for (state::GroupRecord& record : changed) {
      if (record.clamped.empty() && record.left.empty())
        records.erase(record.group);
      else
        records[record.group] = record;
    }
    co_return absl::OkStatus();
  }
  void CopiedTo(int64_t end) {
    map = offsets::Translation();
    (void)map.Begin({SourceOffset(0), DestOffset(0), ""});
    if (end > 0) (void)map.Record({SourceOffset(0), DestOffset(0), end});
    copied = end;
  }

  std::map<std::string, state::GroupRecord, std::less<>> records;
  offsets::Translation map;
  int64_t copied = 0;
  bool healthy = true;
  std::string id = "one";
  Status may;

 private:
  GroupPartition Partition() const {
    GroupPartition partition;
    partition.map = &map;
    partition.replicated_to = SourceOffset(copied);
    partition.log_start = DestOffset(0);
    partition.high_watermark = DestOffset(copied);
    partition.healthy = healthy;
    return partition;
  }
  Clock& clock_;
};

class GroupSyncTest : public fake::VirtualTimeTest {
 protected:
  GroupSyncTest() {
    for (auto& [broker, state, topic] :
         {std::tuple(&brokers_[0], &clusters_[0], "orders"), {&brokers_[1], &clusters_[1], "copy.orders"}}) {
      state->brokers[1] = broker->endpoint();
      state->topics[topic].assign(kPartitions, {.broker = 1, .epoch = 1});
      fake::ServeApiVersions(*broker);
      fake::ServeMetadata(*broker, *state);
      fake::ServeFindCoordinator(*broker, *state);
    }
    clusters_[0].cluster_id = "source";
    clusters_[1].cluster_id = "destination";
    fake::ServeGroups(brokers_[0], source_);
    fake::ServeGroups(brokers_[1], destination_);
    for (int i = 0; i < 2; i++) {
      kafka::ClusterOptions options;
      options.name = i == 0 ? "paris" : "lyon";
      options.bootstrap = {brokers_[i].endpoint()};
      kafka_[i] = std::make_unique<kafka::Cluster>(std::move(options), io_.get_executor(), clock_);
    }
    config_.name = "paris-to-lyon";
    config_.groups.include.resize(1);
    config_.groups.include[0].prefix = "app-";
    Grow(100);
    mirrors_.CopiedTo(100);
    NewLeader();
  }

  void NewLeader() {
    sync_.reset();
    GroupSyncParts parts{config_,
                         *config::GroupFilter::Compile(config_.groups),
                         *kafka_[0],
                         *kafka_[1],
                         io_.get_executor(),
                         clock_,
                         mirrors_,
                         totals_};
    sync_ = std::make_unique<GroupSync>(std::move(parts));
  }
  void Grow(int64_t end) { source_.ends["orders"] = destination_.ends["copy.orders"] = end; }
  void Commit(const std::string& group, int64_t offset, int32_t partition = 0, std::string metadata = "") {
    source_.groups[group].offsets["orders"][partition] = {offset, std::move(metadata), 7, false};
    clusters_[0].coordinators[group] = clusters_[1].coordinators[group] = 1;
  }
  static Async<void> Into(Async<Status> work, std::optional<Status>& out) { out = co_await std::move(work); }
  Status Round() { return Run(sync_->Round()); }
  int64_t There(const std::string& group, int32_t partition = 0) {
    return destination_.groups[group].offsets["copy.orders"][partition].offset;
  }
  const Group& Known(const std::string& group) const { return sync_->book().groups().at(group); }

  fake::GroupsState source_, destination_;
  fake::ClusterState clusters_[2];
  fake::Broker brokers_[2]{fake::Broker(io_.get_executor()), fake::Broker(io_.get_executor())};
  std::unique_ptr<kafka::Cluster> kafka_[2];
  config::LinkConfig config_;
  FakeMirrors mirrors_{clock_};
  GroupTotals totals_;
  std::unique_ptr<GroupSync> sync_;
};

TEST_F(GroupSyncTest, CommitsTranslatedPositionsWithTheirMetadataAndNoLeaderEpoch) {
  Commit("app-pay", 42, 0, "by batch 7");
  Commit("app-pay", 100, 1);
  Commit("other", 5);
  source_.groups["app-pay"].offsets["elsewhere"][0] = {9, "", 1, false};
  ASSERT_TRUE(Round().ok());
  const auto& there = destination_.groups["app-pay"].offsets;
  EXPECT_EQ(there.at("copy.orders").at(0).offset, 42);
  EXPECT_EQ(there.at("copy.orders").at(0).metadata, "by batch 7");
  EXPECT_EQ(there.at("copy.orders").at(0).leader_epoch, -1);
  EXPECT_EQ(there.at("copy.orders").at(1).offset, 100);
  EXPECT_EQ(there.size(), 1U);
  EXPECT_FALSE(destination_.groups.contains("other"));
  const auto& entries = Known("app-pay").entries;
  EXPECT_EQ(entries[0].why, "topic elsewhere is not mirrored by this link");
}

TEST_F(GroupSyncTest, WhatDidNotMoveIsNotSentAgainUntilADayHasPassed) {
  Commit("app-pay", 42);
  Commit("app-web", 7);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 2);
  Commit("app-web", 3);  // a rewind is followed
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 3);
  EXPECT_EQ(There("app-web"), 3);
  clock_.Advance(24h);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 5);
}

TEST_F(GroupSyncTest, APositionWaitsUntilEveryMirrorPassedWhatTheSourceHeldThen) {
  Commit("app-pay", 42);
  Grow(120);  // an application's output, not copied yet
  std::optional<Status> round;
  Start(sync_->Round(), round);
  RunUntil([&] { return !sync_->waiting().empty(); });
  for (int i = 0; i < 20; i++) clock_.Advance(GroupSync::kBarrierPoll);
  EXPECT_EQ(destination_.commits, 0);
  EXPECT_THAT(sync_->waiting(), HasSubstr("copy.orders-0 (up to 120)"));
  mirrors_.CopiedTo(120);
  RunUntil([&] { return round.has_value(); });
  EXPECT_TRUE(round->ok()) << *round;
  EXPECT_EQ(There("app-pay"), 42);
}

TEST_F(GroupSyncTest, ATransactionThatStaysOpenHoldsNobodyUpForLong) {
  Commit("app-pay", 42);
  Grow(120);
  source_.stable["orders"] = 100;
  const Instant began = clock_.Now();
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 42);
  EXPECT_GE(clock_.Now() - began, GroupSync::kOpenTransactionAfter);
}

TEST_F(GroupSyncTest, AMirrorThatStoppedHoldsNobodyUp) {
  Commit("app-pay", 42);
  Grow(120);
  mirrors_.healthy = false;
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 42);
}

TEST_F(GroupSyncTest, AGroupAtWorkAtTheDestinationIsLeftAloneUntilItMovesAtTheSource) {
  Commit("app-pay", 42);
  ASSERT_TRUE(Round().ok());
  destination_.groups["app-pay"].state = "Stable";
  destination_.groups["app-pay"].offsets["copy.orders"][0].offset = 60;  // it goes on there
  Commit("app-pay", 43);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(Known("app-pay").refusal, CommitResult::kInUse);
  destination_.groups["app-pay"].state = "Empty";  // stopped for a moment
  ASSERT_TRUE(Round().ok());
  clock_.Advance(24h);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 60);
  NewLeader();  // the next one knows it too
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 60);
  Commit("app-pay", 44);  // it went back to the source
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 44);
  EXPECT_TRUE(mirrors_.records.empty());
}

TEST_F(GroupSyncTest, AMemberThatJoinsInBetweenIsTold) {
  Commit("app-pay", 42);
  destination_.committing = kafka::Error::kUnknownMemberId;
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(Known("app-pay").refusal, CommitResult::kInUse);
  EXPECT_EQ(totals_.commits["in_use"], 1);
}

TEST_F(GroupSyncTest, WhatTheMirrorDoesNotHoldYetIsRememberedAndRaisedWithoutTheSource) {
  config_.groups.barrier = config::GroupBarrier::kNone;
  Commit("app-pay", 150);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 100);
  EXPECT_EQ(totals_.clamped, 1);
  ASSERT_EQ(mirrors_.records["app-pay"].clamped.size(), 1U);
  EXPECT_EQ(mirrors_.records["app-pay"].clamped[0].source, 150);
  brokers_[0].Stop();
  NewLeader();
  mirrors_.CopiedTo(150);
  Grow(150);
  ASSERT_TRUE(Run(sync_->RaiseClamped()).ok());
  EXPECT_EQ(There("app-pay"), 150);
  EXPECT_TRUE(mirrors_.records.empty());
}

TEST_F(GroupSyncTest, AnAgentKilledBetweenCommitsLeavesNothingTwiceAndNothingOut) {
  for (int i = 0; i < 8; i++) Commit(fmt::format("app-{}", i), 10 + i);
  destination_.silent.insert("app-5");
  std::optional<Status> round;
  {
    TaskGroup leader(io_.get_executor());
    leader.Spawn(Into(sync_->Round(), round));
    RunUntil([&] { return destination_.commits == 7; });
    leader.Stop();
    RunUntil([&] { return leader.size() == 0; });
  }
  destination_.silent.clear();
  NewLeader();
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 8);  // the seven were found there
  for (int i = 0; i < 8; i++) EXPECT_EQ(There(fmt::format("app-{}", i)), 10 + i) << i;
}

TEST_F(GroupSyncTest, NothingIsCommittedOnceItIsNotAllowed) {
  Commit("app-pay", 42);
  mirrors_.may = FailedPrecondition("mirror copy.orders: committing group offsets is not allowed while it is STOPPED");
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(destination_.commits, 0);
  EXPECT_EQ(totals_.commits["dropped"], 1);
  EXPECT_THAT(Known("app-pay").entries[0].why, HasSubstr("STOPPED"));
}

TEST_F(GroupSyncTest, AMirrorThatWasMadeAgainGetsItsOffsetsAgain) {
  Commit("app-pay", 42);
  ASSERT_TRUE(Round().ok());
  destination_.groups["app-pay"].offsets.clear();  // they went with the topic (protocol.md G7)
  mirrors_.id = "two";
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 42);
}

TEST_F(GroupSyncTest, AMissingRightIsAnErrorOfTheTaskByName) {
  Commit("app-pay", 42);
  destination_.committing = kafka::Error::kGroupAuthorizationFailed;
  const Status round = Round();
  EXPECT_EQ(round.code(), Code::kPermissionDenied);
  EXPECT_THAT(Text(round), HasSubstr("committing the offset of group app-pay"));
  EXPECT_THAT(Text(round), HasSubstr("GROUP_AUTHORIZATION_FAILED"));
}

TEST_F(GroupSyncTest, AGroupDeletedAtTheSourceIsGoneOnlyAfterAWhileAndRemovedWhenAskedFor) {
  config_.groups.delete_policy = config::DeletePolicy::kMirror;
  Commit("app-pay", 42);
  Commit("app-web", 7);
  ASSERT_TRUE(Round().ok());
  source_.groups.erase("app-pay");
  source_.groups.erase("app-web");
  destination_.groups["app-web"].offsets["local"][0] = {5, "", -1, false};
  ASSERT_TRUE(Round().ok());
  EXPECT_TRUE(destination_.groups.contains("app-pay"));
  clock_.Advance(GroupSync::kGoneAfter);
  ASSERT_TRUE(Round().ok());
  EXPECT_FALSE(destination_.groups.contains("app-pay"));
  EXPECT_TRUE(destination_.groups.contains("app-web"));
  EXPECT_THAT(Known("app-web").trouble, HasSubstr("local, which is no mirror of this link"));
}

}  // namespace
}  // namespace klink::link
