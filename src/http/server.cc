#include "http/server.h"

#include <charconv>
#include <set>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/log.h"
#include "base/task_group.h"
#include "http/rest_shape.h"

namespace klink::http {
namespace {

namespace beast = boost::beast;
using asio::ip::tcp;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;

constexpr Duration kAcceptPause = 100ms;  // after a failed accept (no file descriptors left)
constexpr Duration kGoodbye = 1s;         // for TLS to be closed in order

// What a request that cannot be read is answered with; nothing when the peer just went away.
std::optional<Response> AnswerTo(beast::error_code ec) {
  using beast::http::error;
  if (ec == error::header_limit) return Problem(431, "the request's headers are too large");
  if (ec == error::body_limit) return Problem(413, "the request's body is too large");
  if (ec == beast::error::timeout) return Problem(408, "the request did not arrive in time");
  if (ec.category() == beast::http::make_error_code(error::bad_method).category() && ec != error::end_of_stream &&
      ec != error::partial_message) {
    return Problem(400, "not an HTTP request: " + ec.message());
  }
  return std::nullopt;
}

// A path that cannot be read is answered in the shape of those it begins like.
Response Unreadable(std::string_view path, const Status& why) {
  Target like;
  for (const std::string_view rest : {"/v3/", "/kafka/v3/"})
    if (path.starts_with(rest)) like.segments = {"v3"};
  return InShapeOf(like, Problem(why));
}

Method MethodOf(beast::http::verb verb) {
  if (verb == beast::http::verb::get || verb == beast::http::verb::head) return Method::kGet;
  if (verb == beast::http::verb::post) return Method::kPost;
  if (verb == beast::http::verb::put) return Method::kPut;
  if (verb == beast::http::verb::delete_) return Method::kDelete;
  return Method::kOther;
}

// Of a header that stands twice, the first.
template <class Message, class Name>
std::string Header(const Message& message, Name name) {
  const auto value = message[name];
  return std::string(value.data(), value.size());
}

template <class Message>
void SetHeader(const Response& response, Message& message) {
  message.result(static_cast<unsigned>(response.status));
  message.reason(beast::string_view(StatusTitle(response.status)));
  if (!response.content_type.empty()) message.set(beast::http::field::content_type, response.content_type);
  message.set(beast::http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  message.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (!response.challenge.empty()) message.set(beast::http::field::www_authenticate, response.challenge);
  if (response.replayed) message.set("Idempotent-Replayed", "true");
}

std::string PeerOf(const tcp::socket& socket) {
  boost::system::error_code ec;
  const tcp::endpoint peer = socket.remote_endpoint(ec);
  if (ec) return "";
  const std::string ip = peer.address().to_string();
  return peer.address().is_v6() ? fmt::format("[{}]:{}", ip, peer.port()) : fmt::format("{}:{}", ip, peer.port());
}

}  // namespace

struct Server::Impl {
  Impl(Executor e, Service s, Metrics& m, ServerOptions o)
      : executor(e),
        service(std::move(s)),
        metrics(m),
        limits(o.limits),
        tls(std::move(o.tls)),
        acceptor(e),
        tasks(e) {}

  // What a connection is, whatever its stream.
  struct Peer {
    beast::tcp_stream* stream = nullptr;
    std::string address;
    std::vector<std::string> certificates;
    uint64_t waits_since = 0;  // its turn to speak: for TLS, a request or the rest of one; 0: klink's turn
    bool ended = false;        // to make room; its coroutine has not heard of it yet
  };
  // A peer is known for as long as this lives.
  struct Known {
    Known(Impl& impl, Peer& peer) : in(impl), who(peer) { in.peers.insert(&who); }
    ~Known() {
      in.peers.erase(&who);
      if (!who.ended) in.connections--;
    }
    Known(const Known&) = delete;
    Impl& in;
    Peer& who;
  };

