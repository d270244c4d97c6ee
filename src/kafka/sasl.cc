#include "kafka/sasl.h"

#include <algorithm>

#include "base/check.h"
#include "kafka/messages/sasl.h"
#include "kafka/sasl_scram.h"

namespace klink::kafka {
namespace {

constexpr Duration kSessionMost = 24h * 365;
constexpr int kStepsMost = 5;  // no mechanism here needs more than three

class Plain final : public SaslConversation {
 public:
  Plain(const std::string& user, const std::string& password) : token_('\0' + user + '\0' + password) {}
  std::string First() override { return token_; }
  StatusOr<std::optional<std::string>> Next(std::string_view) override { return std::optional<std::string>(); }

 private:
  std::string token_;
};

class Bearer final : public SaslConversation {
 public:
  explicit Bearer(const std::string& token)
      : first_(
            "n,,\x01"
            "auth=Bearer " +
            token + "\x01\x01") {}
  std::string First() override { return first_; }
  StatusOr<std::optional<std::string>> Next(std::string_view challenge) override {
    if (challenge.empty()) return std::optional<std::string>();
    return std::optional<std::string>("\x01");
  }

 private:
  std::string first_;
};

// `secret`: a password, or a bearer token.
std::unique_ptr<SaslConversation> Begin(const SaslSettings& settings, const std::string& secret) {
  if (settings.mechanism == "PLAIN") return PlainConversation(settings.user, secret);
  if (settings.mechanism == "OAUTHBEARER") return BearerConversation(secret);
  const ScramHash hash = settings.mechanism == "SCRAM-SHA-256" ? ScramHash::kSha256 : ScramHash::kSha512;
  return std::make_unique<ScramConversation>(hash, settings.user, secret, ScramConversation::RandomNonce(),
                                             settings.delegation_token ? "tokenauth=true" : "");
}

Status Refused(const std::string& peer, const SaslSettings& settings, const SaslAuthenticateResponse& answer) {
  const std::string reason = answer.error_message.value_or("no reason given");
  if (settings.tokens != nullptr) {
    return Unauthenticated(
        "{} refuses the token of client {}: {}; check what the token endpoint issues (audience, scope) against the "
        "broker's sasl.oauthbearer settings",
        peer, settings.user, reason);
  }
  return Unauthenticated("{} refuses user {} with {}: {}; correct sasl.username and sasl.password", peer, settings.user,
                         settings.mechanism, reason);
}

template <class R>
Async<StatusOr<typename R::Response>> Ask(std::shared_ptr<Connection> connection, R request, std::string client_id,
                                          Instant deadline) {
  const StatusOr<int16_t> version = connection->versions.Pick<R>();
  if (!version.ok()) co_return Annotate(version.status(), connection->peer());
  const int32_t id = connection->NextCorrelationId();
  Gather frame = EncodeRequest(request, *version, id, client_id);
  CO_TRY(const SharedBytes answer, co_await connection->Call(std::move(frame), id, deadline));
  co_return DecodeResponse<R>(answer, *version);
}

Status HandshakeRefused(const std::string& peer, const std::string& mechanism, const SaslHandshakeResponse& answer) {
  switch (answer.error_code) {
    case Error::kNone:
      return absl::OkStatus();
    case Error::kUnsupportedSaslMechanism:
      return Unauthenticated(
          "{} does not offer {} on this listener but {}: set sasl.mechanism to one of these, or enable it at the "
          "broker "
          "(sasl.enabled.mechanisms)",
          peer, mechanism, fmt::join(answer.mechanisms, ", "));
    case Error::kIllegalSaslState:
      return FailedPrecondition(
          "{} is a listener without SASL: set security.protocol to PLAINTEXT or SSL, or use the port of a listener "
          "with "
          "SASL",
          peer);
    default:
      return ToStatus(answer.error_code, fmt::format("{}: choosing {}", peer, mechanism));
  }
}

}  // namespace

std::unique_ptr<SaslConversation> BearerConversation(const std::string& token) {
  return std::make_unique<Bearer>(token);
}

std::unique_ptr<SaslConversation> PlainConversation(const std::string& user, const std::string& password) {
  return std::make_unique<Plain>(user, password);
}

SaslAuthenticator::SaslAuthenticator(SaslSettings settings)
    : settings_(std::make_shared<const SaslSettings>(std::move(settings))) {}
SaslAuthenticator::~SaslAuthenticator() = default;

Async<StatusOr<Duration>> SaslAuthenticator::Authenticate(std::shared_ptr<Connection> connection, Instant deadline) {
  const std::shared_ptr<const SaslSettings> settings = settings_;  // the authenticator may go while this runs
  const std::string& peer = connection->peer();
  std::string secret = settings->password ? settings->password() : std::string();
  if (settings->tokens != nullptr) {
    const Network& network = connection->network();
    CO_TRY(secret, co_await TokenSource::Get(settings->tokens, network.executor, network.deadlines, deadline));
  }
  SaslHandshakeRequest hello;
  hello.mechanism = settings->mechanism;
  CO_TRY(const SaslHandshakeResponse offer, co_await Ask(connection, hello, settings->client_id, deadline));
  CO_RETURN_IF_ERROR(HandshakeRefused(peer, settings->mechanism, offer));

  const std::unique_ptr<SaslConversation> conversation = Begin(*settings, secret);
  std::string token = conversation->First();
  for (int step = 0; step < kStepsMost; step++) {
    SaslAuthenticateRequest request;
    request.auth_bytes = SharedBytes::CopyOf(AsBytes(token));
    CO_TRY(const SaslAuthenticateResponse answer, co_await Ask(connection, request, settings->client_id, deadline));
    if (answer.error_code == Error::kSaslAuthenticationFailed) {
      co_return Refused(peer, *settings, answer);
    }
    CO_RETURN_IF_ERROR(ToStatus(answer.error_code, fmt::format("{}: authenticating", peer)));
    const int64_t lifetime_ms = std::min(answer.session_lifetime_ms, ToMillis(kSessionMost));
    StatusOr<std::optional<std::string>> next = conversation->Next(AsText(answer.auth_bytes.view()));
    if (!next.ok()) co_return Annotate(next.status(), peer);
    if (!*next) co_return std::clamp<Duration>(std::chrono::milliseconds(lifetime_ms), Duration::zero(), kSessionMost);
    token = **std::move(next);
  }
  co_return Unauthenticated("{} does not end the {} conversation", peer, settings->mechanism);
}

}  // namespace klink::kafka
