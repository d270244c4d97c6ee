// TLS before a fake broker: takes TLS connections on a port of its own and passes their bytes on in plain text.
// <boost/asio/ssl/impl/src.hpp> must be included by one file of the program.
#pragma once

#include <boost/asio/ssl.hpp>

#include "tests/fake/broker.h"
#include "tests/fake/certificates.h"

namespace klink::fake {

struct FrontOptions {
  Issued certificate;
  std::string client_authority = {};  // PEM; clients must have a certificate of it
  long least = TLS1_2_VERSION;
  long most = TLS1_3_VERSION;
};

class TlsFront {
 public:
  TlsFront(Executor executor, kafka::Endpoint behind, const FrontOptions& options)
      : state_(std::make_shared<State>(executor, behind)) {
    Configure(options);
    const tcp::endpoint at(asio::ip::make_address("127.0.0.1"), 0);
    state_->acceptor.open(at.protocol());
    state_->acceptor.bind(at);
    state_->acceptor.listen();
    Detach(executor, Accept(state_));
  }
  ~TlsFront() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
  }
  TlsFront(const TlsFront&) = delete;

  kafka::Endpoint endpoint(const std::string& host = "127.0.0.1") const {
    return {.host = host, .port = state_->acceptor.local_endpoint().port()};
  }
  // For new connections.
  void Configure(const FrontOptions& options) {
    state_->context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    asio::ssl::context& context = *state_->context;
    context.use_certificate_chain(asio::buffer(options.certificate.certificate()));
    context.use_private_key(asio::buffer(options.certificate.key()), asio::ssl::context::pem);
    SSL_CTX_set_min_proto_version(context.native_handle(), options.least);
    SSL_CTX_set_max_proto_version(context.native_handle(), options.most);
    if (options.client_authority.empty()) return;
    context.add_certificate_authority(asio::buffer(options.client_authority));
    context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }

  const std::string& version() const { return state_->version; }  // of the last connection
  const std::string& asked_for() const { return state_->asked_for; }
  // The subject of the last client's certificate.
  const std::string& client() const { return state_->client; }

 private:
  using TlsSocket = asio::ssl::stream<tcp::socket>;
  struct State {
    State(Executor executor, kafka::Endpoint to) : acceptor(executor), behind(std::move(to)) {}
    tcp::acceptor acceptor;
    kafka::Endpoint behind;
    std::shared_ptr<asio::ssl::context> context;
    std::string version;
    std::string asked_for;
    std::string client;
  };

  static Async<void> Accept(std::shared_ptr<State> state) {
    for (;;) {
      auto [ec, socket] = co_await state->acceptor.async_accept(kAsTuple);
      if (ec) co_return;
      Detach(state->acceptor.get_executor(), Serve(state, std::move(socket)));
    }
  }

  static Async<void> Serve(std::shared_ptr<State> state, tcp::socket socket) {
    const std::shared_ptr<asio::ssl::context> context = state->context;
    auto front = std::make_shared<TlsSocket>(std::move(socket), *context);
    auto [failed] = co_await front->async_handshake(asio::ssl::stream_base::server, kAsTuple);
    if (failed) co_return;
    state->version = SSL_get_version(front->native_handle());
    const char* name = SSL_get_servername(front->native_handle(), TLSEXT_NAMETYPE_host_name);
    state->asked_for = name == nullptr ? "" : name;
    state->client = SubjectOf(front->native_handle());
    auto back = std::make_shared<tcp::socket>(state->acceptor.get_executor());
    const tcp::endpoint at(asio::ip::make_address("127.0.0.1"), state->behind.port);
    auto [refused] = co_await back->async_connect(at, kAsTuple);
    if (refused) co_return;
    Detach(state->acceptor.get_executor(), Pass(front, back, context));
    co_await Pass(back, front, context);
  }

  static std::string SubjectOf(SSL* ssl) {
    const X509* peer = SSL_get0_peer_certificate(ssl);
    char text[256] = "";
    if (peer != nullptr) X509_NAME_oneline(X509_get_subject_name(peer), text, sizeof text);
    return text;
  }

  template <class From, class To>
  static Async<void> Pass(std::shared_ptr<From> from, std::shared_ptr<To> to, std::shared_ptr<asio::ssl::context>) {
    std::array<char, 32 << 10> buffer;
    for (;;) {
      auto [ec, got] = co_await from->async_read_some(asio::buffer(buffer), kAsTuple);
      if (ec) break;
      auto [failed, sent] = co_await asio::async_write(*to, asio::buffer(buffer.data(), got), kAsTuple);
      if (failed) break;
    }
    boost::system::error_code ignored;
    from->lowest_layer().close(ignored);
    to->lowest_layer().close(ignored);
  }

  std::shared_ptr<State> state_;
};

}  // namespace klink::fake
