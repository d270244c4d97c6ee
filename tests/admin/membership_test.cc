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
    waits_ = false;
    for (int32_t shard : shards) {
      owns_all_ = owns_all_ && member_->Owns(shard);
      waits_ = waits_ || member_->predecessor_until(shard) > clock_.Now();
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

  std::unique_ptr<Membership> member_;
  std::vector<std::string> trace_;
  bool owns_all_ = false;
  bool waits_ = false;
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

TEST_F(MembershipTest, AMemberThatNeverJoinedLeavesToo) {
  NewMember();
  ASSERT_TRUE(member_->Start().ok());
  Run(member_->Close());
  EXPECT_TRUE(trace_.empty());
}

}  // namespace
}  // namespace klink::admin
