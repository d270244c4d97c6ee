// One libFuzzer program for everything that reads bytes from a broker. It must not crash, read beyond its input or
// take memory by a declared size (run it with -malloc_limit_mb); what is accepted must survive another round trip.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "kafka/frame.h"
#include "kafka/record_batch.h"
#include "kafka/wire.h"
#include "tests/fuzz/target.h"

namespace klink::kafka::fuzz {
namespace {

template <class M>
void RoundTrip(const SharedBytes& body, int16_t version) {
  StatusOr<M> message = Decode<M>(body, version);
  if (!message.ok()) {
    KLINK_CHECK(message.status().code() == Code::kDataLoss);
    return;
  }
  StatusOr<M> again = Decode<M>(Encode(*message, version).Flat(), version);
  KLINK_CHECK(again.ok() && *again == *message);
  KLINK_CHECK(!Print(*message).empty());
}

void Walk(const SharedBytes& bytes) {
  BatchWalker walker(bytes);
  size_t seen = 0;
  for (auto next = walker.Next(); next.ok() && *next; next = walker.Next()) {
    const Batch& batch = **next;
    seen += batch.bytes.size();
    KLINK_CHECK(batch.bytes.size() > kMagicAt);
    if (batch.magic != 2) continue;
    KLINK_CHECK(batch.view().next_offset() > batch.view().base_offset());
    (void)batch.view().crc_ok();
    (void)ReadRecords(batch.view());
  }
  KLINK_CHECK(seen + walker.left() == bytes.size());
}

void OneInput(int target, int version_choice, const SharedBytes& rest) {
  ForEachTarget([&]<class R, class M>(int index) {
    if (index == target) RoundTrip<M>(rest, static_cast<int16_t>(R::kMin + version_choice % (R::kMax - R::kMin + 1)));
  });
  switch (target) {
    case kBatchWalker:
      return Walk(rest);
    case kFrameSize:
      if (rest.size() >= kFramePrefix) (void)FrameSize(rest.view().substr(0, kFramePrefix), 100 << 20);
      return;
    case kRequestHeader:
      (void)DecodeRequestHeader(rest);
      return;
    case kUuid:
      if (auto id = ParseUuid(AsText(rest.view())); id.ok()) KLINK_CHECK(ParseUuid(ToString(*id)).value() == *id);
      return;
    case kResponseFrame:
      (void)DecodeResponse<ApiVersionsRequest>(rest, ApiVersionsRequest::kAsked);
      (void)DecodeResponse<FetchRequest>(rest, FetchRequest::kMaxByName);
      return;
    default:
      return;
  }
}

}  // namespace
}  // namespace klink::kafka::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace klink;
  using namespace klink::kafka::fuzz;
  if (size < kChoice) return 0;
  const ByteView rest(reinterpret_cast<const std::byte*>(data) + kChoice, size - kChoice);
  OneInput(data[0] % kTargets, data[1], SharedBytes::CopyOf(rest));
  return 0;
}
