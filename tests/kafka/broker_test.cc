// One broker: handshake, back-off shared by its callers, throttling, black holes.
#include "kafka/broker.h"

#include <gmock/gmock.h>

#include "kafka/messages/all.h"
#include "tests/fake/api_versions.h"
#include "tests/fake/clock.h"

namespace klink::kafka {
namespace {

using testing::HasSubstr;

class BrokerTest : public fake::VirtualTimeTest {
 protected:
  BrokerTest() {
    auto dialing = std::make_shared<Dialing>();
    dialing->client_id = "test";
    dialing->connector = std::make_shared<TcpConnector>(io_.get_executor(), network_->deadlines);
    dialing_ = dialing;
    broker_ = std::make_shared<Broker>(network_, dialing_, fake_.endpoint());
  }
  ~BrokerTest() override { broker_->Close(Cancelled("end of test")); }

  Async<Status> Ready(Lane lane, Duration deadline) {
    StatusOr<std::shared_ptr<Connection>> ready = co_await broker_->Ready(lane, clock_.Now() + deadline);
    co_return ready.status();
  }

  fake::Broker fake_{io_.get_executor()};
  std::shared_ptr<Network> network_ = std::make_shared<Network>(io_.get_executor(), clock_, 1 << 20);
  std::shared_ptr<const Dialing> dialing_;
  std::shared_ptr<Broker> broker_;
};

TEST_F(BrokerTest, EachLaneHasItsOwnConnectionAndKeepsIt) {
  fake::ServeApiVersions(fake_);
  for (int i = 0; i < 3; i++) {
    EXPECT_TRUE(Run(Ready(Lane::kControl, 5s)).ok());
    EXPECT_TRUE(Run(Ready(Lane::kFetch, 5s)).ok());
  }
  EXPECT_EQ(fake_.accepted(), 2);
}

TEST_F(BrokerTest, CallersOfOneLaneShareOneAttempt) {
  fake::ServeApiVersions(fake_);
  std::vector<std::optional<Status>> ready(20);
  for (auto& one : ready) Start(Ready(Lane::kProduce, 5s), one);
  RunUntil([&] { return ready.back().has_value(); });
  for (auto& one : ready) EXPECT_TRUE(one && one->ok());
  EXPECT_EQ(fake_.accepted(), 1);
}

TEST_F(BrokerTest, AnOlderBrokerIsAskedAgainInVersionZero) {
  fake::Offer offer = fake::Offer::Everything();
  offer.most = 2;
  offer.ranges[ApiKey::kFetch] = {.min = 4, .max = 11};
  fake::ServeApiVersions(fake_, offer);
  auto connection = Run(broker_->Ready(Lane::kControl, clock_.Now() + 5s));
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(fake_.requests(ApiKey::kApiVersions), 2);
  EXPECT_EQ(fake_.accepted(), 1);
  EXPECT_EQ((*connection)->versions.RangeOf(ApiKey::kFetch).max, 11);
}

TEST_F(BrokerTest, ARefusedConnectionSaysWhereAndWhy) {
  fake_.Stop();
  const Status refused = Run(Ready(Lane::kControl, 5s));
  EXPECT_TRUE(IsUnavailable(refused));
  EXPECT_TRUE(WasNeverSent(refused));
  EXPECT_EQ(Text(refused), "connect to " + ToString(fake_.endpoint()) + ": Connection refused");
}

TEST_F(BrokerTest, ABrokerThatIsDownIsTriedWithGrowingPausesHoweverManyAsk) {
  int attempts = 0;
  struct Refusing final : Connector {
    explicit Refusing(int& n) : count(n) {}
    Async<StatusOr<std::unique_ptr<Stream>>> Connect(Endpoint, Lane, Instant) override {
      count++;
      co_return Unavailable("refused");
    }
    int& count;
  };
  auto dialing = std::make_shared<Dialing>();
  dialing->connector = std::make_shared<Refusing>(attempts);
  broker_ = std::make_shared<Broker>(network_, dialing, fake_.endpoint());
  const Instant began = clock_.Now();
  int asked = 0;
  while (clock_.Now() - began < 20s) {
    std::optional<Status> a, b;
    Start(Ready(Lane::kControl, 5s), a);
    Start(Ready(Lane::kControl, 5s), b);
    RunUntil([&] { return a && b; });
    EXPECT_TRUE(IsUnavailable(*a));
    asked += 2;
  }
  EXPECT_GE(attempts, 12);  // at once, then 100 ms … 2 s, jittered down to half
  EXPECT_LE(attempts, 26);
  EXPECT_GE(asked, 2 * (attempts - 1));  // the very first attempt ended before the second caller came
}

TEST_F(BrokerTest, ABrokerThatComesBackIsFound) {
  fake::ServeApiVersions(fake_);
  fake_.Stop();
  EXPECT_FALSE(Run(Ready(Lane::kControl, 5s)).ok());
  fake_.Listen();
  EXPECT_TRUE(Run(Ready(Lane::kControl, 5s)).ok());
}

TEST_F(BrokerTest, ALostConnectionThatHadProvedItselfIsReplacedAtOnce) {
  fake::ServeApiVersions(fake_);
  EXPECT_TRUE(Run(Ready(Lane::kControl, 5s)).ok());
  clock_.Advance(Broker::kStable);
  fake_.Drop();
  RunUntil([&] { return !broker_->IsOpen(Lane::kControl); });
  const Instant lost = clock_.Now();
  EXPECT_TRUE(Run(Ready(Lane::kControl, 5s)).ok());
  EXPECT_LE(clock_.Now() - lost, Deadlines::kTick);
}

TEST_F(BrokerTest, ABlackHoleIsGivenUpWithinTheDeadlineOfEachCaller) {
  const Instant began = clock_.Now();  // accepts, never answers
  std::optional<Status> hasty, patient;
  Start(Ready(Lane::kControl, 1s), hasty);
  Start(Ready(Lane::kControl, 60s), patient);
  RunUntil([&] { return hasty.has_value(); });
  EXPECT_LE(clock_.Now() - began, 1s + 2 * Deadlines::kTick);
  EXPECT_TRUE(IsUnavailable(*hasty));
  RunUntil([&] { return patient.has_value(); });
  EXPECT_LE(clock_.Now() - began, dialing_->connect_timeout + 2 * Deadlines::kTick);
  EXPECT_TRUE(IsUnavailable(*patient));
  EXPECT_THAT(Text(*patient), HasSubstr("handshake"));
}

TEST_F(BrokerTest, AThrottledLaneWaitsAndTheOthersDoNot) {
  broker_->NoteThrottle(Lane::kProduce, 3s);
  const auto produce = Run(broker_->AwaitThrottle(Lane::kProduce));
  ASSERT_TRUE(produce.ok());
  EXPECT_GE(*produce, 3s);
  EXPECT_LE(*produce, 3s + Deadlines::kTick);
  EXPECT_EQ(*Run(broker_->AwaitThrottle(Lane::kFetch)), Duration::zero());
  broker_->NoteThrottle(Lane::kProduce, 1h);
  EXPECT_LE(*Run(broker_->AwaitThrottle(Lane::kProduce)), Broker::kThrottleMost + Deadlines::kTick);
}

TEST_F(BrokerTest, AnAuthenticatorThatSaysNoEndsTheConnection) {
  struct Refusing final : Authenticator {
    Async<StatusOr<Duration>> Authenticate(std::shared_ptr<Connection>, Instant) override {
      co_return Unauthenticated("the broker does not know user klink");
    }
  };
  fake::ServeApiVersions(fake_);
  auto dialing = std::make_shared<Dialing>(*dialing_);
  dialing->authenticator = std::make_shared<Refusing>();
  broker_ = std::make_shared<Broker>(network_, dialing, fake_.endpoint());
  const Status refused = Run(Ready(Lane::kControl, 5s));
  EXPECT_EQ(refused.code(), Code::kUnauthenticated);
  EXPECT_EQ(network_->usable, 0);
}

TEST_F(BrokerTest, ClosingEndsAWaitingCaller) {
  std::optional<Status> waiting;
  Start(Ready(Lane::kControl, 1h), waiting);
  Settle();
  broker_->Close(Cancelled("closed"));
  const Instant closed = clock_.Now();
  RunUntil([&] { return waiting.has_value(); });
  EXPECT_TRUE(IsCancelled(*waiting));
  EXPECT_LE(clock_.Now() - closed, Deadlines::kTick);
}

}  // namespace
}  // namespace klink::kafka
