// A cluster of fake brokers: leaders, coordinators, any broker, wrong clusters, the end.
#include "kafka/cluster.h"

#include <gmock/gmock.h>

#include "kafka/messages/all.h"
#include "tests/fake/api_versions.h"
#include "tests/fake/clock.h"
#include "tests/fake/find_coordinator.h"
#include "tests/fake/metadata.h"

namespace klink::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Heard final : CallObserver {
  void OnCall(const std::string&, ApiKey api, Duration, const Status& status) override {
    calls[api]++;
    if (!status.ok()) failed++;
  }
  void OnThrottle(const std::string&, const Endpoint&, Lane, Duration throttle) override { throttled += throttle; }
  std::map<ApiKey, int> calls;
  int failed = 0;
  Duration throttled{};
};

class ClusterTest : public fake::VirtualTimeTest {
 protected:
  ClusterTest() {
    for (int32_t id : {1, 2}) state_.brokers[id] = fakes_[id - 1].endpoint();
    state_.topics["orders"] = {{.broker = 1, .epoch = 5}, {.broker = 2, .epoch = 7}, {.broker = -1, .epoch = 3}};
    state_.ids["orders"] = fake::ClusterState::IdOf(1);
    state_.coordinators["billing"] = 2;
    for (fake::Broker& broker : fakes_) Serve(broker);
    Make({fakes_[0].endpoint(), fakes_[1].endpoint()});
  }
  void Serve(fake::Broker& broker) {
    fake::ServeApiVersions(broker);
    fake::ServeMetadata(broker, state_);
    fake::ServeFindCoordinator(broker, state_);
  }
  void Make(std::vector<Endpoint> bootstrap) {
    ClusterOptions options;
    options.name = "paris";
    options.bootstrap = std::move(bootstrap);
    cluster_ = std::make_unique<Cluster>(std::move(options), io_.get_executor(), clock_, &heard_);
  }
  int MetadataRequests() const { return fakes_[0].requests(ApiKey::kMetadata) + fakes_[1].requests(ApiKey::kMetadata); }
  Async<StatusOr<PartitionLeader>> Leader(std::string topic, int32_t partition) {
    co_return co_await cluster_->Leader(TopicPartition{std::move(topic), partition});
  }
  Async<Status> InitProducerId(int32_t broker, Lane lane, Duration deadline) {
    InitProducerIdRequest request;
    auto response = co_await cluster_->Call(broker, lane, request, deadline);
    co_return response.status();
  }
  Async<bool> Close() {
    co_await cluster_->Close();
    co_return true;
  }

  Heard heard_;
  fake::ClusterState state_;
  fake::Broker fakes_[2]{fake::Broker(io_.get_executor()), fake::Broker(io_.get_executor())};
  std::unique_ptr<Cluster> cluster_;
};

TEST_F(ClusterTest, OneMetadataRequestAnswersAllWhoAskForLeaders) {
  std::vector<std::optional<StatusOr<PartitionLeader>>> leaders(30);
  for (size_t i = 0; i < leaders.size(); i++) Start(Leader("orders", static_cast<int32_t>(i % 2)), leaders[i]);
  RunUntil([&] { return leaders.back().has_value(); });
  EXPECT_EQ(**leaders[0], (PartitionLeader{.broker = 1, .epoch = 5}));
  EXPECT_EQ(**leaders[1], (PartitionLeader{.broker = 2, .epoch = 7}));
  EXPECT_EQ(MetadataRequests(), 1);
  EXPECT_EQ(cluster_->TopicId("orders"), fake::ClusterState::IdOf(1));
  EXPECT_TRUE(cluster_->reachable());
  EXPECT_EQ(heard_.calls[ApiKey::kMetadata], 1);
}

TEST_F(ClusterTest, SaysWhetherALeaderIsMissingOrThePartitionOrTheTopic) {
  auto none = Run(Leader("orders", 2));
  EXPECT_TRUE(IsUnavailable(none.status()));
  EXPECT_EQ(Text(none.status()), "cluster paris: partition orders-2 has no leader now");
  auto beyond = Run(Leader("orders", 9));
  EXPECT_EQ(beyond.status().code(), Code::kNotFound);
  EXPECT_EQ(Text(beyond.status()), "cluster paris: partition orders-9 does not exist: the topic has 3");
  auto unknown = Run(Leader("nosuch", 0));
  EXPECT_EQ(unknown.status().code(), Code::kNotFound);
}

TEST_F(ClusterTest, AForgottenLeaderIsAskedForAgainAndAMoveIsSeen) {
  ASSERT_TRUE(Run(Leader("orders", 0)).ok());
  clock_.Advance(1min);
  state_.topics["orders"][0] = {.broker = 2, .epoch = 6};
  EXPECT_EQ(Run(Leader("orders", 0))->broker, 1);  // the cache
  cluster_->ForgetLeader({"orders", 0});
  EXPECT_EQ(*Run(Leader("orders", 0)), (PartitionLeader{.broker = 2, .epoch = 6}));
}

