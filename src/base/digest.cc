#include "base/digest.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace klink {

namespace {

std::string Hex(const Sha256Digest& digest) {
  std::string hex;
  for (const std::byte b : digest) hex += fmt::format("{:02x}", static_cast<unsigned>(b));
  return hex;
}

}  // namespace

Sha256Digest Sha256(ByteView bytes) {
  Sha256Digest digest{};
  unsigned int size = 0;
  const int ok = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                            EVP_sha256(), nullptr);
  KLINK_CHECK(ok == 1 && size == digest.size());
  return digest;
}

std::string Sha256Hex(ByteView bytes) { return Hex(Sha256(bytes)); }

std::string Sha256Hex(std::string_view text) { return Sha256Hex(AsBytes(text)); }

Sha256Sum::Sha256Sum() : context_(EVP_MD_CTX_new(), [](void* p) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(p)); }) {
  KLINK_CHECK(context_ != nullptr);
  KLINK_CHECK(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_.get()), EVP_sha256(), nullptr) == 1);
}

void Sha256Sum::Add(ByteView bytes) {
  KLINK_CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size()) == 1);
}

std::string Sha256Sum::Hex() {
  Sha256Digest digest{};
  KLINK_CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()),
                                 reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
  return klink::Hex(digest);
}

std::optional<Sha256Digest> ParseSha256Hex(std::string_view hex) {
  Sha256Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (size_t i = 0; i < hex.size(); ++i) {
    const size_t digit = std::string_view("0123456789abcdef").find(hex[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    digest[i / 2] = digest[i / 2] << 4 | static_cast<std::byte>(digit);
  }
  return digest;
}

bool ConstantTimeEqual(const Sha256Digest& a, const Sha256Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace klink
