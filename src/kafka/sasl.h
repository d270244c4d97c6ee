// Who klink is, told to a broker right after the connection is made and the versions are known. Mechanisms implement
// this; without one a connection is used as it is.
#pragma once

#include <memory>

#include "base/async.h"
#include "kafka/connection.h"

namespace klink::kafka {

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Unauthenticated when the broker says no (a person must act), Unavailable when the conversation broke off.
  virtual Async<Status> Authenticate(std::shared_ptr<Connection> connection, Instant deadline) = 0;
};

}  // namespace klink::kafka