TEST_F(ClusterTest, AnOlderEpochNeverReplacesANewerOne) {
  ASSERT_TRUE(Run(Leader("orders", 0)).ok());
  cluster_->NoteLeader({"orders", 0}, {.broker = 2, .epoch = 6});
  EXPECT_EQ(Run(Leader("orders", 0))->broker, 2);
  cluster_->NoteLeader({"orders", 0}, {.broker = 1, .epoch = 5});
  EXPECT_EQ(Run(Leader("orders", 0))->broker, 2);
  clock_.Advance(1min);
  ASSERT_TRUE(Run(Leader("orders", 2)).status().code() == Code::kUnavailable);  // asks a broker that lags behind
  EXPECT_EQ(Run(Leader("orders", 0))->broker, 2);
}

TEST_F(ClusterTest, AFloodOfWrongLeadersIsNoFloodOfQuestions) {
  const Instant began = clock_.Now();
  int found = 0;
  while (clock_.Now() - began < 20s) {
    cluster_->ForgetLeader({"orders", 0});
    ASSERT_TRUE(Run(Leader("orders", 0)).ok());
    found++;
  }
  EXPECT_LE(MetadataRequests(), 26);
  EXPECT_GE(MetadataRequests(), 10);
  EXPECT_EQ(found, MetadataRequests());
}

TEST_F(ClusterTest, FindsACoordinator) {
  auto found = Run(cluster_->Coordinator(CoordinatorType::kGroup, "billing"));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, 2);
  auto missing = Run(cluster_->Coordinator(CoordinatorType::kTransaction, "nobody"));
  EXPECT_TRUE(IsUnavailable(missing.status()));
  EXPECT_EQ(ErrorOf(missing.status()), Error::kCoordinatorNotAvailable);
}

TEST_F(ClusterTest, AnyBrokerWillDoWhenTheFirstIsDown) {
  fakes_[0].Stop();
  auto id = Run(cluster_->ClusterId());
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(*id, "fake-cluster");
  EXPECT_THAT(cluster_->Brokers(), ElementsAre(1, 2));
}

TEST_F(ClusterTest, ABlackHoleAmongTheBootstrapAddressesCostsOnlyItsPartOfTheTime) {
  fake::Broker hole(io_.get_executor());
  Make({hole.endpoint(), fakes_[0].endpoint()});
  const Instant began = clock_.Now();
  ASSERT_TRUE(Run(cluster_->ClusterId()).ok());
  EXPECT_LT(clock_.Now() - began, 6s);
}

TEST_F(ClusterTest, SaysWhichAddressesCannotBeReachedAndWhy) {
  for (fake::Broker& broker : fakes_) broker.Stop();
  auto id = Run(cluster_->ClusterId());
  EXPECT_TRUE(IsUnavailable(id.status()));
  const std::string a = ToString(fakes_[0].endpoint()), b = ToString(fakes_[1].endpoint());
  EXPECT_THAT(Text(id.status()), HasSubstr("cluster paris: "));
  EXPECT_THAT(Text(id.status()), HasSubstr("cannot reach any of "));
  EXPECT_THAT(Text(id.status()), HasSubstr("connect to " + a + ": Connection refused"));
  EXPECT_THAT(Text(id.status()), HasSubstr("connect to " + b + ": Connection refused"));
  EXPECT_FALSE(cluster_->reachable());
}

TEST_F(ClusterTest, AClusterOfBlackHolesIsUnavailableWithinTheDeadline) {
  for (fake::Broker& broker : fakes_) broker.Handle(ApiKey::kApiVersions, [](auto&) { return std::nullopt; });
  const Instant began = clock_.Now();
  auto leader = Run(Leader("orders", 0));
  EXPECT_TRUE(IsUnavailable(leader.status()));
  EXPECT_LE(clock_.Now() - began, 10s + 4 * Deadlines::kTick);
  EXPECT_FALSE(cluster_->reachable());
}

TEST_F(ClusterTest, ACallToAnUnknownBrokerAsksForTheBrokersFirst) {
  EXPECT_TRUE(Run(cluster_->Versions(2)).ok());
  auto nobody = Run(cluster_->Versions(9));
  EXPECT_TRUE(IsUnavailable(nobody.status()));
  EXPECT_THAT(Text(nobody.status()), HasSubstr("broker 9 is not up"));
}

TEST_F(ClusterTest, VersionsAreNegotiatedPerBroker) {
  fake::Offer offer = fake::Offer::Everything();
  offer.ranges[ApiKey::kFetch] = {.min = 4, .max = 11};
  offer.ranges[ApiKey::kProduce] = {.min = 0, .max = 1};
  fake::ServeApiVersions(fakes_[1], offer);
  EXPECT_EQ(*Run(cluster_->Version(1, ApiKey::kFetch)), FetchRequest::kMax);
  EXPECT_EQ(*Run(cluster_->Version(2, ApiKey::kFetch)), 11);
  auto none = Run(cluster_->Version(2, ApiKey::kProduce));
  EXPECT_EQ(none.status().code(), Code::kFailedPrecondition);
}

