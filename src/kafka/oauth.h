// Bearer tokens for OAUTHBEARER (KIP-255, RFC 7628): fetched with the client's credentials (RFC 6749, section 4.4),
// used by all connections of a cluster, fetched anew at 80 % of their life; while the endpoint does not answer then,
// the token is used until its end. The endpoint speaks HTTPS unless it is on this machine; an answer beyond 64 KiB is
// refused.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/limits.h"
#include "base/signal.h"
#include "kafka/credentials.h"
#include "kafka/stream_tls.h"

namespace klink::kafka {

struct TokenSettings {
  std::string endpoint;  // https://host[:port]/path
  std::string client_id;
  SecretSource client_secret;
  std::string scope;  // may be empty
  std::string ca;     // PEM; empty: what the system trusts
};

struct TokenEndpoint {
  Endpoint address;
  std::string host;  // as in the Host header
  std::string path;
  bool tls = true;
};
StatusOr<TokenEndpoint> ParseTokenEndpoint(std::string_view url);

struct Token {
  std::string text;
  Duration life{};
};
// RFC 6749, section 5.1. Never quotes the answer.
StatusOr<Token> ReadToken(std::string_view json);

class TokenSource {
 public:
  static constexpr double kUsedShare = 0.8;
  static constexpr Duration kAskAgain = 5s;  // at most so often, while the token still holds
  static constexpr size_t kAnswerMost = limits::kTokenAnswerBytes;
  static constexpr size_t kHeaderMost = 16 << 10;

  explicit TokenSource(TokenSettings settings) : settings_(std::move(settings)) {}
  // One fetch at a time: who comes meanwhile gets its outcome.
  static Async<StatusOr<std::string>> Get(std::shared_ptr<TokenSource> self, Executor executor,
                                          std::shared_ptr<Deadlines> deadlines, Instant deadline);

 private:
  Async<StatusOr<Token>> Fetch(Executor executor, std::shared_ptr<Deadlines> deadlines, Instant deadline);
  std::string Request(const TokenEndpoint& endpoint) const;

  TokenSettings settings_;
  std::optional<Token> token_;
  Instant renew_at_;
  Instant ends_at_;
  bool fetching_ = false;
  std::optional<Signal> fetched_;
};

}  // namespace klink::kafka
