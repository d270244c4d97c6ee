// TCP: resolve, connect, the socket options that decide how fast trouble is noticed, gathered writes.
#include <algorithm>
#include <span>
#include <tuple>

#include <boost/asio/ip/tcp.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "kafka/stream.h"

namespace klink::kafka {
namespace {

using asio::ip::tcp;
using Addresses = std::vector<tcp::endpoint>;

constexpr size_t kPiece = 256 << 10;  // far below the receive buffer, or the window closes before a piece is whole
constexpr int kKeepaliveIdleSeconds = 5;
constexpr int kKeepaliveIntervalSeconds = 2;
constexpr int kKeepaliveProbes = 3;

class TcpStream final : public Stream {
 public:
  explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {}

  // The rest of a long frame is waited for in large pieces (SO_RCVLOWAT): waking for every packet costs more than
  // copying it.
  Async<StatusOr<size_t>> ReadSome(asio::mutable_buffer into) override {
    SetLowWater(into.size() > kPiece / 4 ? std::min(into.size(), kPiece) : 1);
    if (low_water_ > 1) {
      auto [failed] = co_await socket_.async_wait(tcp::socket::wait_read, kAsTuple);
      if (failed) co_return ToStatus(failed, "reading");
    }
    auto [ec, got] = co_await socket_.async_read_some(into, kAsTuple);
    if (ec == asio::error::eof) co_return size_t{0};
    if (ec) co_return ToStatus(ec, "reading");
    co_return got;
  }

  Async<Status> Write(std::vector<asio::const_buffer> parts) override {
    for (size_t at = 0;;) {
      while (at < parts.size() && parts[at].size() == 0) at++;
      if (at == parts.size()) co_return absl::OkStatus();
      const std::span<const asio::const_buffer> rest(parts.data() + at, parts.size() - at);
      auto [ec, sent] = co_await socket_.async_write_some(rest, kAsTuple);
      if (ec) co_return ToStatus(ec, "writing");
      for (; sent >= parts[at].size() && sent > 0; at++) {
        sent -= parts[at].size();
        if (at + 1 == parts.size()) co_return absl::OkStatus();
      }
      parts[at] += sent;
    }
  }

  void Close(CloseBy how) override {
    boost::system::error_code ignored;
    if (how == CloseBy::kReset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

 private:
  void SetLowWater(size_t bytes) {
    if (bytes == low_water_) return;
    low_water_ = bytes;
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::receive_low_watermark(static_cast<int>(bytes)), ignored);
  }

  tcp::socket socket_;
  size_t low_water_ = 1;
};

void Set(tcp::socket& socket, int level, int option, int value) {
  (void)::setsockopt(socket.native_handle(), level, option, &value, sizeof value);  // a wish, not a condition
}

// Buffer sizes are left to the kernel: its own tuning finds the path's bandwidth and stops for ever once a size is set.
void SetOptions(tcp::socket& socket) {
  Set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(ToMillis(TcpConnector::kUserTimeout)));
  Set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  Set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
  Set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
  Set(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
}

// The system resolver cannot be interrupted, so it answers into a place of its own and nobody waits past the deadline.
struct Lookup {
  explicit Lookup(Executor executor) : resolver(executor), done(executor) {}
  tcp::resolver resolver;
  Signal done;
  bool answered = false;
  boost::system::error_code error;
  Addresses addresses;
};

Async<void> LookUp(std::shared_ptr<Lookup> lookup, Endpoint name) {
  auto [ec, found] = co_await lookup->resolver.async_resolve(name.host, std::to_string(name.port), kAsTuple);
  lookup->error = ec;
  for (const auto& entry : found) lookup->addresses.push_back(entry.endpoint());
  lookup->answered = true;
  lookup->done.NotifyAll();
}

Async<StatusOr<Addresses>> Resolve(Executor executor, std::shared_ptr<Deadlines> deadlines, Endpoint name,
                                   Instant deadline) {
  boost::system::error_code not_numeric;
  const auto numeric = asio::ip::make_address(name.host, not_numeric);
  if (!not_numeric) co_return Addresses{tcp::endpoint(numeric, name.port)};
  auto lookup = std::make_shared<Lookup>(executor);
  Detach(executor, LookUp(lookup, name));
  while (!lookup->answered) {
    if (deadlines->Now() >= deadline) {
      co_return Unavailable("resolve {}: the name service did not answer in time", name.host);
    }
    CO_RETURN_IF_ERROR(co_await deadlines->Wait(lookup->done, deadline));
  }
  if (lookup->error) co_return Unavailable("resolve {}: {}", name.host, lookup->error.message());
  if (lookup->addresses.empty()) co_return Unavailable("resolve {}: the name has no address", name.host);
  co_return lookup->addresses;
}

// Empty text = connected.
Async<StatusOr<std::string>> TryAddress(tcp::socket& socket, std::shared_ptr<Deadlines> deadlines,
                                        tcp::endpoint address, Instant deadline) {
  boost::system::error_code ec;
  socket.open(address.protocol(), ec);
  if (ec) co_return ec.message();
  SetOptions(socket);
  bool late = false;
  {
    Deadlines::Alarm alarm(deadlines, deadline, [&] {
      late = true;
      boost::system::error_code ignored;
      socket.close(ignored);
    });
    std::tie(ec) = co_await socket.async_connect(address, kAsTuple);
  }
  if (!ec && !late) co_return std::string();
  boost::system::error_code ignored;
  socket.close(ignored);
  if (late) co_return std::string("no answer in time");
  if (ec == asio::error::operation_aborted) co_return Cancelled("connecting: stopped");
  co_return ec.message();
}

}  // namespace

Async<StatusOr<std::unique_ptr<Stream>>> TcpConnector::Connect(Endpoint to, Lane, Instant deadline) {
  const Executor executor = executor_;  // the connector may go while this runs
  const std::shared_ptr<Deadlines> deadlines = deadlines_;
  CO_TRY(const Addresses addresses, co_await Resolve(executor, deadlines, to, deadline));
  std::string failures;
  for (size_t i = 0; i < addresses.size(); i++) {
    const Duration left = deadline - deadlines->Now();
    if (left <= Duration::zero() || co_await IsStopping()) break;
    const Instant until = deadlines->Now() + left / static_cast<int64_t>(addresses.size() - i);
    tcp::socket socket(executor);
    CO_TRY(const std::string failure, co_await TryAddress(socket, deadlines, addresses[i], until));
    if (failure.empty()) co_return std::make_unique<TcpStream>(std::move(socket));
    if (!failures.empty()) failures += "; ";
    if (addresses.size() > 1) failures += addresses[i].address().to_string() + ": ";
    failures += failure;
  }
  if (failures.empty()) failures = "no time left";
  co_return Unavailable("connect to {}: {}", ToString(to), failures);
}

}  // namespace klink::kafka
