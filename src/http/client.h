// One HTTP/1.1 exchange with the agent, for the command line.
#pragma once

#include <string>

#include "base/async.h"
#include "base/clock.h"
#include "http/message.h"

namespace klink::http {

struct Url {
  bool tls = false;
  std::string host;
  std::string port;
};
// "http://127.0.0.1:8470", "https://klink.example.org:8470".
StatusOr<Url> ParseUrl(std::string_view text);

// What a server proves itself with, for https.
struct Trust {
  std::string ca_file;  // PEM; empty: the system's. The certificate must be for the URL's host
  std::string only;     // PEM: this very certificate is the server's, whatever its names
};

struct ClientRequest {
  Method method = Method::kGet;
  std::string target;  // escaped
  std::string body;    // JSON
  std::string token;   // empty: none is sent
  Trust trust;
};

struct ClientResponse {
  int status = 0;
  std::string content_type;
  std::string body;
};

inline constexpr uint64_t kAnswerBytesMost = 256ull << 20;

// Unavailable when nobody answers within `deadline`, FailedPrecondition when it is not trusted; an HTTP error status is
// an answer.
Async<StatusOr<ClientResponse>> Exchange(Url url, ClientRequest request, Duration deadline);

}  // namespace klink::http
