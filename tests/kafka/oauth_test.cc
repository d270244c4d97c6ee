// Bearer tokens: from an endpoint in this process to a fake broker.
#include "kafka/oauth.h"

#include <fstream>

#include <boost/asio/read_until.hpp>
#include <gmock/gmock.h>

#include "kafka/broker.h"
#include "kafka/messages/all.h"
#include "kafka/sasl.h"
#include "tests/fake/api_versions.h"
#include "tests/fake/clock.h"
#include "tests/fake/tls_front.h"

namespace klink::kafka {
namespace {

using testing::HasSubstr;

// Answers each connection with what is due and closes it.
class TokenServer {
 public:
  explicit TokenServer(Executor executor) : state_(std::make_shared<State>(executor)) {
    Detach(executor, Serve(state_));
  }
  ~TokenServer() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
  }
  Endpoint endpoint() const { return {.host = "127.0.0.1", .port = state_->acceptor.local_endpoint().port()}; }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/token", endpoint().port); }
  void Answer(int status, const std::string& body) {
    state_->answer = fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
  }
  void AnswerRaw(std::string text) { state_->answer = std::move(text); }
  int asked() const { return static_cast<int>(state_->requests.size()); }
  const std::string& last() const { return state_->requests.back(); }

 private:
  using tcp = asio::ip::tcp;
  struct State {
    explicit State(Executor executor) : acceptor(executor, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {}
    tcp::acceptor acceptor;
    std::string answer;
    std::vector<std::string> requests;
  };
  static Async<void> Serve(std::shared_ptr<State> state) {
    for (;;) {
      auto [ec, socket] = co_await state->acceptor.async_accept(kAsTuple);
      if (ec) co_return;
      std::string request;
      (void)co_await asio::async_read_until(socket, asio::dynamic_buffer(request), "grant_type=client_credentials",
                                            kAsTuple);
      state->requests.push_back(request);
      (void)co_await asio::async_write(socket, asio::buffer(state->answer), kAsTuple);
    }
  }
  std::shared_ptr<State> state_;
};

class OAuthTest : public fake::VirtualTimeTest {
 protected:
  OAuthTest() {
    fake::ServeApiVersions(fake_);
    fake_.Handle(ApiKey::kSaslHandshake, [](const RequestHeader& header) {
      return fake::Reply<SaslHandshakeRequest>(header,
                                               [](const SaslHandshakeRequest&) { return SaslHandshakeResponse(); });
    });
    fake_.Handle(ApiKey::kSaslAuthenticate, [this](const RequestHeader& header) {
      return fake::Reply<SaslAuthenticateRequest>(header, [this](const SaslAuthenticateRequest& request) {
        const std::string said(AsText(request.auth_bytes.view()));
        said_.push_back(said);
        SaslAuthenticateResponse response;
        response.session_lifetime_ms = lifetime_ms_;
        if (said == "\x01") {
          response.error_code = Error::kSaslAuthenticationFailed;
          response.error_message = "invalid_token";
        } else if (said.find(accepted_) == std::string::npos) {
          response.auth_bytes = SharedBytes::CopyOf(AsBytes("{\"status\":\"invalid_token\"}"));
        }
        return response;
      });
    });
    Issue("{\"access_token\":\"first-token\",\"token_type\":\"Bearer\",\"expires_in\":100}");
  }
  ~OAuthTest() override {
    if (broker_) broker_->Close(Cancelled("end of test"));
  }

  void Issue(const std::string& body) {
    server_.Answer(200, body);
    TokenSettings tokens;
    tokens.endpoint = server_.url();
    tokens.client_id = "klink:1";
    tokens.client_secret = [] { return "a b"; };
    tokens.scope = "kafka write";
    source_ = std::make_shared<TokenSource>(tokens);
  }
  Async<StatusOr<std::string>> Get() {
    co_return co_await TokenSource::Get(source_, io_.get_executor(), network_->deadlines, clock_.Now() + 5s);
  }
  Async<Status> Ready(Lane lane) {
    StatusOr<std::shared_ptr<Connection>> ready = co_await broker_->Ready(lane, clock_.Now() + 5s);
    co_return ready.status();
  }
  void Dial() {
    SaslSettings settings;
    settings.mechanism = "OAUTHBEARER";
    settings.user = "klink";
    settings.tokens = source_;
    settings.client_id = "test";
    auto dialing = std::make_shared<Dialing>();
    dialing->client_id = "test";
    dialing->connector = std::make_shared<TcpConnector>(io_.get_executor(), network_->deadlines);
    dialing->authenticator = std::make_shared<SaslAuthenticator>(settings);
    broker_ = std::make_shared<Broker>(network_, dialing, fake_.endpoint());
  }

