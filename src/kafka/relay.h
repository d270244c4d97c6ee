// The way of another Kafka client to brokers behind TLS and SASL: it is given one end of a local stream and speaks
// plain Kafka on it; each of its frames goes out on a connection of our own making. So there is one implementation of
// TLS, of every mechanism, of renewed sessions and renewed credentials, and the other client never holds a secret.
//
// Frames of one stream keep their order in both directions. When the broker's connection ends, so does the stream.
#pragma once

#include <memory>
#include <mutex>

#include "kafka/cluster.h"

namespace klink::kafka {

class Relay {
 public:
  Relay(ClusterOptions options, Executor executor, Clock& clock);
  ~Relay();
  Relay(const Relay&) = delete;

  // Carries what comes from `fd` (taken over, a connected local stream) to that broker. Any thread, at any time.
  void Serve(int fd, Endpoint to);
  // Ends every stream; later ones end at once. On the executor.
  Async<void> Close();

 private:
  class Core;
  std::mutex mutex_;  // other threads against Close
  Executor executor_;
  std::shared_ptr<Core> core_;
};

}  // namespace klink::kafka
