// Who we are, told to a fake broker: mechanisms, refusals, sessions that end.
#include "kafka/sasl.h"

#include <gmock/gmock.h>

#include "kafka/broker.h"
#include "kafka/messages/all.h"
#include "tests/fake/api_versions.h"
#include "tests/fake/clock.h"

namespace klink::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SaslTest : public fake::VirtualTimeTest {
 protected:
  SaslTest() {
    fake::ServeApiVersions(fake_);
    fake_.Handle(ApiKey::kSaslHandshake, [this](const RequestHeader& header) {
      return fake::Reply<SaslHandshakeRequest>(header, [this](const SaslHandshakeRequest& request) {
        order_.push_back("handshake");
        SaslHandshakeResponse response;
        response.mechanisms = {"PLAIN", "SCRAM-SHA-256"};
        response.error_code = handshake_error_;
        if (handshake_error_ == Error::kNone && request.mechanism != "PLAIN")
          response.error_code = Error::kUnsupportedSaslMechanism;
        return response;
      });
    });
    fake_.Handle(ApiKey::kSaslAuthenticate, [this](const RequestHeader& header) {
      return fake::Reply<SaslAuthenticateRequest>(header, [this](const SaslAuthenticateRequest& request) {
        order_.push_back("authenticate");
        tokens_.emplace_back(AsText(request.auth_bytes.view()));
        SaslAuthenticateResponse response;
        response.session_lifetime_ms = lifetime_ms_;
        if (tokens_.back() != std::string("\0klink\0right", 12)) {
          response.error_code = Error::kSaslAuthenticationFailed;
          response.error_message = "Authentication failed: Invalid username or password";
        }
        return response;
      });
    });
    fake_.Handle(ApiKey::kMetadata, [this](const RequestHeader& header) {
      order_.push_back("metadata");
      return fake::Reply<MetadataRequest>(header, [](const MetadataRequest&) { return MetadataResponse(); });
    });
  }
  ~SaslTest() override {
    if (broker_) broker_->Close(Cancelled("end of test"));
  }

  void Dial(const std::string& mechanism, std::vector<std::string> watched = {}) {
    SaslSettings settings;
    settings.mechanism = mechanism;
    settings.user = "klink";
    settings.password = [this] { return password_; };
    settings.client_id = "test";
    auto dialing = std::make_shared<Dialing>();
    dialing->client_id = "test";
    dialing->connector = std::make_shared<TcpConnector>(io_.get_executor(), network_->deadlines);
    dialing->authenticator = std::make_shared<SaslAuthenticator>(settings);
    if (!watched.empty()) dialing->credentials = std::make_shared<FileWatch>(watched);
    broker_ = std::make_shared<Broker>(network_, dialing, fake_.endpoint());
  }
  Async<Status> Ready() {
    StatusOr<std::shared_ptr<Connection>> ready = co_await broker_->Ready(Lane::kControl, clock_.Now() + 5s);
    co_return ready.status();
  }
  Async<Status> AskMetadata() {
    CO_TRY(const auto connection, co_await broker_->Ready(Lane::kControl, clock_.Now() + 5s));
    MetadataRequest request;
    const int32_t id = connection->NextCorrelationId();
    Gather frame = EncodeRequest(request, 12, id, "test");
    co_return StatusOf(co_await connection->Call(std::move(frame), id, clock_.Now() + 5s));
  }

  std::string password_ = "right";
  Error handshake_error_ = Error::kNone;
  int64_t lifetime_ms_ = 0;
  std::vector<std::string> tokens_;
  std::vector<std::string> order_;
  fake::Broker fake_{io_.get_executor()};
  std::shared_ptr<Network> network_ = std::make_shared<Network>(io_.get_executor(), clock_, 1 << 20);
  std::shared_ptr<Broker> broker_;
};

TEST_F(SaslTest, PlainSendsUserAndPasswordOnce) {
  Dial("PLAIN");
  EXPECT_TRUE(Run(Ready()).ok());
  EXPECT_THAT(tokens_, ElementsAre(std::string("\0klink\0right", 12)));
}

TEST_F(SaslTest, AWrongPasswordIsSaidWithoutThePassword) {
  password_ = "wrong-canary";
  Dial("PLAIN");
  const Status refused = Run(Ready());
  EXPECT_EQ(refused.code(), Code::kUnauthenticated);
  EXPECT_THAT(Text(refused), HasSubstr("refuses user klink with PLAIN: Authentication failed: Invalid username or "
                                       "password; correct sasl.username and sasl.password"));
  EXPECT_THAT(Text(refused), testing::Not(HasSubstr("canary")));
}

