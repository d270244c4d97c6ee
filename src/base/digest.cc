#include "base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace klink {

Sha256Digest Sha256(ByteView bytes) {
  Sha256Digest digest{};
  unsigned int size = 0;
  const int ok = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                            EVP_sha256(), nullptr);
  KLINK_CHECK(ok == 1 && size == digest.size());
  return digest;
}

std::string Sha256Hex(ByteView bytes) {
  std::string hex;
  for (const std::byte b : Sha256(bytes)) hex += fmt::format("{:02x}", static_cast<unsigned>(b));
  return hex;
}

}  // namespace klink
