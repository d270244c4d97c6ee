// A byte stream to a broker: TCP here, TLS later behind the same three verbs. A stream is used by one reader and one
// writer at a time; Close ends both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>

#include "base/async.h"
#include "base/clock.h"
#include "kafka/connection_deadlines.h"

namespace klink::kafka {

struct Endpoint {
  std::string host;
  uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};
std::string ToString(const Endpoint& endpoint);  // "host:port", "[v6]:port"
// "p1:9093, [::1]:9092": at least one, each with its port.
StatusOr<std::vector<Endpoint>> ParseBootstrap(std::string_view text);
StatusOr<Endpoint> ParseEndpoint(std::string_view text);

// What a connection is for: a long poll must not block the rest, and a slow partition not the quick ones. A broker
// works on one request of a connection at a time, so transactions have several, each transactional id always the same
// one.
enum class Lane : uint8_t { kControl, kFetch, kProduce, kProduceSlow, kPipelined, kMarkers, kTransaction };
inline constexpr size_t kTransactionLanes = 8;
inline constexpr size_t kGroupLanes = 8;  // offset commits: a coordinator takes its time for each
inline constexpr size_t kLanes = static_cast<size_t>(Lane::kTransaction) + kTransactionLanes + kGroupLanes;
constexpr Lane TransactionLane(int64_t number) {
  return static_cast<Lane>(static_cast<size_t>(Lane::kTransaction) + static_cast<size_t>(number) % kTransactionLanes);
}
constexpr Lane GroupLane(size_t number) {
  return static_cast<Lane>(static_cast<size_t>(Lane::kTransaction) + kTransactionLanes + number % kGroupLanes);
}
std::string_view Name(Lane lane);

enum class CloseBy : uint8_t {
  kFin,    // what was sent still arrives
  kReset,  // what the peer has not read yet is thrown away: nothing sent before can take effect later
};

class Stream {
 public:
  virtual ~Stream() = default;
  // Some bytes, at least one; none = the peer has closed.
  virtual Async<StatusOr<size_t>> ReadSome(asio::mutable_buffer into) = 0;
  // All of `parts`, in order, without copying them together. They must live until it ends.
  virtual Async<Status> Write(std::vector<asio::const_buffer> parts) = 0;
  // Both of the above end with an error.
  virtual void Close(CloseBy how) = 0;
};

// How streams are made. The one seam for TLS, and for tests without sockets.
class Connector {
 public:
  virtual ~Connector() = default;
  // Errors name the endpoint and are Unavailable.
  virtual Async<StatusOr<std::unique_ptr<Stream>>> Connect(Endpoint to, Lane lane, Instant deadline) = 0;
};

// Every address of the name is tried, each with a fair part of the time. A dead peer is noticed by the kernel within
// kUserTimeout (TCP_USER_TIMEOUT) when something was sent, by keepalive otherwise.
class TcpConnector final : public Connector {
 public:
  static constexpr Duration kUserTimeout = 10s;

  TcpConnector(Executor executor, std::shared_ptr<Deadlines> deadlines)
      : executor_(std::move(executor)), deadlines_(std::move(deadlines)) {}
  Async<StatusOr<std::unique_ptr<Stream>>> Connect(Endpoint to, Lane lane, Instant deadline) override;

 private:
  Executor executor_;
  std::shared_ptr<Deadlines> deadlines_;
};

}  // namespace klink::kafka
