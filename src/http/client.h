// One HTTP/1.1 exchange with the agent, for the command line.
#pragma once

#include <string>

#include "base/async.h"
#include "base/clock.h"
#include "http/message.h"

namespace klink::http {

struct Url {
  std::string host;
  std::string port;
};
// "http://127.0.0.1:8470" (https is refused with a sentence).
StatusOr<Url> ParseUrl(std::string_view text);

struct ClientRequest {
  Method method = Method::kGet;
  std::string target;  // escaped
  std::string body;    // JSON
};

struct ClientResponse {
  int status = 0;
  std::string content_type;
  std::string body;
};

inline constexpr uint64_t kAnswerBytesMost = 256ull << 20;

// Unavailable when nobody answers within `deadline`; an HTTP error status is an answer.
Async<StatusOr<ClientResponse>> Exchange(Url url, ClientRequest request, Duration deadline);

}  // namespace klink::http