  Async<void> Accept();
  Async<void> Serve(tcp::socket socket);
  Async<void> ServeTls(tcp::socket socket, TlsFiles::Context context);
  template <class Stream>
  Async<void> ServeAll(Stream& stream, Peer& peer);
  template <class Stream>
  Async<bool> ServeOne(Stream& stream, beast::flat_buffer& buffer, Duration wait, Peer& peer);
  template <class Stream>
  Async<bool> UntilFirstByte(Stream& stream, beast::flat_buffer& buffer, Duration wait);
  template <class Stream>
  Async<bool> Write(Stream& stream, Response response, bool keep_alive, bool head_only);
  template <class Stream>
  Async<void> WritePieces(Stream& stream, Response response, unsigned version);
  bool MakeRoom();
  void Refuse(tcp::socket socket);
  void Count(const Response& response);

  Executor executor;
  Service service;
  Metrics& metrics;
  ServerLimits limits;
  std::unique_ptr<TlsFiles> tls;
  tcp::acceptor acceptor;
  TaskGroup tasks;
  size_t connections = 0;  // without those that were ended to make room
  size_t streams = 0;
  std::set<Peer*> peers;
  uint64_t turns = 0;
  std::map<std::pair<std::string, int>, Counter> served;
};

Async<void> Server::Impl::Accept() {
  SystemClock clock;
  for (;;) {
    auto [ec, socket] = co_await acceptor.async_accept(kAsTuple);
    if (co_await IsStopping() || !acceptor.is_open()) co_return;
    if (ec) {
      Log(Level::kWarning, Event::kHttpError, "accepting a connection", {{"error", ec.message()}});
      if (const Status slept = co_await clock.Sleep(kAcceptPause); !slept.ok()) co_return;
    } else if (connections >= limits.connections && !MakeRoom()) {
      Refuse(std::move(socket));
    } else {
      connections++;
      tasks.Spawn(tls == nullptr ? Serve(std::move(socket)) : ServeTls(std::move(socket), tls->Current()));
    }
  }
}

// Whoever opens connections and says nothing shuts nobody out: the peer whose turn it has been for longest makes room.
// Only calls that are being answered are worth a refusal.
bool Server::Impl::MakeRoom() {
  Peer* slowest = nullptr;
  for (Peer* peer : peers) {
    if (peer->ended || peer->waits_since == 0) continue;
    if (slowest == nullptr || peer->waits_since < slowest->waits_since) slowest = peer;
  }
  if (slowest == nullptr) return false;
  slowest->ended = true;
  slowest->stream->close();
  connections--;
  Log(Level::kWarning, Event::kHttpRefused, "too many connections: the one that waited longest was closed",
      {{"limit", limits.connections}});
  return true;
}

void Server::Impl::Refuse(tcp::socket socket) {
  Log(Level::kWarning, Event::kHttpRefused, "too many connections", {{"limit", limits.connections}});
  constexpr std::string_view kAnswer =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.send(asio::buffer(kAnswer), 0, ignored);  // fits an empty send buffer; never waits
}

Async<void> Server::Impl::Serve(tcp::socket socket) {
  Peer peer;
  peer.address = PeerOf(socket);
  beast::tcp_stream stream(std::move(socket));
  peer.stream = &stream;
  const Known known(*this, peer);
  co_await ServeAll(stream, peer);
  beast::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

Async<void> Server::Impl::ServeTls(tcp::socket socket, TlsFiles::Context context) {
  Peer peer;
  peer.address = PeerOf(socket);
  TlsStream stream(beast::tcp_stream(std::move(socket)), *context);
  peer.stream = &stream.next_layer();
  const Known known(*this, peer);
  peer.waits_since = ++turns;
  stream.next_layer().expires_after(limits.header_timeout);
  auto [ec] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAsTuple);
  beast::error_code ignored;
  if (!ec) {
    peer.certificates = PeerNames(stream.native_handle());
    co_await ServeAll(stream, peer);
    if (!co_await IsStopping()) {
      stream.next_layer().expires_after(kGoodbye);
      co_await stream.async_shutdown(kAsTuple);
    }
  } else if (ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_HTTP_REQUEST) {
    constexpr std::string_view kAnswer =
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 32\r\n\r\n"
        "this port speaks TLS: use https\n";
    stream.next_layer().socket().non_blocking(true, ignored);
    stream.next_layer().socket().send(asio::buffer(kAnswer), 0, ignored);
  }
  stream.next_layer().socket().shutdown(tcp::socket::shutdown_both, ignored);
}

template <class Stream>
Async<void> Server::Impl::ServeAll(Stream& stream, Peer& peer) {
  beast::flat_buffer buffer(limits.header_bytes + limits.body_bytes);
  Duration wait = limits.header_timeout;
  while (co_await ServeOne(stream, buffer, wait, peer)) wait = limits.idle_timeout;
}

// The wait between requests has another bound than the arrival of one: an idle client may stay, a slow one may not.
template <class Stream>
Async<bool> Server::Impl::UntilFirstByte(Stream& stream, beast::flat_buffer& buffer, Duration wait) {
  if (buffer.size() > 0) co_return true;  // pipelined
  beast::get_lowest_layer(stream).expires_after(wait);
  auto [ec, got] = co_await stream.async_read_some(buffer.prepare(1), kAsTuple);
  buffer.commit(got);
  co_return !ec && !co_await IsStopping();
}

// Reads one request and answers it; true when another one may follow.
template <class Stream>
Async<bool> Server::Impl::ServeOne(Stream& stream, beast::flat_buffer& buffer, Duration wait, Peer& peer) {
  peer.waits_since = ++turns;
  if (!co_await UntilFirstByte(stream, buffer, wait)) co_return false;
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(limits.header_bytes);
  parser.body_limit(limits.body_bytes);
  beast::get_lowest_layer(stream).expires_after(limits.header_timeout);
  auto [ec, got] = co_await beast::http::async_read_header(stream, buffer, parser, kAsTuple);
  if (!ec && got > limits.header_bytes) ec = beast::http::error::header_limit;  // Beast's own limit is not exact
  if (!ec) {
    beast::get_lowest_layer(stream).expires_after(limits.body_timeout);
    std::tie(ec, got) = co_await beast::http::async_read(stream, buffer, parser, kAsTuple);
  }
  peer.waits_since = 0;
  if (co_await IsStopping()) co_return false;
  if (ec) {
    std::optional<Response> answer = AnswerTo(ec);
    if (!answer) co_return false;
    co_return co_await Write(stream, *std::move(answer), false, false);
  }
  auto message = parser.release();
  const std::string_view text(message.target().data(), message.target().size());
  StatusOr<Target> target = ParseTarget(text);
  Response response;
  if (!target.ok()) {
    response = Unreadable(text, target.status());
  } else {
    Request request;
    request.method = MethodOf(message.method());
    request.target = *std::move(target);
    request.content_type = Header(message, beast::http::field::content_type);
    request.host = Header(message, beast::http::field::host);
    request.authorization = Header(message, beast::http::field::authorization);
    request.reason = Header(message, "X-Klink-Reason");
    request.idempotency_key = Header(message, "Idempotency-Key");
    request.peer = peer.address;
    if (tls != nullptr) request.scheme = "https";
    request.certificates = peer.certificates;
    request.body = std::move(message.body());
    beast::get_lowest_layer(stream).expires_never();
    response = co_await service(std::move(request));
  }
  const bool head_only = message.method() == beast::http::verb::head;
  if (response.pieces && streams >= limits.streams) response = Problem(503, "too many streams are open: try again");
  if (!response.pieces || head_only)
    co_return co_await Write(stream, std::move(response), message.keep_alive(), head_only);
  streams++;
  co_await WritePieces(stream, std::move(response), message.version());
  streams--;
  co_return false;
}

template <class Stream>
Async<bool> Server::Impl::Write(Stream& stream, Response response, bool keep_alive, bool head_only) {
  Count(response);
  beast::http::response<beast::http::string_body> message;
  SetHeader(response, message);
  message.keep_alive(keep_alive);
  if (response.status != 204) message.content_length(response.body.size());
  if (!head_only) message.body() = std::move(response.body);
  beast::get_lowest_layer(stream).expires_after(limits.write_timeout);
  auto [ec, put] = co_await beast::http::async_write(stream, message, kAsTuple);
  co_return !ec && keep_alive && !co_await IsStopping();
}

// Until an error, a peer that is gone, or the server's end.
template <class Stream>
Async<void> Server::Impl::WritePieces(Stream& stream, Response response, unsigned version) {
  Count(response);
  beast::http::response<beast::http::empty_body> message;
  SetHeader(response, message);
  message.version(version);
  message.keep_alive(false);
  message.chunked(version > 10);
  beast::http::response_serializer<beast::http::empty_body> header(message);
  beast::get_lowest_layer(stream).expires_after(limits.write_timeout);
  auto [ec, put] = co_await beast::http::async_write_header(stream, header, kAsTuple);
  std::string piece = std::move(response.body);
  while (!ec && !co_await IsStopping()) {
    if (!piece.empty()) {
      beast::get_lowest_layer(stream).expires_after(limits.write_timeout);
      if (message.chunked())
        std::tie(ec, put) = co_await asio::async_write(stream, beast::http::make_chunk(asio::buffer(piece)), kAsTuple);
      else
        std::tie(ec, put) = co_await asio::async_write(stream, asio::buffer(piece), kAsTuple);
      if (ec) break;
    }
    beast::get_lowest_layer(stream).expires_never();
    StatusOr<std::string> next = co_await response.pieces();
    if (!next.ok()) break;
    piece = *std::move(next);
  }
}

void Server::Impl::Count(const Response& response) {
  Counter& counter = served.try_emplace({response.route, response.status}).first->second;
  counter = metrics.Get(metric::kHttpRequests, response.route, std::to_string(response.status));
  counter.Add();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

StatusOr<std::unique_ptr<Server>> Server::Listen(Executor executor, std::string host, uint16_t port, Service service,
                                                 Metrics& metrics, ServerOptions options) {
  boost::system::error_code ec;
  const auto ip = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, ec);
  if (ec) return InvalidArgument("listening on \"{}\": not an IP address", host);
  auto impl = std::make_unique<Impl>(executor, std::move(service), metrics, std::move(options));
  const tcp::endpoint endpoint(ip, port);
  impl->acceptor.open(endpoint.protocol(), ec);
  if (!ec) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) impl->acceptor.bind(endpoint, ec);
  if (!ec) impl->acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return FailedPrecondition("listening on {}:{}: {}", host, port, ec.message());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::string Server::address() const {
  boost::system::error_code ec;
  const tcp::endpoint bound = impl_->acceptor.local_endpoint(ec);
  // Every address of this machine: name one that can be connected to.
  const bool any = bound.address().is_unspecified();
  const std::string ip = !any ? bound.address().to_string() : bound.address().is_v6() ? "::1" : "127.0.0.1";
  return bound.address().is_v6() ? fmt::format("[{}]:{}", ip, bound.port()) : fmt::format("{}:{}", ip, bound.port());
}

void Server::Start() { impl_->tasks.Spawn(impl_->Accept()); }

Async<void> Server::Stop() {
  boost::system::error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->tasks.Stop();
  co_await impl_->tasks.Join();
}

StatusOr<HostPort> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return InvalidArgument("\"{}\" is not HOST:PORT", text);
  HostPort parsed;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed.port);
  if (host.empty() || ec != std::errc() || end != digits.data() + digits.size()) {
    return InvalidArgument("\"{}\" is not HOST:PORT", text);
  }
  parsed.host = std::string(host);
  return parsed;
}

}  // namespace klink::http
