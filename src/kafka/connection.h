// One connection to one broker. Many requests may be under way; a broker answers in order (protocol.md P34), so each
// answer belongs to the oldest request, and a correlation id that says otherwise ends the connection.
//
// Invariants: every request ends, by its answer, its deadline or the end of the connection, whichever comes first. A
// deadline ends the whole connection by RST: nothing that was sent can take effect unseen much later. A caller that is
// stopped leaves its place in the order; its answer is read and dropped.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/signal.h"
#include "base/task_group.h"
#include "kafka/connection_buffers.h"
#include "kafka/connection_deadlines.h"
#include "kafka/stream.h"
#include "kafka/version.h"
#include "kafka/wire.h"

namespace klink::kafka {

// What all connections of one cluster share.
struct Network {
  Network(Executor on, Clock& clock, size_t largest_frame)
      : executor(on),
        deadlines(std::make_shared<Deadlines>(on, clock)),
        buffers(std::make_shared<BufferPool>()),
        tasks(on),
        frame_limit(largest_frame),
        last_answer(clock.Now()) {}

  Executor executor;
  std::shared_ptr<Deadlines> deadlines;
  std::shared_ptr<BufferPool> buffers;
  TaskGroup tasks;  // readers, writers, connection attempts
  size_t frame_limit;
  Instant last_answer;                    // of any broker
  int usable = 0;                         // connections, handshaken and not ended
  std::optional<std::string> cluster_id;  // once seen, no connection to another cluster is used

  Instant Now() const { return deadlines->Now(); }
  Status CheckClusterId(const std::string& told) const;
};

// An error of a request of which not a byte was sent: it has certainly had no effect. Any other Unavailable from a
// request leaves its outcome unknown.
Status MarkNeverSent(Status status);
bool WasNeverSent(const Status& status);

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Network> network, std::unique_ptr<Stream> stream, std::string peer);
  ~Connection();
  void Start();

  int32_t NextCorrelationId() { return next_id_++; }
  // Sends one encoded request and answers the frame after its size: correlation id first.
  Async<StatusOr<SharedBytes>> Call(Gather frame, int32_t correlation_id, Instant deadline);
  // The broker holds this connection still for so long (throttling): what is under way gets as much more time.
  void Postpone(Duration by);
  // Ends it; everything under way answers `why`. The first reason stays.
  void Fail(Status why, CloseBy how);

  void MarkUsable();  // the handshake is done

  bool open() const { return failure_.ok(); }
  const Status& failure() const { return failure_; }
  size_t under_way() const { return pending_.size(); }
  const std::string& peer() const { return peer_; }
  const Network& network() const { return *network_; }

  BrokerVersions versions;  // as offered in the handshake

 private:
  struct Pending {
    Pending(Executor executor, int32_t correlation_id, Instant until)
        : id(correlation_id), deadline(until), done(std::move(executor)) {}
    int32_t id;
    Instant deadline;
    Signal done;
    bool sent = false;  // perhaps in part
    std::optional<StatusOr<SharedBytes>> answer;
  };
  struct Outgoing {
    std::shared_ptr<Pending> pending;
    Gather frame;
  };

  static Async<void> Read(std::shared_ptr<Connection> self);
  static Async<void> Write(std::shared_ptr<Connection> self);
  Async<Status> ReadFrames();
  Async<Status> WriteFrames();
  Async<StatusOr<SharedBytes>> NextFrame();
  Async<Status> FillStash(size_t at_least);
  Status Deliver(SharedBytes frame);

  std::shared_ptr<Network> network_;
  std::unique_ptr<Stream> stream_;
  std::string peer_;
  Status failure_;
  int32_t next_id_ = 0;
  std::deque<std::shared_ptr<Pending>> pending_;  // in the order of the answers
  std::deque<Outgoing> outgoing_;
  Signal more_;  // to write
  bool started_ = false;
  bool usable_ = false;
  bool served_ = false;  // an answer came that is no part of the handshake

  static constexpr size_t kStash = 16 << 10;  // small answers, several at a time, in one read
  std::unique_ptr<std::byte[]> stash_;
  size_t stash_begin_ = 0;
  size_t stash_end_ = 0;
};

}  // namespace klink::kafka
