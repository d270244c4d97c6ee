// Belonging to the group of a link's agents: shards come, the lease runs, shards go in order.
#include "admin/membership.h"

#include <gtest/gtest.h>

#include "tests/admin/mock.h"

namespace klink::admin {
namespace {

constexpr const char* kWork = "_klink.l.work";

class MembershipTest : public MockClusterTest, public MembershipListener {
 protected:
  MembershipTest() { MakeTopic(kWork, 8); }

  void OnAssigned(const std::set<int32_t>& shards) override {
    trace_.push_back(fmt::format("assigned {}", shards.size()));
    owns_all_ = true;
    waits_ = silent_ = false;
    for (int32_t shard : shards) {
      owns_all_ = owns_all_ && member_->Owns(shard);
      waits_ = waits_ || member_->predecessor_until(shard) > clock_.Now();
      silent_ = silent_ || member_->predecessor_was_silent(shard);
    }
  }
  Async<void> OnRevoked(std::set<int32_t> shards, Loss loss) override {
    owned_in_revoke_ = member_->Owns(*shards.begin());
    trace_.push_back(fmt::format("{} {}", loss == Loss::kLost ? "lost" : "revoked", shards.size()));
    (void)co_await clock_.Sleep(10ms);  // draining
    trace_.push_back("drained");
  }
  void NewMember() {
    MembershipOptions options;
    options.access = To();
    options.group = options.topic = kWork;
    options.instance_id = "klink-0-1234";
    options.session_timeout = 6s;  // how long the cluster in this process waits before it lets a lost member rejoin
    member_ = std::make_unique<Membership>(io_.get_executor(), clock_, pool_, options, *this);
  }
  // Until the trace has this many lines, or 30 s.
  Async<void> Until(size_t lines) {
    const Instant limit = clock_.Now() + 30s;
    while (trace_.size() < lines && clock_.Now() < limit) (void)co_await clock_.Sleep(5ms);
  }
  Async<void> JoinAndLeave() {
    EXPECT_TRUE(member_->Start().ok());
    co_await Until(1);
    lease_ = member_->lease_until() - clock_.Now();
    EXPECT_EQ(member_->lease(), 3s);
    co_await member_->Close();
    trace_.push_back("closed");
  }
  Async<void> JoinAndBeFenced() {
    EXPECT_TRUE(member_->Start().ok());
    co_await Until(1);
    FailNext(kHeartbeat, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    co_await Until(3);
    while (member_->status().ok()) (void)co_await clock_.Sleep(5ms);
    EXPECT_FALSE(member_->LeaseRuns());
    EXPECT_TRUE(member_->owned().empty());
    co_await member_->Close();
  }
  Async<void> JoinLoseAndLeave() {
    EXPECT_TRUE(member_->Start().ok());
    co_await Until(1);
    FailNext(kHeartbeat, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    co_await Until(2);
    EXPECT_FALSE(member_->LeaseRuns());
    co_await Until(4);
    EXPECT_TRUE(member_->LeaseRuns());
    co_await member_->Close();
  }

  // What a process that died left in the group's committed offsets.
  void LeaveMark(const std::string& mark) {
    const Properties own = {{"group.id", kWork}};
    const auto handle = Handle::Open(To(), Kind::kConsumer, own, 0);
    ASSERT_TRUE(handle.ok()) << handle.status();
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(8);
    for (int shard = 0; shard < 8; shard++) {
      rd_kafka_topic_partition_t* at = rd_kafka_topic_partition_list_add(list, kWork, shard);
      at->offset = 0;
      at->metadata = strdup(mark.c_str());
      at->metadata_size = mark.size();
    }
    EXPECT_EQ(rd_kafka_commit((*handle)->get(), list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
  }

  std::unique_ptr<Membership> member_;
  std::vector<std::string> trace_;
  bool owns_all_ = false;
  bool waits_ = false;
  bool silent_ = false;
  bool owned_in_revoke_ = true;
  Duration lease_{};
};

TEST_F(MembershipTest, ShardsAreOwnedUnderALeaseAndGivenBackAfterTheDrain) {
  NewMember();
  Run(JoinAndLeave());
  EXPECT_EQ(trace_, (std::vector<std::string>{"assigned 8", "revoked 8", "drained", "closed"}));
  EXPECT_TRUE(owns_all_);
  EXPECT_FALSE(waits_) << "nobody ever held them";
  EXPECT_FALSE(owned_in_revoke_) << "nothing new is sent while draining";
  EXPECT_GT(lease_, 0s);
  EXPECT_LE(lease_, 3s);
}

TEST_F(MembershipTest, ALossEndsTheLeaseAtOnceAndThePlaceIsTakenAgain) {
  NewMember();
  Run(JoinLoseAndLeave());
  EXPECT_EQ(trace_,
            (std::vector<std::string>{"assigned 8", "lost 8", "drained", "assigned 8", "revoked 8", "drained"}));
  EXPECT_FALSE(waits_) << "this very process held them, and it drained";
}

TEST_F(MembershipTest, AnotherAgentWithTheSameIdentityEndsThisOneWithASentence) {
  NewMember();
  Run(JoinAndBeFenced());
  EXPECT_EQ(trace_, (std::vector<std::string>{"assigned 8", "lost 8", "drained"}));
  EXPECT_EQ(member_->status().code(), Code::kFailedPrecondition);
  EXPECT_NE(Text(member_->status()).find("another agent uses the same instance id klink-0-1234"), std::string::npos)
      << member_->status();
}

TEST_F(MembershipTest, AnotherAgentThatNeverReleasedWasSilentForASession) {
  LeaveMark("held by klink-1-5678/0123456789abcdef");
  NewMember();
  Run(JoinAndLeave());
  EXPECT_TRUE(waits_);
  EXPECT_TRUE(silent_);
}

TEST_F(MembershipTest, WhatAnAgentNotesBehindItsNameIsNotItsName) {
  LeaveMark("held by klink-0-1234/0123456789abcdef; source silent for 12000 ms, mark 57");
  NewMember();
  Run(JoinAndLeave());
  EXPECT_TRUE(waits_);
  EXPECT_FALSE(silent_) << "the same instance id";
}

TEST_F(MembershipTest, OurOwnDeadProcessMayHaveSentAMomentAgo) {
  LeaveMark("held by klink-0-1234/0123456789abcdef");
  NewMember();
  Run(JoinAndLeave());
  EXPECT_TRUE(waits_);
  EXPECT_FALSE(silent_) << "the group hands its shards over at once";
}

TEST_F(MembershipTest, AMemberThatReleasedEverythingCanBeTakenOutOfTheGroup) {
  NewMember();
  Run(JoinAndLeave());
  EXPECT_NE(member_->released_member(), "");
}

TEST_F(MembershipTest, AMemberThatNeverJoinedLeavesToo) {
  NewMember();
  ASSERT_TRUE(member_->Start().ok());
  Run(member_->Close());
  EXPECT_TRUE(trace_.empty());
}

}  // namespace
}  // namespace klink::admin
