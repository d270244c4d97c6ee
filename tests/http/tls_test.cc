// The server over TLS: who it proves to be, whom it lets in by certificate, and files that change under it.
#include <filesystem>
#include <fstream>

#include <boost/asio/ssl/stream.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "base/log.h"
#include "tests/fake/certificates.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

namespace ssl = asio::ssl;
using testing::HasSubstr;
using testing::StartsWith;

class TlsTest : public ServerTest {
 protected:
  TlsTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "klink-tls-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    SetLogger(std::make_shared<Logger>(
        LogOptions{}, [this](Level, std::string_view line) { lines_.emplace_back(line); }, [] { return WallTime{}; }));
    Put("ca.crt", authority_.certificate());
    Put("tokens.yaml",
        "tokens:\n  - {name: portal, role: operator, certificate: portal.example.org}\n"
        "  - {name: ops, role: viewer, sha256: " +
            Sha256Hex("token-of-ops") + "}\n");
    UseServerCertificate({});
    trust_.ca_file = At("ca.crt");
  }
  ~TlsTest() override {
    SetLogger(nullptr);
    std::filesystem::remove_all(dir_);
  }
  std::string At(const std::string& name) const { return (dir_ / name).string(); }
  void Put(const std::string& name, const std::string& text) { std::ofstream(dir_ / name) << text; }
  void UseServerCertificate(const klink::fake::Subject& subject) {
    const klink::fake::Issued issued = authority_.Issue(subject);
    Put("tls.crt", issued.certificate());
    Put("tls.key", issued.key());
  }
  void StartTls(ServerLimits limits = {}) {
    TlsPaths paths{At("tls.crt"), At("tls.key"), At("ca.crt")};
    auto tls = TlsFiles::Open(std::move(paths));
    ASSERT_TRUE(tls.ok()) << tls.status();
    ServerOptions options(limits);
    options.tls = *std::move(tls);
    GateParts parts;
    parts.access = *Access::Open(At("tokens.yaml"));
    Serve(Guard(MakeRoutes(agent_, metrics_), std::move(parts), clock_), std::move(options));
  }
  // The status line of GET /v1/status by a client that shows this certificate and speaks `version` at most.
  std::string AskShowing(const klink::fake::Issued* shown, int version = TLS1_3_VERSION) {
    std::string answer;
    bool done = false;
    Detach(io_.get_executor(), AskOnceShowing(shown, version, answer, done));
    RunUntil(done);
    return answer.substr(0, answer.find('\r'));
  }
  Async<void> AskOnceShowing(const klink::fake::Issued* shown, int version, std::string& answer, bool& done) {
    ssl::context context(ssl::context::tls_client);
    SSL_CTX_set_max_proto_version(context.native_handle(), version);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
    SSL_CTX_set_security_level(context.native_handle(), 0);
    if (shown != nullptr) {
      SSL_CTX_use_certificate(context.native_handle(), shown->x509.get());
      SSL_CTX_use_PrivateKey(context.native_handle(), shown->private_key.get());
    }
    ssl::stream<asio::ip::tcp::socket> stream(io_, context);
    const HostPort at = *ParseHostPort(server_->address());
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(at.host), at.port);
    co_await stream.next_layer().async_connect(endpoint, kAsTuple);
    auto [ec] = co_await stream.async_handshake(ssl::stream_base::client, kAsTuple);
    const std::string text = "GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n";
    if (!ec) {
      co_await asio::async_write(stream, asio::buffer(text), kAsTuple);
      co_await asio::async_read(stream, asio::dynamic_buffer(answer), kAsTuple);
    }
    done = true;
  }

  klink::fake::Authority authority_;
  std::filesystem::path dir_;
  std::vector<std::string> lines_;
  SystemClock clock_;
};

TEST_F(TlsTest, AClientThatTrustsTheAuthorityIsAnswered) {
  StartTls();
  token_ = "token-of-ops";
  EXPECT_EQ(Ask("/v1/status").status, 200) << failure_;
  EXPECT_EQ(Ask("/v1/links/paris-to-lyon:pause", "{}").status, 403);
}

TEST_F(TlsTest, AClientThatDoesNotTrustItSendsNoToken) {
  StartTls();
  Put("other.crt", klink::fake::Authority("other").certificate());
  trust_.ca_file = At("other.crt");
  Ask("/livez");
  EXPECT_THAT(Text(failure_), HasSubstr("the agent's certificate is not trusted"));
}

TEST_F(TlsTest, AWrongHostNameIsNotTrusted) {
  klink::fake::Subject subject;
  subject.alternative = "DNS:elsewhere.example.org";
  subject.name = "elsewhere";
  UseServerCertificate(subject);
  StartTls();
  Ask("/livez");
  EXPECT_EQ(failure_.code(), Code::kFailedPrecondition) << failure_;
}

