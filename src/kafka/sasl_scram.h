// SCRAM (RFC 5802, with SHA-256: RFC 7677), the client's side, pure. The server proves that it knows the password too:
// a server that does not is refused although it said yes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/status.h"
#include "kafka/sasl.h"

namespace klink::kafka {

enum class ScramHash : uint8_t { kSha256, kSha512 };

class ScramConversation final : public SaslConversation {
 public:
  static constexpr int kIterationsLeast = limits::kLeastScramIterations;  // RFC 7677, section 4
  static constexpr int kIterationsMost = limits::kScramIterations;        // a second of work; a broker allows 16,384
  static constexpr size_t kMessageMost = limits::kScramMessageBytes;

  // `nonce` is printable ASCII without a comma, new for each conversation.
  // `extensions` follow it in the first message: tokenauth=true for a delegation token (KIP-48).
  ScramConversation(ScramHash hash, std::string user, std::string password, std::string nonce,
                    std::string extensions = {});
  static std::string RandomNonce();

  std::string First() override;
  StatusOr<std::optional<std::string>> Next(std::string_view challenge) override;

 private:
  std::string FirstBare() const;
  StatusOr<std::string> Prove(std::string_view server_first);
  Status CheckServer(std::string_view server_final) const;

  enum class Step : uint8_t { kFirst, kProof, kDone };
  ScramHash hash_;
  std::string user_;
  std::string password_;
  std::string nonce_;
  std::string extensions_;
  Step step_ = Step::kFirst;
  std::string expected_signature_;
};

// The standard alphabet, padded; nothing when anything else stands in it.
std::optional<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

}  // namespace klink::kafka
