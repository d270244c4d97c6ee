// One libFuzzer program for everything that reads bytes from a broker, an operator or a caller. It must not crash, read
// beyond its input or take memory by a declared size (run it with -malloc_limit_mb); what is accepted must survive
// another round trip.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "kafka/compression.h"
#include "kafka/frame.h"
#include "kafka/record_batch.h"
#include "kafka/wire.h"
#include "tests/fuzz/stored_readers.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/text_readers.h"

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

constexpr size_t kDecompressedMax = 1 << 20;

Codec CodecOf(int choice) { return static_cast<Codec>(choice & kCodecMask); }

void Expand(Codec codec, ByteView bytes) {
  StatusOr<SharedBytes> read = Decompress(codec, bytes, kDecompressedMax);
  if (!read.ok()) return;
  KLINK_CHECK(read->size() <= kDecompressedMax);
  const SharedBytes again = Compress(codec, read->view()).value();
  KLINK_CHECK(Decompress(codec, again.view(), kDecompressedMax).value() == *read);
}

// What was read is built and read again.
void Records(const BatchView& batch) {
  StatusOr<std::vector<Record>> records = ReadRecords(batch, kDecompressedMax);
  if (!records.ok() || records->empty()) return;
  (void)CheckOffsetDeltas(batch, *records);
  const SharedBytes built = BuildBatch({}, *records, batch.codec()).value();
  KLINK_CHECK(ReadRecords(BatchView(built.view()), 2 * kDecompressedMax).value() == *records);
}

// A records section alone, as the body of one batch of `count` records.
void RecordsOf(Codec codec, ByteView rest) {
  if (rest.empty()) return;
  const SharedBytes batch = SharedBytes::Allocate(kHeaderSize + rest.size() - 1);
  std::memset(batch.data(), 0, kHeaderSize);
  batch.data()[kMagicAt] = std::byte{2};
  StoreBe(batch.data() + kAttributesAt, static_cast<int16_t>(codec));
  StoreBe(batch.data() + kCountAt, std::to_integer<int32_t>(rest[0]));
  std::memcpy(batch.data() + kHeaderSize, rest.data() + 1, rest.size() - 1);
  Records(BatchView(batch.view()));
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
    (void)ReadControlType(batch.view());
    Records(batch.view());
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
    case kDecompress:
      return Expand(CodecOf(version_choice), rest.view());
    case kRecords:
      return RecordsOf(CodecOf(version_choice), rest.view());
    case kConfiguration:
      return klink::fuzz::ReadConfiguration(AsText(rest.view()));
    case kTokens:
      return klink::fuzz::ReadTokens(AsText(rest.view()));
    case kHttpTarget:
      return klink::fuzz::ReadTarget(AsText(rest.view()));
    case kAuditLog:
      return klink::fuzz::ReadAuditLog(AsText(rest.view()));
    case kHttpCall:
      return klink::fuzz::ReadCall(AsText(rest.view()));
    case kStateRecord:
      return klink::fuzz::ReadStateRecord(AsText(rest.view()));
    case kOffsetRuns:
      return klink::fuzz::ReadOffsetRuns(AsText(rest.view()));
    case kScram:
      return klink::fuzz::ReadScram(AsText(rest.view()));
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
