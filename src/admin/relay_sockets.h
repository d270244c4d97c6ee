// librdkafka's sockets where its brokers are reached through a relay: each is one end of a local stream, the relay has
// the other. librdkafka resolves a name before it connects and tells the callback that connects an address alone, so a
// name is answered with an address that stands for it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kafka/relay.h"

struct addrinfo;
struct sockaddr;

namespace klink::admin {

// Its methods are librdkafka's callbacks, called on its threads.
class RelaySockets {
 public:
  explicit RelaySockets(std::shared_ptr<kafka::Relay> relay) : relay_(std::move(relay)) {}
  ~RelaySockets();

  int Resolve(const char* node, const char* service, addrinfo** found);  // no node: frees what was found
  int Open();
  int Connect(int fd, const sockaddr* address);
  int Close(int fd);

 private:
  std::shared_ptr<kafka::Relay> relay_;
  std::mutex mutex_;
  std::vector<std::string> names_;
  std::map<int, int> unconnected_;  // ours → the relay's
};

}  // namespace klink::admin
