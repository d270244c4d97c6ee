#include "http/client.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "http/server.h"

namespace klink::http {

namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;

StatusOr<Url> ParseUrl(std::string_view text) {
  constexpr std::string_view kPlain = "http://", kTls = "https://";
  Url url;
  url.tls = text.starts_with(kTls);
  if (!url.tls && !text.starts_with(kPlain)) {
    return InvalidArgument("\"{}\" is not a URL like http://127.0.0.1:8470", text);
  }
  std::string_view authority = text.substr(url.tls ? kTls.size() : kPlain.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  const StatusOr<HostPort> parsed = ParseHostPort(authority);
  if (!parsed.ok() || authority.find('/') != std::string_view::npos) {
    return InvalidArgument("\"{}\" is not a URL like http://127.0.0.1:8470", text);
  }
  url.host = parsed->host;
  url.port = std::to_string(parsed->port);
  return url;
}

namespace {

Status Failure(beast::error_code ec, std::string_view doing, Duration deadline) {
  if (ec == beast::error::timeout) return Unavailable("no answer within {} s", ToMillis(deadline) / 1000);
  return ToStatus(ec, doing);
}

// Trusts the first certificate of the file and no other.
Status TrustOnly(ssl::context& context, const std::string& file) {
  BIO* in = BIO_new_file(file.c_str(), "r");
  X509* certificate = in == nullptr ? nullptr : PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  if (certificate == nullptr) return FailedPrecondition("{}: no certificate can be read from it", file);
  X509_STORE* store = SSL_CTX_get_cert_store(context.native_handle());
  X509_STORE_add_cert(store, certificate);
  X509_free(certificate);
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return absl::OkStatus();
}

Status Prepare(ssl::context& context, const Url& url, const Trust& trust) {
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(ssl::verify_peer);
  if (!trust.only.empty()) return TrustOnly(context, trust.only);
  boost::system::error_code ec;
  if (trust.ca_file.empty()) {
    context.set_default_verify_paths(ec);
  } else {
    context.load_verify_file(trust.ca_file, ec);
  }
  if (ec) return FailedPrecondition("{}: certificates cannot be read from it: {}", trust.ca_file, ec.message());
  context.set_verify_callback(ssl::host_name_verification(url.host), ec);
  return absl::OkStatus();
}

template <class Stream>
Async<StatusOr<ClientResponse>> Converse(Stream& stream, const Url& url, ClientRequest request, Duration deadline) {
  beast::http::request<beast::http::string_body> message;
  const std::string_view method = ToText(request.method);
  message.method_string(beast::string_view(method.data(), method.size()));
  message.target(request.target);
  message.set(beast::http::field::host, url.host + ":" + url.port);
  message.set(beast::http::field::user_agent, "klink");
  if (!request.token.empty()) message.set(beast::http::field::authorization, "Bearer " + request.token);
  if (!request.body.empty()) message.set(beast::http::field::content_type, "application/json");
  message.body() = std::move(request.body);
  message.prepare_payload();
  auto [unsent, sent] = co_await beast::http::async_write(stream, message, kAsTuple);
  if (unsent) co_return Failure(unsent, "asking", deadline);

  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kAnswerBytesMost);
  auto [unread, got] = co_await beast::http::async_read(stream, buffer, parser, kAsTuple);
  if (unread) co_return Failure(unread, "reading the answer", deadline);
  auto answer = parser.release();
  ClientResponse response;
  response.status = answer.result_int();
  const auto type = answer[beast::http::field::content_type];
  response.content_type = std::string(type.data(), type.size());
  response.body = std::move(answer.body());
  co_return response;
}

}  // namespace

Async<StatusOr<ClientResponse>> Exchange(Url url, ClientRequest request, Duration deadline) {
  const Executor executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  auto [unresolved, endpoints] = co_await resolver.async_resolve(url.host, url.port, kAsTuple);
  if (unresolved) co_return ToStatus(unresolved, "looking up " + url.host);
  beast::tcp_stream tcp(executor);
  tcp.expires_after(deadline);
  auto [refused, endpoint] = co_await tcp.async_connect(endpoints, kAsTuple);
  if (refused) co_return Failure(refused, "connecting", deadline);
  if (!url.tls) co_return co_await Converse(tcp, url, std::move(request), deadline);
  ssl::context context(ssl::context::tls_client);
  CO_RETURN_IF_ERROR(Prepare(context, url, request.trust));
  ssl::stream<beast::tcp_stream> stream(std::move(tcp), context);
  SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
  stream.next_layer().expires_after(deadline);
  auto [untrusted] = co_await stream.async_handshake(ssl::stream_base::client, kAsTuple);
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (untrusted && verdict != X509_V_OK) {
    co_return FailedPrecondition("the agent's certificate is not trusted: {}; name its CA with --ca-file",
                                 X509_verify_cert_error_string(verdict));
  }
  if (untrusted) co_return Failure(untrusted, "TLS", deadline);
  co_return co_await Converse(stream, url, std::move(request), deadline);
}

}  // namespace klink::http
