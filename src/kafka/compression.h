// The one door to zlib, snappy, lz4 and zstd: a batch's records section in the forms Kafka gives it (protocol.md
// C1–C4).
//
// What is decompressed is not trusted: memory grows with what was really decoded and never by a size that the bytes
// declare, and stops at the caller's limit.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/status.h"
#include "kafka/record_batch.h"

namespace klink::kafka {

// DataLoss: not one whole stream of this codec. ResourceExhausted: more than `limit` bytes would come out of it.
// FailedPrecondition: a codec klink does not know. A cut snappy stream may pass as a shorter one: it has no end mark.
StatusOr<SharedBytes> Decompress(Codec codec, ByteView bytes, size_t limit);

// At the codec's default level. The same bytes always give the same bytes, as long as the library is the same.
StatusOr<SharedBytes> Compress(Codec codec, ByteView bytes);

}  // namespace klink::kafka