TEST_F(SaslTest, ACorrectedPasswordIsUsedByTheNextConnection) {
  password_ = "wrong";
  Dial("PLAIN");
  EXPECT_FALSE(Run(Ready()).ok());
  password_ = "right";
  EXPECT_TRUE(Run(Ready()).ok());
}

TEST_F(SaslTest, RefusalsAreRetriedWithGrowingPauses) {
  password_ = "wrong";
  Dial("PLAIN");
  const Instant began = clock_.Now();
  for (int i = 0; i < 10; i++) EXPECT_FALSE(Run(Ready()).ok());
  EXPECT_GE(clock_.Now() - began, 3s);
  EXPECT_EQ(tokens_.size(), 10u);
}

TEST_F(SaslTest, AMechanismTheBrokerDoesNotOfferIsAnsweredWithThoseItDoes) {
  Dial("SCRAM-SHA-512");
  const Status refused = Run(Ready());
  EXPECT_EQ(refused.code(), Code::kUnauthenticated);
  EXPECT_THAT(Text(refused), HasSubstr("does not offer SCRAM-SHA-512 on this listener but PLAIN, SCRAM-SHA-256"));
}

TEST_F(SaslTest, AListenerWithoutSaslIsRecognised) {
  handshake_error_ = Error::kIllegalSaslState;
  Dial("PLAIN");
  const Status refused = Run(Ready());
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_THAT(Text(refused), HasSubstr("is a listener without SASL: set security.protocol to PLAINTEXT or SSL"));
}

TEST_F(SaslTest, TheBrokerIsToldAgainBeforeTheSessionEndsOnTheSameConnection) {
  lifetime_ms_ = 5000;
  Dial("PLAIN");
  ASSERT_TRUE(Run(Ready()).ok());
  const Instant began = clock_.Now();
  RunUntil([&] { return tokens_.size() == 4; });
  EXPECT_LE(clock_.Now() - began, 13s);
  EXPECT_GE(clock_.Now() - began, 12s);
  EXPECT_EQ(fake_.accepted(), 1);
}

TEST_F(SaslTest, NothingIsSentBetweenTheTwoPartsOfTellingAgain) {
  lifetime_ms_ = 5000;
  Dial("PLAIN");
  ASSERT_TRUE(Run(Ready()).ok());
  std::vector<std::optional<Status>> answers(200);
  const Instant began = clock_.Now();
  for (auto& answer : answers) {
    Start(AskMetadata(), answer);
    RunUntil([&] { return answer.has_value() || clock_.Now() - began > 60s; });
    clock_.Advance(50ms);
  }
  for (auto& answer : answers) EXPECT_TRUE(answer && answer->ok());
  EXPECT_GE(tokens_.size(), 3u);
  EXPECT_EQ(fake_.accepted(), 1);
  for (size_t i = 0; i + 1 < order_.size(); i++) {
    if (order_[i] == "handshake") {
      EXPECT_EQ(order_[i + 1], "authenticate");
    }
  }
}

TEST_F(SaslTest, ARefusedRenewalEndsTheConnection) {
  lifetime_ms_ = 5000;
  Dial("PLAIN");
  ASSERT_TRUE(Run(Ready()).ok());
  password_ = "wrong";
  RunUntil([&] { return !broker_->IsOpen(Lane::kControl); });
  EXPECT_EQ(Run(Ready()).code(), Code::kUnauthenticated);
}

TEST_F(SaslTest, ARenewedSecretReplacesTheConnectionOnceItIsQuiet) {
  const std::string file = testing::TempDir() + "klink-sasl-test-secret";
  const auto write = [&](const std::string& text) {
    std::FILE* out = std::fopen(file.c_str(), "w");
    ASSERT_NE(out, nullptr);
    std::fputs(text.c_str(), out);
    std::fclose(out);
  };
  write("one");
  Dial("PLAIN", {file});
  ASSERT_TRUE(Run(AskMetadata()).ok());
  clock_.Advance(FileWatch::kLook);
  ASSERT_TRUE(Run(AskMetadata()).ok());
  EXPECT_EQ(fake_.accepted(), 1);
  write("another");
  clock_.Advance(FileWatch::kLook);
  EXPECT_TRUE(Run(AskMetadata()).ok());
  EXPECT_EQ(fake_.accepted(), 2);
  std::remove(file.c_str());
}

}  // namespace
}  // namespace klink::kafka
