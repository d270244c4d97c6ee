// One broker: a connection per lane, opened when first needed, handshaken (ApiVersions, then who we are), opened again
// with a back-off its callers share. One attempt per lane at a time; whoever waits for it gets its outcome.
//
// A broker may want to be told again who we are before a session ends (KIP-368). That is done on the same connection: a
// broker answers one request of a connection at a time and in order, so what is under way is answered first, what comes
// later waits a round trip or two in Ready, no request is lost and the order of produce requests stays. A connection
// made with credentials that were renewed since is drained in the same way and replaced.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "base/backoff.h"
#include "kafka/connection.h"
#include "kafka/sasl.h"
#include "kafka/stream.h"

namespace klink::kafka {

// How connections of one cluster are made.
struct Dialing {
  std::string client_id;
  Duration connect_timeout = 5s;  // connect, handshake and authentication together
  std::shared_ptr<Connector> connector;
  std::shared_ptr<Authenticator> authenticator;  // may be null
  std::shared_ptr<FileWatch> credentials;        // may be null
};

class Broker : public std::enable_shared_from_this<Broker> {
 public:
  static constexpr Duration kBackoffFirst = 100ms;
  static constexpr Duration kBackoffMost = 2s;
  static constexpr Duration kStable = 5s;         // a connection that lasted so long is followed by another at once
  static constexpr Duration kThrottleMost = 30s;  // no broker makes us wait longer
  static constexpr Duration kDrainMost = 10s;     // of a connection that is replaced
  static constexpr Duration kRenewMost = 60s;     // for telling again who we are, behind what is under way
  static constexpr double kSessionShare = 0.8;    // of a session's life before we identify again

  Broker(std::shared_ptr<Network> network, std::shared_ptr<const Dialing> dialing, Endpoint endpoint);

  // The lane's connection, ready for requests. Unavailable when the attempt failed or the deadline came first.
  Async<StatusOr<std::shared_ptr<Connection>>> Ready(Lane lane, Instant deadline);
  // Waits while the broker throttles this lane; answers how long that took.
  Async<StatusOr<Duration>> AwaitThrottle(Lane lane);
  void NoteThrottle(Lane lane, Duration throttle);

  const Endpoint& endpoint() const { return endpoint_; }
  bool IsOpen(Lane lane) const;
  // For good. Requests under way answer `why`.
  void Close(Status why);

 private:
  struct LaneState {
    explicit LaneState(Executor executor, uint64_t seed)
        : changed(std::move(executor)), backoff(kBackoffFirst, kBackoffMost, seed) {}
    std::shared_ptr<Connection> connection;
    Signal changed;
    bool connecting = false;
    uint64_t attempts = 0;  // ended ones
    Status failure;         // of the last attempt
    Backoff backoff;
    Instant opened_at;
    bool ever_tried = false;
    Instant throttled_until;
    int held = 0;              // new requests wait: we identify again, or drain
    uint64_t credentials = 0;  // the generation this connection was made with
  };
  LaneState& StateOf(Lane lane) { return *lanes_[static_cast<size_t>(lane)]; }

  static Async<void> Connect(std::shared_ptr<Broker> self, Lane lane);
  Async<StatusOr<std::shared_ptr<Connection>>> Attempt(Lane lane);
  // Answers how long the session lasts; zero: as long as the connection.
  Async<StatusOr<Duration>> Handshake(std::shared_ptr<Connection> connection, Instant deadline);
  static Async<void> KeepIdentity(std::shared_ptr<Broker> self, Lane lane, std::weak_ptr<Connection> of,
                                  Duration session);
  static Async<void> Replace(std::shared_ptr<Broker> self, Lane lane, std::shared_ptr<Connection> connection);
  uint64_t Credentials() const;
  bool IsOutdated(const LaneState& state) const;
  Async<Status> CheckCluster(std::shared_ptr<Connection> connection, Instant deadline);
  Duration PauseBefore(LaneState& state) const;

  std::shared_ptr<Network> network_;
  std::shared_ptr<const Dialing> dialing_;
  Endpoint endpoint_;
  Status closed_;  // not OK: why
  std::array<std::unique_ptr<LaneState>, kLanes> lanes_;
};

}  // namespace klink::kafka
