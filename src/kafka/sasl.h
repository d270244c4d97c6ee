// Who klink is, told to a broker right after the connection is made and the versions are known, and told again before
// the broker's patience with it ends (KIP-368). Without an Authenticator a connection is used as it is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "kafka/connection.h"
#include "kafka/credentials.h"
#include "kafka/oauth.h"

namespace klink::kafka {

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // How long the broker will take requests before it wants to be told again; zero: as long as the connection lasts.
  // Unauthenticated when the broker says no (a person must act), Unavailable when the conversation broke off.
  virtual Async<StatusOr<Duration>> Authenticate(std::shared_ptr<Connection> connection, Instant deadline) = 0;
};

// The client's side of one conversation of a mechanism.
class SaslConversation {
 public:
  virtual ~SaslConversation() = default;
  virtual std::string First() = 0;
  // What to say to that; nothing when the mechanism has no more to say.
  virtual StatusOr<std::optional<std::string>> Next(std::string_view challenge) = 0;
};

// RFC 7628: the token, and if the broker complains, one byte more after which it says no.
std::unique_ptr<SaslConversation> BearerConversation(const std::string& token);
// RFC 4616.
std::unique_ptr<SaslConversation> PlainConversation(const std::string& user, const std::string& password);

struct SaslSettings {
  std::string mechanism;  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER
  std::string user;
  SecretSource password;
  bool delegation_token = false;        // SCRAM: the user is a token's id, the password its HMAC (KIP-48)
  std::shared_ptr<TokenSource> tokens;  // OAUTHBEARER
  std::string client_id;
};

// SaslHandshake v1, then SaslAuthenticate until both sides are content.
class SaslAuthenticator final : public Authenticator {
 public:
  explicit SaslAuthenticator(SaslSettings settings);
  ~SaslAuthenticator() override;
  Async<StatusOr<Duration>> Authenticate(std::shared_ptr<Connection> connection, Instant deadline) override;

 private:
  std::shared_ptr<const SaslSettings> settings_;
};

}  // namespace klink::kafka
