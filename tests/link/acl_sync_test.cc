// Rounds of ACL sync between two fake clusters: what a broker tells, what it refuses to tell, and what becomes of it.
#include "link/acl_sync.h"

#include <gmock/gmock.h>

#include "link/acl_list.h"
#include "link/halt.h"
#include "link/source_door.h"
#include "tests/fake/acls.h"
#include "tests/fake/api_versions.h"
#include "tests/fake/clock.h"
#include "tests/fake/metadata.h"

namespace klink::link {
namespace {

using admin::AclOperation;
using admin::AclResource;
using state::Reason;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// The state as a view of what was written, and the destination's ACLs, which are changed at once.
class FakePorts final : public AclPorts {
 public:
  explicit FakePorts(fake::AclsState& destination) : destination_(destination) {}

  const state::StateView& view() const override { return view_; }
  Status MayWrite() const override { return absl::OkStatus(); }
  Status MayWrite(const std::string&) const override { return absl::OkStatus(); }
  Async<Status> Write(std::vector<state::Record> records) override {
    for (const state::Record& record : records) {
      const admin::KeyValue stored = state::Encode(record);
      view_.Apply(stored.key, stored.value);
    }
    co_return absl::OkStatus();
  }
  Async<Status> Erase(std::vector<std::string> keys) override {
    for (const std::string& key : keys) view_.Apply(key, std::nullopt);
    co_return absl::OkStatus();
  }
  Async<StatusOr<std::vector<Status>>> Create(std::vector<Acl> acls) override {
    destination_.acls.insert(destination_.acls.end(), acls.begin(), acls.end());
    co_return std::vector<Status>(acls.size());
  }
  Async<StatusOr<std::vector<Status>>> Delete(std::vector<Acl> acls) override {
    deleted += static_cast<int>(acls.size());
    for (const Acl& acl : acls) std::erase(destination_.acls, acl);
    co_return std::vector<Status>(acls.size());
  }

  int deleted = 0;

 private:
  fake::AclsState& destination_;
  state::StateView view_;
};

class AclSyncTest : public fake::VirtualTimeTest {
 protected:
  AclSyncTest() {
    for (int i = 0; i < 2; i++) {
      fake_[i].brokers[1] = brokers_[i].endpoint();
      fake::ServeApiVersions(brokers_[i]);
      fake::ServeMetadata(brokers_[i], fake_[i]);
      fake::ServeAcls(brokers_[i], i == 0 ? source_ : destination_);
      kafka::ClusterOptions options;
      options.name = i == 0 ? "paris" : "lyon";
      options.bootstrap = {brokers_[i].endpoint()};
      clusters_[i] = std::make_unique<kafka::Cluster>(std::move(options), io_.get_executor(), clock_);
    }
    config_.name = "paris-to-lyon";
    config_.source = "paris";
    config_.destination = "lyon";
    config_.topics.include = {{.prefix = "orders."}};
    config_.groups.include = {{.prefix = "app-"}};
    config_.acls.enabled = true;
    config_.acls.include = {"*"};
    auto ports = std::make_unique<FakePorts>(destination_);
    ports_ = ports.get();
    sync_ = std::make_unique<AclSync>(std::move(ports), clock_, config_, std::set<std::string>{"User:klink"},
                                      *clusters_[0], *clusters_[1], nullptr);
  }
  // Both are carried over by the first round.
  void CarryOver() {
    Mirror();
    source_.acls = {orders_, group_};
    ASSERT_EQ(Round(), absl::OkStatus());
    ASSERT_THAT(There(), UnorderedElementsAre(AclText(orders_), AclText(group_)));
    ASSERT_EQ(ports_->view().acls().size(), 2U);
  }
  void Mirror() {
    state::MirrorRecord record;
    record.source_topic = record.destination_topic = orders_.name;
    record.phase = state::Phase::kActive;
    ASSERT_EQ(Run(ports_->Write({record})), absl::OkStatus());
  }
  // What the destination has.
  std::vector<std::string> There() const {
    std::vector<std::string> all;
    for (const Acl& acl : destination_.acls) all.push_back(AclText(acl));
    return all;
  }
  Status Round() { return Run(sync_->Round()); }
  std::optional<Reason> WhyNot(const Status& round) const { return round.ok() ? std::nullopt : ReasonOf(round); }