TEST_F(TlsTest, TheVeryCertificateIsTrustedWhateverItsNames) {
  klink::fake::Subject subject;
  subject.alternative = "DNS:elsewhere.example.org";
  UseServerCertificate(subject);
  StartTls();
  trust_ = Trust{"", At("tls.crt")};
  EXPECT_EQ(Ask("/livez").status, 200) << failure_;
  Put("another.crt", authority_.Issue(subject).certificate());
  trust_.only = At("another.crt");
  Ask("/livez");
  EXPECT_EQ(failure_.code(), Code::kFailedPrecondition) << "of the same authority, yet another";
}

TEST_F(TlsTest, ACertificateHasTheRoleOfItsName) {
  StartTls();
  klink::fake::Subject portal;
  portal.alternative = "DNS:portal.example.org";
  const klink::fake::Issued known = authority_.Issue(portal);
  EXPECT_EQ(AskShowing(&known), "HTTP/1.1 200 OK");
  portal.name = "portal.example.org";
  portal.alternative = "";
  const klink::fake::Issued by_subject = authority_.Issue(portal);
  EXPECT_EQ(AskShowing(&by_subject), "HTTP/1.1 200 OK");
  klink::fake::Subject other;
  other.name = "other";
  const klink::fake::Issued unknown = authority_.Issue(other);
  EXPECT_EQ(AskShowing(&unknown), "HTTP/1.1 401 Unauthorized");
  EXPECT_EQ(AskShowing(nullptr), "HTTP/1.1 401 Unauthorized");
}

TEST_F(TlsTest, AForeignOrExpiredCertificateDoesNotGetIn) {
  StartTls();
  klink::fake::Subject portal;
  portal.name = "portal.example.org";
  const klink::fake::Issued foreign = klink::fake::Authority("other").Issue(portal);
  EXPECT_EQ(AskShowing(&foreign), "");
  portal.begins_s = -7200;
  portal.ends_s = -3600;
  const klink::fake::Issued expired = authority_.Issue(portal);
  EXPECT_EQ(AskShowing(&expired), "");
}

TEST_F(TlsTest, OlderThanTls12IsNotSpoken) {
  StartTls();
  EXPECT_EQ(AskShowing(nullptr, TLS1_2_VERSION), "HTTP/1.1 401 Unauthorized");
  EXPECT_EQ(AskShowing(nullptr, TLS1_1_VERSION), "");
}

TEST_F(TlsTest, NewFilesServeNewConnectionsAndBrokenOnesDoNot) {
  StartTls();
  const klink::fake::Authority next("next");
  Put("next.crt", next.certificate());
  trust_.ca_file = At("next.crt");
  Ask("/livez");
  EXPECT_FALSE(failure_.ok());
  const klink::fake::Issued issued = next.Issue({});
  Put("tls.crt", issued.certificate());
  Put("tls.key", issued.key());
  EXPECT_EQ(Ask("/livez").status, 200) << failure_;
  Put("tls.key", "no key");
  EXPECT_EQ(Ask("/livez").status, 200) << failure_;
  EXPECT_THAT(lines_, testing::Contains(HasSubstr("the certificate files are wrong")));
}

TEST_F(TlsTest, PlainHttpAtTheTlsPortIsToldSo) {
  StartTls();
  EXPECT_THAT(Raw("GET /livez HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(TlsTest, AClientThatNeverShakesHandsIsGivenUp) {
  ServerLimits limits;
  limits.header_timeout = 50ms;
  limits.connections = 1;
  StartTls(limits);
  EXPECT_EQ(Raw(""), "");  // returns: the server closed it
  EXPECT_EQ(Ask("/livez").status, 200) << failure_;
}

TEST_F(TlsTest, AnIdleConnectionDoesNotHoldUpTheEnd) {
  StartTls();
  asio::ip::tcp::socket idle(io_);
  const HostPort at = *ParseHostPort(server_->address());
  idle.connect(asio::ip::tcp::endpoint(asio::ip::make_address(at.host), at.port));
  EXPECT_EQ(Ask("/livez").status, 200) << failure_;
}

TEST(TlsFilesTest, WhatCannotBeReadIsNamed) {
  TlsPaths paths{"/nowhere/tls.crt", "/nowhere/tls.key", ""};
  EXPECT_THAT(Text(TlsFiles::Open(std::move(paths)).status()), HasSubstr("agent.http.tls.cert /nowhere/tls.crt"));
}

}  // namespace
}  // namespace klink::http
