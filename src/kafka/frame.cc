#include "kafka/frame.h"

#include "base/check.h"

namespace klink::kafka {

StatusOr<size_t> FrameSize(ByteView prefix, size_t limit) {
  KLINK_CHECK(prefix.size() == kFramePrefix);
  const auto first = std::to_integer<uint8_t>(prefix[0]);
  const auto second = std::to_integer<uint8_t>(prefix[1]);
  const int32_t size = LoadBe<int32_t>(prefix.data());
  if (size >= static_cast<int64_t>(kFrameMin) && static_cast<size_t>(size) <= limit) return static_cast<size_t>(size);
  constexpr uint8_t kTlsAlert = 0x15;
  constexpr uint8_t kTlsHandshake = 0x16;
  if ((first == kTlsAlert || first == kTlsHandshake) && second == 0x03) {
    return FailedPrecondition(
        "the peer speaks TLS, klink was told to speak plain text: set the cluster's security protocol to one with TLS");
  }
  if (AsText(prefix) == "HTTP") {
    return FailedPrecondition("the peer speaks HTTP, not the Kafka protocol: check host and port");
  }
  return DataLoss("a frame of {} bytes was announced, allowed are {} to {}", size, kFrameMin, limit);
}

}  // namespace klink::kafka