  const Acl orders_{.name = "orders.eu", .principal = "User:app"};
  const Acl group_{.resource = AclResource::kGroup, .name = "app-pay", .principal = "User:app"};
  fake::AclsState source_, destination_;
  fake::ClusterState fake_[2];
  fake::Broker brokers_[2]{fake::Broker(io_.get_executor()), fake::Broker(io_.get_executor())};
  std::unique_ptr<kafka::Cluster> clusters_[2];
  config::LinkConfig config_;
  FakePorts* ports_ = nullptr;
  std::unique_ptr<AclSync> sync_;
};

TEST_F(AclSyncTest, WhatAPlannedMoveDeniesAtTheSourceDoesNotFollowToTheCopy) {
  CarryOver();
  state::CutoverRecord move;
  move.id = "1";
  move.denied = {orders_.name};
  ASSERT_EQ(Run(ports_->Write({move})), absl::OkStatus());
  source_.acls.push_back(DenyOf(orders_.name));
  ASSERT_EQ(Round(), absl::OkStatus());
  EXPECT_THAT(There(), UnorderedElementsAre(AclText(orders_), AclText(group_)));
}

TEST_F(AclSyncTest, ARefusedListingOfTheSourceDeletesNothingAtTheDestination) {
  CarryOver();
  source_.acls.clear();
  source_.refused[AclResource::kTopic] = source_.refused[AclResource::kGroup] =
      kafka::Error::kClusterAuthorizationFailed;
  const Status refused = Round();
  EXPECT_EQ(WhyNot(refused), Reason::kAuthorizationError);
  EXPECT_THAT(Text(refused), HasSubstr("acl sync needs DESCRIBE on the cluster, which paris does not grant"));
  EXPECT_EQ(ports_->deleted, 0);
  EXPECT_THAT(There(), UnorderedElementsAre(AclText(orders_), AclText(group_)));
  EXPECT_EQ(ports_->view().acls().size(), 2U) << "they are still klink's";

  source_.refused.clear();  // the very same list, told by a broker that may: now they are gone
  EXPECT_EQ(Round(), absl::OkStatus());
  EXPECT_EQ(ports_->deleted, 2);
  EXPECT_THAT(There(), IsEmpty());
}

TEST_F(AclSyncTest, HalfAListingOfTheSourceDeletesNothingEither) {
  CarryOver();
  source_.acls.clear();
  source_.refused[AclResource::kGroup] = kafka::Error::kClusterAuthorizationFailed;  // taken away between the questions
  EXPECT_EQ(WhyNot(Round()), Reason::kAuthorizationError);
  EXPECT_EQ(ports_->deleted, 0);
  EXPECT_THAT(There(), UnorderedElementsAre(AclText(orders_), AclText(group_)));
}

TEST_F(AclSyncTest, ARefusedListingOfTheDestinationChangesNothing) {
  CarryOver();
  source_.acls = {group_};
  destination_.refused[AclResource::kTopic] = kafka::Error::kClusterAuthorizationFailed;
  const Status refused = Round();
  EXPECT_EQ(WhyNot(refused), Reason::kAuthorizationError);
  EXPECT_THAT(Text(refused), HasSubstr("acl sync needs ALTER on the cluster, which lyon does not grant"));
  EXPECT_EQ(ports_->deleted, 0);
  EXPECT_THAT(There(), UnorderedElementsAre(AclText(orders_), AclText(group_)));
}

TEST_F(AclSyncTest, ASourceThatLosesItsAuthorizerHasTakenNothingAway) {
  CarryOver();
  source_.acls.clear();
  source_.refused[AclResource::kTopic] = source_.refused[AclResource::kGroup] = kafka::Error::kSecurityDisabled;
  const Status disabled = Round();
  EXPECT_EQ(WhyNot(disabled), Reason::kSecurityDisabled);
  EXPECT_THAT(Text(disabled), HasSubstr("cluster paris has no authorizer"));
  EXPECT_EQ(ports_->deleted, 0);
  EXPECT_THAT(There(), UnorderedElementsAre(AclText(orders_), AclText(group_)));
}

TEST_F(AclSyncTest, ADestinationWithoutAnAuthorizerGetsNoAcls) {
  Mirror();
  source_.acls = {orders_};
  destination_.refused[AclResource::kTopic] = kafka::Error::kSecurityDisabled;
  const Status disabled = Round();
  EXPECT_EQ(WhyNot(disabled), Reason::kSecurityDisabled);
  EXPECT_THAT(Text(disabled), HasSubstr("cluster lyon has no authorizer"));
  EXPECT_THAT(There(), IsEmpty());
  EXPECT_THAT(ports_->view().acls(), IsEmpty());
}

TEST_F(AclSyncTest, ABrokerThatDoesNotAnswerHasTakenNothingAway) {
  CarryOver();
  source_.acls.clear();
  brokers_[0].Handle(kafka::ApiKey::kDescribeAcls, [](const auto&) { return std::nullopt; });
  EXPECT_EQ(Round().code(), Code::kUnavailable);
  EXPECT_THAT(There(), UnorderedElementsAre(AclText(orders_), AclText(group_)));
}

TEST_F(AclSyncTest, OperationsOfALaterKafkaAreLeftOutOfTheList) {
  source_.acls = {orders_};
  source_.newer = {13, 14, 99};
  const auto listed = Run(ListAcls(*clusters_[0], AclResource::kTopic));
  ASSERT_EQ(listed.status(), absl::OkStatus());
  EXPECT_THAT(*listed, ElementsAre(orders_));
}

}  // namespace
}  // namespace klink::link