  std::string accepted_ = "auth=Bearer first-token";
  int64_t lifetime_ms_ = 0;
  std::vector<std::string> said_;
  fake::Broker fake_{io_.get_executor()};
  TokenServer server_{io_.get_executor()};
  std::shared_ptr<Network> network_ = std::make_shared<Network>(io_.get_executor(), clock_, 1 << 20);
  std::shared_ptr<TokenSource> source_;
  std::shared_ptr<Broker> broker_;
};

TEST_F(OAuthTest, ATokenIsAskedForWithTheClientsCredentials) {
  const StatusOr<std::string> token = Run(Get());
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(*token, "first-token");
  EXPECT_THAT(server_.last(), HasSubstr("POST /token HTTP/1.1\r\n"));
  EXPECT_THAT(server_.last(), HasSubstr("Authorization: Basic a2xpbmslM0ExOmElMjBi\r\n"));  // klink%3A1:a%20b
  EXPECT_THAT(server_.last(), HasSubstr("Content-Type: application/x-www-form-urlencoded\r\n"));
}

TEST_F(OAuthTest, ATokenIsUsedAgainUntilFourFifthsOfItsLife) {
  ASSERT_TRUE(Run(Get()).ok());
  clock_.Advance(79s);
  ASSERT_TRUE(Run(Get()).ok());
  EXPECT_EQ(server_.asked(), 1);
  clock_.Advance(1s);
  ASSERT_TRUE(Run(Get()).ok());
  EXPECT_EQ(server_.asked(), 2);
}

// A fifth of a token's life is there for an endpoint that restarts.
TEST_F(OAuthTest, ATokenThatHoldsIsUsedWhileTheEndpointIsDown) {
  ASSERT_TRUE(Run(Get()).ok());
  clock_.Advance(80s);
  server_.Answer(503, "");
  EXPECT_EQ(Run(Get()).value_or("none"), "first-token");
  EXPECT_EQ(Run(Get()).value_or("none"), "first-token");
  EXPECT_EQ(server_.asked(), 2) << "not asked again at once";
  clock_.Advance(TokenSource::kAskAgain);
  EXPECT_EQ(Run(Get()).value_or("none"), "first-token");
  EXPECT_EQ(server_.asked(), 3);
  clock_.Advance(15s);
  EXPECT_THAT(Text(Run(Get()).status()), HasSubstr("it answers 503")) << "the token has ended";
  server_.Answer(200, "{\"access_token\":\"second-token\",\"expires_in\":100}");
  EXPECT_EQ(Run(Get()).value_or("none"), "second-token");
}

TEST_F(OAuthTest, AnEndpointBehindTlsIsTrustedByTheKeyThatIsForIt) {
  const fake::Authority authority("token authority");
  const std::string ca = testing::TempDir() + "klink-oauth-ca.pem";
  std::ofstream(ca) << authority.certificate();
  const auto ask = [&](const fake::Subject& subject, const std::string& trusted) {
    const fake::TlsFront front(io_.get_executor(), server_.endpoint(), {.certificate = authority.Issue(subject)});
    TokenSettings tokens;
    tokens.endpoint = fmt::format("https://127.0.0.1:{}/token", front.endpoint().port);
    tokens.client_id = "klink";
    tokens.ca = trusted;
    source_ = std::make_shared<TokenSource>(tokens);
    const StatusOr<std::string> token = Run(Get());
    return token.ok() ? *token : Text(token.status());
  };
  EXPECT_EQ(ask({}, ca), "first-token");
  EXPECT_EQ(server_.asked(), 1);
  EXPECT_THAT(ask({}, ""),
              HasSubstr("signed by /CN=token authority, which is not trusted here: set https.ca.location"));
  EXPECT_THAT(ask({}, "/nowhere.pem"), HasSubstr("https.ca.location: /nowhere.pem cannot be read"));
  EXPECT_THAT(ask({.alternative = "DNS:id.example"}, ca), HasSubstr("write a name of the certificate in sasl.oauth"));
  EXPECT_THAT(ask({.begins_s = -7200, .ends_s = -3600}, ca), HasSubstr("renew it at the token endpoint"));
  EXPECT_EQ(server_.asked(), 1) << "no secret was sent to whom is not trusted";
}

TEST_F(OAuthTest, ManyWhoWantATokenAtOnceAskOnce) {
  std::vector<std::optional<StatusOr<std::string>>> tokens(10);
  for (auto& token : tokens) Start(Get(), token);
  RunUntil([&] { return std::all_of(tokens.begin(), tokens.end(), [](auto& t) { return t.has_value(); }); });
  for (auto& token : tokens) EXPECT_TRUE(token->ok());
  EXPECT_EQ(server_.asked(), 1);
}

TEST_F(OAuthTest, ABrokerTakesTheTokenAndSessionsAreRenewedWithANewOne) {
  lifetime_ms_ = 100'000;
  Dial();
  ASSERT_EQ(Run(Ready(Lane::kControl)), absl::OkStatus());
  EXPECT_EQ(said_.back(), std::string("n,,\x01") + "auth=Bearer first-token\x01\x01");
  server_.Answer(200, "{\"access_token\":\"second-token\",\"expires_in\":100}");
  accepted_ = "second-token";
  RunUntil([&] { return said_.size() == 2; });
  EXPECT_THAT(said_.back(), HasSubstr("second-token"));
  EXPECT_EQ(Run(Ready(Lane::kControl)), absl::OkStatus());
  EXPECT_EQ(fake_.accepted(), 1);
}

TEST_F(OAuthTest, ATokenTheBrokerRefusesIsSaidWithoutTheToken) {
  accepted_ = "another";
  Dial();
  const Status refused = Run(Ready(Lane::kControl));
  EXPECT_EQ(refused.code(), Code::kUnauthenticated);
  EXPECT_THAT(Text(refused),
              HasSubstr("refuses the token of client klink: invalid_token; check what the token endpoint"));
  EXPECT_THAT(Text(refused), testing::Not(HasSubstr("first-token")));
  EXPECT_EQ(said_.back(), "\x01");
}

TEST_F(OAuthTest, AnEndpointThatMisbehavesHasItsSentence) {
  const auto outcome = [&] { return Text(Run(Get()).status()); };
  server_.Answer(401, "{\"error\":\"invalid_client\"}");
  EXPECT_THAT(outcome(), HasSubstr("it refuses the client (401): correct sasl.oauthbearer.client.id"));
  EXPECT_THAT(outcome(), HasSubstr("token endpoint http://127.0.0.1:"));
  server_.Answer(503, "");
  EXPECT_THAT(outcome(), HasSubstr("it answers 503"));
  server_.Answer(200, "no json");
  EXPECT_THAT(outcome(), HasSubstr("its answer is no JSON"));
  server_.Answer(200, "{\"token\":1}");
  EXPECT_THAT(outcome(), HasSubstr("has no access_token"));
  server_.Answer(200, "{\"access_token\":\"a\\u0001b\"}");
  EXPECT_THAT(outcome(), HasSubstr("malformed"));
  server_.Answer(200, std::string(TokenSource::kAnswerMost + 1, ' '));
  EXPECT_THAT(outcome(), HasSubstr("too long"));
  server_.AnswerRaw("HTTP/1.1 200 OK\r\n" + std::string(100'000, 'h'));
  EXPECT_THAT(outcome(), HasSubstr("too long"));
  server_.AnswerRaw("SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_THAT(outcome(), HasSubstr("does not answer in HTTP"));
  server_.AnswerRaw("");
  EXPECT_THAT(outcome(), HasSubstr("closed the connection"));
}

TEST(TokenEndpoint, IsHttpsUnlessOnThisMachine) {
  const auto far = ParseTokenEndpoint("https://id.example/oauth2/token?x=1");
  ASSERT_TRUE(far.ok());
  EXPECT_EQ(far->address, (Endpoint{"id.example", 443}));
  EXPECT_EQ(far->path, "/oauth2/token?x=1");
  EXPECT_TRUE(far->tls);
  EXPECT_EQ(ParseTokenEndpoint("https://id.example:8443")->address.port, 8443);
  EXPECT_EQ(ParseTokenEndpoint("https://[::1]/t")->address, (Endpoint{"::1", 443}));
  EXPECT_FALSE(ParseTokenEndpoint("http://localhost:8080/t")->tls);
  EXPECT_THAT(Text(ParseTokenEndpoint("http://id.example/t").status()), HasSubstr("write https://"));
  for (const char* wrong : {"", "id.example", "ftp://x/", "https:///t", "https://u@h/t", "https://h/t\r\nX: y"}) {
    EXPECT_FALSE(ParseTokenEndpoint(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace klink::kafka
