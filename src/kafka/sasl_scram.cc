#include "kafka/sasl_scram.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace klink::kafka {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kNonceBytes = 24;
constexpr size_t kNonceMost = limits::kScramNonceBytes;
constexpr size_t kSaltMost = limits::kScramSaltBytes;
constexpr std::string_view kGs2Header = "n,,";
constexpr std::string_view kChannelBinding = "c=biws";  // that header in base64

const EVP_MD* Digest(ScramHash hash) { return hash == ScramHash::kSha256 ? EVP_sha256() : EVP_sha512(); }

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string Hmac(ScramHash hash, std::string_view key, std::string_view text) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(Digest(hash))), '\0');
  unsigned int size = 0;
  const auto* done = HMAC(Digest(hash), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(),
                          reinterpret_cast<unsigned char*>(out.data()), &size);
  KLINK_CHECK(done != nullptr && size == out.size());
  return out;
}

std::string Hash(ScramHash hash, std::string_view text) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(Digest(hash))), '\0');
  KLINK_CHECK(EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, Digest(hash),
                         nullptr) == 1);
  return out;
}

std::string Salted(ScramHash hash, const std::string& password, const std::string& salt, int iterations) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(Digest(hash))), '\0');
  KLINK_CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), Bytes(salt),
                                static_cast<int>(salt.size()), iterations, Digest(hash), static_cast<int>(out.size()),
                                reinterpret_cast<unsigned char*>(out.data())) == 1);
  return out;
}

// ',' and '=' have a meaning of their own in messages.
std::string SaslName(std::string_view user) {
  std::string out;
  for (const char c : user) {
    if (c == '=') {
      out += "=3D";
    } else if (c == ',') {
      out += "=2C";
    } else {
      out += c;
    }
  }
  return out;
}

// "a=…,b=…": the attribute's value up to the next comma, taken off `rest`.
std::optional<std::string> Take(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return std::nullopt;
  const size_t end = std::min(rest.find(','), rest.size());
  std::string value(rest.substr(2, end - 2));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return value;
}

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3), '\0');
  std::string room(out.size() + 1, '\0');  // EVP ends it with a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(room.data()), Bytes(bytes), static_cast<int>(bytes.size()));
  return room.substr(0, out.size());
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::string_view letters = text.substr(0, text.size() - padding);
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : letters) {
    const size_t value = std::string_view(kAlphabet).find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

ScramConversation::ScramConversation(ScramHash hash, std::string user, std::string password, std::string nonce,
                                     std::string extensions)
    : hash_(hash),
      user_(std::move(user)),
      password_(std::move(password)),
      nonce_(std::move(nonce)),
      extensions_(std::move(extensions)) {}

std::string ScramConversation::FirstBare() const {
  return fmt::format("n={},r={}{}{}", SaslName(user_), nonce_, extensions_.empty() ? "" : ",", extensions_);
}

std::string ScramConversation::RandomNonce() {
  std::array<unsigned char, kNonceBytes> random;
  KLINK_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  return EncodeBase64({reinterpret_cast<const char*>(random.data()), random.size()});
}

std::string ScramConversation::First() {
  step_ = Step::kFirst;
  return fmt::format("{}{}", kGs2Header, FirstBare());
}

StatusOr<std::optional<std::string>> ScramConversation::Next(std::string_view challenge) {
  if (challenge.size() > kMessageMost) return Unauthenticated("the broker's SCRAM message is too long");
  if (step_ == Step::kFirst) {
    TRY(std::string proof, Prove(challenge));
    step_ = Step::kProof;
    return std::optional(std::move(proof));
  }
  if (step_ == Step::kProof) RETURN_IF_ERROR(CheckServer(challenge));
  step_ = Step::kDone;
  return std::optional<std::string>();
}

StatusOr<std::string> ScramConversation::Prove(std::string_view server_first) {
  std::string_view rest = server_first;
  const std::optional<std::string> nonce = Take(rest, 'r');
  const std::optional<std::string> salt_text = Take(rest, 's');
  const std::optional<std::string> iterations_text = Take(rest, 'i');
  if (!nonce || !salt_text || !iterations_text) return Unauthenticated("the broker's first SCRAM message is malformed");
  if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size() || nonce->size() > kNonceMost) {
    return Unauthenticated("the broker's SCRAM nonce does not continue klink's: somebody may stand in between");
  }
  const std::optional<std::string> salt = DecodeBase64(*salt_text);
  if (!salt || salt->empty() || salt->size() > kSaltMost) {
    return Unauthenticated("the broker's SCRAM salt is malformed");
  }
  int iterations = 0;
  const char* end = iterations_text->data() + iterations_text->size();
  const auto [at, wrong] = std::from_chars(iterations_text->data(), end, iterations);
  if (wrong != std::errc() || at != end || iterations < kIterationsLeast || iterations > kIterationsMost) {
    return Unauthenticated("the broker asks for {} SCRAM iterations, allowed are {} to {}: make the user again",
                           *iterations_text, kIterationsLeast, kIterationsMost);
  }
  const std::string salted = Salted(hash_, password_, *salt, iterations);
  const std::string client_key = Hmac(hash_, salted, "Client Key");
  const std::string without_proof = fmt::format("{},r={}", kChannelBinding, *nonce);
  const std::string signed_text = fmt::format("{},{},{}", FirstBare(), server_first, without_proof);
  const std::string signature = Hmac(hash_, Hash(hash_, client_key), signed_text);
  std::string proof = client_key;
  for (size_t i = 0; i < proof.size(); i++) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  expected_signature_ = Hmac(hash_, Hmac(hash_, salted, "Server Key"), signed_text);
  return fmt::format("{},p={}", without_proof, EncodeBase64(proof));
}

Status ScramConversation::CheckServer(std::string_view server_final) const {
  std::string_view rest = server_final;
  if (const auto error = Take(rest, 'e')) return Unauthenticated("the broker says: {}", *error);
  const std::optional<std::string> text = Take(rest, 'v');
  const std::optional<std::string> signature = text ? DecodeBase64(*text) : std::nullopt;
  if (!signature || signature->size() != expected_signature_.size() ||
      CRYPTO_memcmp(signature->data(), expected_signature_.data(), signature->size()) != 0) {
    return Unauthenticated(
        "the broker cannot prove that it knows the password: this is not the broker it claims to be");
  }
  return absl::OkStatus();
}

}  // namespace klink::kafka