TEST_F(ClusterTest, ASwallowedRequestDoesNotTouchAnotherLane) {
  ASSERT_TRUE(Run(cluster_->ClusterId()).ok());
  std::optional<Status> swallowed;
  Start(InitProducerId(1, Lane::kProduce, 3s), swallowed);
  Settle();
  const Instant began = clock_.Now();
  EXPECT_TRUE(Run(cluster_->Metadata(std::nullopt)).ok());
  EXPECT_LT(clock_.Now() - began, 1s);
  RunUntil([&] { return swallowed.has_value(); });
  EXPECT_TRUE(IsUnavailable(*swallowed));
  EXPECT_THAT(Text(*swallowed), HasSubstr("cluster paris: InitProducerId: "));
  EXPECT_THAT(Text(*swallowed), HasSubstr("outcome of this request is unknown"));
}

TEST_F(ClusterTest, AThrottledBrokerIsGivenTheTimeItAsksFor) {
  Make({fakes_[0].endpoint()});
  state_.brokers.erase(2);
  state_.throttle_ms = 4000;
  ASSERT_TRUE(Run(cluster_->Metadata(std::nullopt)).ok());
  const Instant began = clock_.Now();
  ASSERT_TRUE(Run(cluster_->Metadata(std::nullopt)).ok());
  EXPECT_GE(clock_.Now() - began, 4s);
  EXPECT_EQ(heard_.throttled, 8s);
}

TEST_F(ClusterTest, ABrokerThatMovedIsFoundAtItsNewAddress) {
  ASSERT_TRUE(Run(cluster_->Versions(2)).ok());
  fake::Broker moved(io_.get_executor());
  Serve(moved);
  fakes_[1].Stop();
  state_.brokers[2] = moved.endpoint();
  ASSERT_TRUE(Run(cluster_->Metadata(std::nullopt)).ok());
  EXPECT_TRUE(Run(cluster_->Versions(2)).ok());
  EXPECT_GE(moved.accepted(), 1);
}

TEST_F(ClusterTest, AnotherClusterAtTheSameAddressGetsNoRequests) {
  ASSERT_EQ(*Run(cluster_->ClusterId()), "fake-cluster");
  for (fake::Broker& broker : fakes_) broker.Drop();
  state_.cluster_id = "another";
  const Status refused = Run(InitProducerId(1, Lane::kProduce, 20s));
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition) << refused;
  EXPECT_EQ(ErrorOf(refused), Error::kInconsistentClusterId);
  EXPECT_THAT(Text(refused), HasSubstr("lead to cluster another where cluster fake-cluster was before"));
  EXPECT_EQ(fakes_[0].requests(ApiKey::kInitProducerId), 0);
  EXPECT_EQ(ErrorOf(Run(cluster_->Metadata(std::nullopt)).status()), Error::kInconsistentClusterId);
}

TEST_F(ClusterTest, ClosingEndsEverythingAsCancelled) {
  ASSERT_TRUE(Run(cluster_->ClusterId()).ok());
  std::optional<Status> under_way, connecting;
  Start(InitProducerId(1, Lane::kProduce, 1h), under_way);
  Settle();
  for (fake::Broker& broker : fakes_) broker.Handle(ApiKey::kApiVersions, [](auto&) { return std::nullopt; });
  Start(InitProducerId(2, Lane::kFetch, 1h), connecting);
  Settle();
  EXPECT_TRUE(Run(Close()));
  RunUntil([&] { return under_way && connecting; });
  EXPECT_TRUE(IsCancelled(*under_way)) << *under_way;
  EXPECT_TRUE(IsCancelled(*connecting)) << *connecting;
  EXPECT_TRUE(IsCancelled(Run(cluster_->Metadata(std::nullopt)).status()));
  EXPECT_TRUE(IsCancelled(Run(Leader("orders", 0)).status()));
  EXPECT_FALSE(cluster_->reachable());
}

TEST_F(ClusterTest, MayBeDestroyedUnderItsCalls) {
  std::optional<Status> under_way;
  Start(InitProducerId(1, Lane::kProduce, 1h), under_way);
  Settle();
  cluster_.reset();
  RunUntil([&] { return under_way.has_value(); });
  EXPECT_TRUE(IsCancelled(*under_way)) << *under_way;
}

TEST_F(ClusterTest, TheContextMayBeDestroyedUnderItsCalls) {
  std::optional<Status> under_way, connecting;
  std::optional<StatusOr<PartitionLeader>> leader;
  Start(InitProducerId(1, Lane::kProduce, 1h), under_way);
  Settle();
  for (fake::Broker& broker : fakes_) broker.Handle(ApiKey::kApiVersions, [](auto&) { return std::nullopt; });
  Start(InitProducerId(2, Lane::kFetch, 1h), connecting);
  Start(Leader("nosuch", 0), leader);
  Settle();
}

}  // namespace
}  // namespace klink::kafka
