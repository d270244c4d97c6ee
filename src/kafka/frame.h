// Frames: every Kafka message travels behind its 4-byte length. The length is judged before any memory is taken.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"

namespace klink::kafka {

inline constexpr size_t kFramePrefix = 4;
inline constexpr size_t kFrameMin = limits::kLeastFrameBytes;

// The size of the frame that follows a prefix, at least kFrameMin and at most `limit`. A peer that answers in TLS or
// HTTP is recognised by its first bytes.
StatusOr<size_t> FrameSize(ByteView prefix, size_t limit);

}  // namespace klink::kafka
