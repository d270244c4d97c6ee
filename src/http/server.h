// The agent's HTTP/1.1 server: one coroutine per connection on the agent's executor, everything bounded. It knows
// bytes, limits and keep-alive; what a path means is the service's.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "http/gate.h"
#include "http/tls_files.h"

namespace klink::http {

struct ServerLimits {
  uint32_t header_bytes = limits::kHttpHeaderBytes;
  uint64_t body_bytes = limits::kHttpBodyBytes;
  Duration header_timeout = 10s;  // from the first byte of a request, or from the connection's start
  Duration body_timeout = 10s;
  Duration write_timeout = 10s;
  Duration idle_timeout = 60s;  // between two requests of a connection
  // Beyond: who waits longest is closed; 503 where all are being answered.
  size_t connections = limits::kHttpConnections;
  size_t streams = 16;  // answers without an end; beyond: 503. They leave connections to the calls.
};

struct ServerOptions {
  ServerOptions() = default;
  ServerOptions(ServerLimits l) : limits(l) {}  // NOLINT: limits alone are options
  ServerLimits limits;
  std::unique_ptr<TlsFiles> tls;  // null: plain HTTP
};

class Server {
 public:
  // Listens at once; port 0 takes a free one. `host` is a literal address or "localhost".
  static StatusOr<std::unique_ptr<Server>> Listen(Executor executor, std::string host, uint16_t port, Service service,
                                                  Metrics& metrics, ServerOptions options = {});
  ~Server();

  // "127.0.0.1:41234": as bound, and as it can be reached from this machine.
  std::string address() const;
  void Start();
  // Closes the listener and ends every connection; answers being written are given up.
  Async<void> Stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "127.0.0.1:8470" or "[::1]:8470" taken apart.
struct HostPort {
  std::string host;
  uint16_t port = 0;
};
StatusOr<HostPort> ParseHostPort(std::string_view text);

}  // namespace klink::http
