#include "http/client.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "http/server.h"

namespace klink::http {

namespace beast = boost::beast;
using asio::ip::tcp;

StatusOr<Url> ParseUrl(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) return InvalidArgument("{}: https is not available in this version", text);
  if (!text.starts_with(kScheme)) return InvalidArgument("\"{}\" is not a URL like http://127.0.0.1:8470", text);
  std::string_view authority = text.substr(kScheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  const StatusOr<HostPort> parsed = ParseHostPort(authority);
  if (!parsed.ok() || authority.find('/') != std::string_view::npos) {
    return InvalidArgument("\"{}\" is not a URL like http://127.0.0.1:8470", text);
  }
  Url url;
  url.host = parsed->host;
  url.port = std::to_string(parsed->port);
  return url;
}

namespace {
Status Failure(beast::error_code ec, std::string_view doing, Duration deadline) {
  if (ec == beast::error::timeout) return Unavailable("no answer within {} s", ToMillis(deadline) / 1000);
  return ToStatus(ec, doing);
}
}  // namespace

Async<StatusOr<ClientResponse>> Exchange(Url url, ClientRequest request, Duration deadline) {
  const Executor executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  auto [unresolved, endpoints] = co_await resolver.async_resolve(url.host, url.port, kAsTuple);
  if (unresolved) co_return ToStatus(unresolved, "looking up " + url.host);
  beast::tcp_stream stream(executor);
  stream.expires_after(deadline);
  auto [refused, endpoint] = co_await stream.async_connect(endpoints, kAsTuple);
  if (refused) co_return Failure(refused, "connecting", deadline);

  beast::http::request<beast::http::string_body> message;
  message.method(request.method == Method::kPost ? beast::http::verb::post : beast::http::verb::get);
  message.target(request.target);
  message.set(beast::http::field::host, url.host + ":" + url.port);
  message.set(beast::http::field::user_agent, "klink");
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

}  // namespace klink::http
