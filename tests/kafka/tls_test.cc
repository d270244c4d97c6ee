// TLS against a server in this process: what is accepted, and a sentence for each way in which it can go wrong.
#include <fstream>

#include <boost/asio/ssl/impl/src.hpp>
#include <gmock/gmock.h>

#include "kafka/broker.h"
#include "kafka/stream_tls.h"
#include "tests/fake/api_versions.h"
#include "tests/fake/clock.h"
#include "tests/fake/tls_front.h"

namespace klink::kafka {
namespace {

using testing::HasSubstr;

class TlsTest : public fake::VirtualTimeTest {
 protected:
  TlsTest() {
    fake::ServeApiVersions(fake_);
    settings_.ca = Write("ca.pem", authority_.certificate());
  }
  ~TlsTest() override {
    if (broker_) broker_->Close(Cancelled("end of test"));
  }

  static std::string Write(const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + "klink-tls-" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  void Front(const fake::FrontOptions& options) {
    front_ = std::make_unique<fake::TlsFront>(io_.get_executor(), fake_.endpoint(), options);
  }
  void Front(const fake::Subject& subject = {}) { Front({.certificate = authority_.Issue(subject)}); }

  // The outcome of connecting and asking for the versions.
  Status Dial(const std::string& host = "127.0.0.1") { return Dial(front_->endpoint(host)); }
  Status Dial(const Endpoint& to) {
    auto dialing = std::make_shared<Dialing>();
    dialing->client_id = "test";
    auto tcp = std::make_shared<TcpConnector>(io_.get_executor(), network_->deadlines);
    ExpirySink note = [this](CredentialKind kind, WallTime ends) { ends_[kind] = ends; };
    dialing->credentials = std::make_shared<FileWatch>(FilesOf(settings_));
    dialing->connector = std::make_shared<TlsConnector>(tcp, settings_, io_.get_executor(), network_->deadlines,
                                                        dialing->credentials, std::move(note));
    if (broker_) broker_->Close(Cancelled("another one"));
    broker_ = std::make_shared<Broker>(network_, dialing, to);
    return Run(Ready());
  }
  Async<Status> Ready() {
    StatusOr<std::shared_ptr<Connection>> ready = co_await broker_->Ready(Lane::kControl, clock_.Now() + 5s);
    co_return ready.status();
  }
  Async<Status> ConnectTls(Endpoint to) {
    auto tcp = std::make_shared<TcpConnector>(io_.get_executor(), network_->deadlines);
    const auto watch = std::make_shared<FileWatch>(FilesOf(settings_));
    TlsConnector tls(tcp, settings_, io_.get_executor(), network_->deadlines, watch);
    co_return StatusOf(co_await tls.Connect(to, Lane::kControl, clock_.Now() + 5s));
  }
  // A request with `sent` bytes behind it.
  Async<StatusOr<SharedBytes>> Ask(size_t sent) {
    CO_TRY(const auto connection, co_await broker_->Ready(Lane::kControl, clock_.Now() + 5s));
    const int32_t id = connection->NextCorrelationId();
    InitProducerIdRequest request;
    request.transactional_id = std::string(100, 't');
    Gather frame = EncodeRequest(request, 3, id, "test");
    if (sent > 0) {
      frame.parts.push_back(SharedBytes::Allocate(sent));
      std::memset(frame.parts.back().data(), 'p', sent);
      SharedBytes head = SharedBytes::CopyOf(frame.parts.front().view());
      StoreBe<int32_t>(head.data(), LoadBe<int32_t>(head.data()) + static_cast<int32_t>(sent));
      frame.parts.front() = head;
    }
    co_return co_await connection->Call(std::move(frame), id, clock_.Now() + 60s);
  }

  fake::Authority authority_;
  TlsSettings settings_;
  std::map<CredentialKind, WallTime> ends_;
  fake::Broker fake_{io_.get_executor()};
  std::unique_ptr<fake::TlsFront> front_;
  std::shared_ptr<Network> network_ = std::make_shared<Network>(io_.get_executor(), clock_, 64 << 20);
  std::shared_ptr<Broker> broker_;
};

TEST_F(TlsTest, SpeaksOneThreeAndOneTwoAndNothingOlder) {
  const fake::Issued broker = authority_.Issue({});
  Front({.certificate = broker});
  EXPECT_EQ(Dial(), absl::OkStatus());
  EXPECT_EQ(front_->version(), "TLSv1.3");
  Front({.certificate = broker, .most = TLS1_2_VERSION});
  EXPECT_EQ(Dial(), absl::OkStatus());
  EXPECT_EQ(front_->version(), "TLSv1.2");
  Front({.certificate = broker, .least = TLS1_1_VERSION, .most = TLS1_1_VERSION});
  const Status old = Dial();
  EXPECT_EQ(old.code(), Code::kFailedPrecondition) << old;
  EXPECT_THAT(Text(old), HasSubstr("no common version of TLS"));
}

TEST_F(TlsTest, TheNameIsSentAndCheckedAnAddressOnlyChecked) {
  Front();
  EXPECT_EQ(Dial("localhost"), absl::OkStatus());
  EXPECT_EQ(front_->asked_for(), "localhost");
  EXPECT_EQ(Dial("127.0.0.1"), absl::OkStatus());
  EXPECT_EQ(front_->asked_for(), "");
}

TEST_F(TlsTest, ACertificateForAnotherNameIsRefusedUnlessTheCheckIsOff) {
  Front({.alternative = "DNS:kafka-1.paris.example,IP:10.0.0.7"});
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Status refused = Dial(host);
    EXPECT_EQ(refused.code(), Code::kUnauthenticated);
    EXPECT_THAT(Text(refused), HasSubstr(std::string("made out for kafka-1.paris.example, 10.0.0.7, not for ") + host));
    EXPECT_THAT(Text(refused), HasSubstr(std::string("connect to ") + host));
  }
  settings_.host_check = HostCheck::kOff;
  EXPECT_EQ(Dial("localhost"), absl::OkStatus());
}

TEST_F(TlsTest, AnExpiredCertificateIsRefusedWithItsDay) {
  Front({.begins_s = -48 * 3600, .ends_s = -24 * 3600});
  const Status refused = Dial();
  EXPECT_EQ(refused.code(), Code::kUnauthenticated);
  EXPECT_THAT(Text(refused), HasSubstr("expired on 2"));
  EXPECT_THAT(Text(refused), HasSubstr("renew it at the broker"));
}

TEST_F(TlsTest, AnUnknownAuthorityIsNamed) {
  const fake::Authority other("somebody else");
  Front({.certificate = other.Issue({})});
  const Status refused = Dial();
  EXPECT_EQ(refused.code(), Code::kUnauthenticated);
  EXPECT_THAT(Text(refused), HasSubstr("signed by /CN=somebody else, which is not trusted here: set ssl.ca.location"));
}

TEST_F(TlsTest, WithoutACaFileTheSystemsAuthoritiesCount) {
  settings_.ca.clear();
  Front();
  EXPECT_THAT(Text(Dial()), HasSubstr("not trusted here"));
}

TEST_F(TlsTest, AListenerWithoutTlsIsRecognised) {
  std::optional<Status> refused;
  fake::Broker talkative(io_.get_executor());
  Start(ConnectTls(talkative.endpoint()), refused);
  RunUntil([&] { return talkative.connections() == 1; });
  talkative.SendRaw("HTTP/1.1 400 Bad Request\r\n");
  RunUntil([&] { return refused.has_value(); });
  EXPECT_EQ(refused->code(), Code::kFailedPrecondition);
  EXPECT_THAT(Text(*refused), HasSubstr("the peer does not speak TLS"));
}

TEST_F(TlsTest, APlainClientOfATlsPortIsTold) {
  Front();
  auto dialing = std::make_shared<Dialing>();
  dialing->client_id = "test";
  dialing->connector = std::make_shared<TcpConnector>(io_.get_executor(), network_->deadlines);
  broker_ = std::make_shared<Broker>(network_, dialing, front_->endpoint());
  const Status refused = Run(Ready());
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(Text(refused), testing::AnyOf(HasSubstr("the peer speaks TLS"), HasSubstr("same security protocol")));
}

TEST_F(TlsTest, AClientCertificateIsShownFromPemAndFromPkcs12) {
  const fake::Issued client = authority_.Issue({.name = "klink-agent", .alternative = ""});
  Front({.certificate = authority_.Issue({}), .client_authority = authority_.certificate()});
  settings_.certificate = Write("client.pem", client.certificate());
  settings_.key = Write("client.key", client.key("open sesame"));
  settings_.key_password = [] { return "open sesame"; };
  EXPECT_EQ(Dial(), absl::OkStatus());
  EXPECT_EQ(front_->client(), "/CN=klink-agent");
  EXPECT_TRUE(ends_.contains(CredentialKind::kClientCertificate));
  EXPECT_TRUE(ends_.contains(CredentialKind::kBrokerCertificate));
  EXPECT_TRUE(ends_.contains(CredentialKind::kCaCertificate));
  settings_ = {.ca = settings_.ca, .keystore = Write("client.p12", client.pkcs12("changeit"))};
  settings_.keystore_password = [] { return "changeit"; };
  EXPECT_EQ(Dial(), absl::OkStatus());
  EXPECT_EQ(front_->client(), "/CN=klink-agent");
}

TEST_F(TlsTest, ABrokerThatWantsACertificateIsUnderstood) {
  for (const long most : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Front({.certificate = authority_.Issue({}), .client_authority = authority_.certificate(), .most = most});
    const Status refused = Dial();
    EXPECT_FALSE(refused.ok());
    EXPECT_THAT(Text(refused), HasSubstr("wants a certificate of its clients")) << most;
  }
}

TEST_F(TlsTest, FilesThatAreWrongAreNamedWithWhatToDo) {
  const fake::Issued one = authority_.Issue({}), two = authority_.Issue({});
  const std::string pem = Write("one.pem", one.certificate());
  const std::pair<TlsSettings, std::string> kWrong[] = {
      {{.ca = "/nowhere/ca.pem"}, "ssl.ca.location: /nowhere/ca.pem cannot be read: No such file or directory"},
      {{.ca = Write("empty", "")}, "holds no PEM certificate"},
      {{.ca = Write("jks", "\xFE\xED\xFE\xED....")}, "keytool -exportcert -rfc"},
      {{.ca = Write("p12", one.pkcs12("x"))}, "openssl pkcs12 -in"},
      {{.certificate = pem, .key = Write("two.key", two.key())}, "does not belong to the certificate"},
      {{.certificate = pem, .key = Write("locked.key", one.key("x"))}, "set ssl.key.password"},
      {{.certificate = pem, .key = Write("locked.key", one.key("x")), .key_password = [] { return "y"; }},
       "correct ssl.key.password"},
      {{.certificate = pem, .key = pem}, "holds no PEM private key"},
      {{.keystore = Write("jks", "\xFE\xED\xFE\xED....")}, "keytool -importkeystore -srckeystore"},
      {{.keystore = pem}, "is no PKCS#12 keystore"},
      {{.keystore = Write("one.p12", one.pkcs12("x")), .keystore_password = [] { return "y"; }},
       "correct ssl.keystore.password"},
  };
  for (const auto& [settings, sentence] : kWrong) {
    const auto loaded = TlsContext::Load(settings);
    ASSERT_FALSE(loaded.ok()) << sentence;
    EXPECT_EQ(loaded.status().code(), Code::kFailedPrecondition);
    EXPECT_THAT(Text(loaded.status()), HasSubstr(sentence));
  }
}

TEST_F(TlsTest, LargeFramesPassBothWays) {
  constexpr size_t kSize = 5 << 20;
  size_t received = 0;
  fake_.Handle(ApiKey::kInitProducerId, [&](const RequestHeader& header) {
    received = header.body.view().size();
    SharedBytes bytes = SharedBytes::Allocate(8 + kSize);
    std::memset(bytes.data(), 'x', bytes.size());
    StoreBe<int32_t>(bytes.data(), static_cast<int32_t>(4 + kSize));
    StoreBe<int32_t>(bytes.data() + 4, header.correlation_id);
    return bytes;
  });
  Front();
  ASSERT_EQ(Dial(), absl::OkStatus());
  std::vector<std::optional<StatusOr<SharedBytes>>> answers(4);
  for (auto& answer : answers) Start(Ask(kSize), answer);
  RunUntil([&] { return answers.back().has_value(); });
  for (auto& answer : answers) {
    ASSERT_TRUE(answer && answer->ok()) << (*answer).status();
    EXPECT_EQ((*answer)->size(), 4 + kSize);
    EXPECT_EQ((*answer)->view().find_first_not_of(std::byte{'x'}, 4), ByteView::npos);
  }
  EXPECT_GE(received, kSize);
}

TEST_F(TlsTest, ARenewedCertificateIsShownByNewConnectionsAndOldOnesAreReplaced) {
  Front({.certificate = authority_.Issue({}), .client_authority = authority_.certificate()});
  const fake::Issued old = authority_.Issue({.name = "old", .alternative = ""});
  settings_.certificate = Write("rotated.pem", old.certificate());
  settings_.key = Write("rotated.key", old.key());
  ASSERT_EQ(Dial(), absl::OkStatus());
  EXPECT_EQ(front_->client(), "/CN=old");
  const fake::Issued renewed = authority_.Issue({.name = "renewed", .alternative = ""});
  Write("rotated.pem", renewed.certificate());
  Write("rotated.key", renewed.key());
  clock_.Advance(FileWatch::kLook);
  EXPECT_EQ(Run(Ready()), absl::OkStatus());
  EXPECT_EQ(front_->client(), "/CN=renewed");
  Write("rotated.pem", "half written");
  clock_.Advance(FileWatch::kLook);
  EXPECT_EQ(Run(Ready()), absl::OkStatus());
  EXPECT_EQ(front_->client(), "/CN=renewed");
}

}  // namespace
}  // namespace klink::kafka
