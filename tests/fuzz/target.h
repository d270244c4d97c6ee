// What a fuzz input means: two bytes choose what reads the rest. The seeds are written by the same rule.
//   byte 0: a message (request and response of each API in turn), then one of the other readers below
//   byte 1: the version, counted from the first klink speaks, or the codec
#pragma once

#include <cstdint>

#include "kafka/api.h"
#include "kafka/messages/all.h"

namespace klink::kafka::fuzz {

inline constexpr size_t kChoice = 2;

inline constexpr int kMessages = [] {
  int count = 0;
#define KLINK_ROW(NAME, KEY) count += 2;
  KLINK_KAFKA_MESSAGES(KLINK_ROW)
#undef KLINK_ROW
  return count;
}();
enum Other : int {
  kBatchWalker = kMessages,
  kFrameSize,
  kRequestHeader,
  kUuid,
  kResponseFrame,
  kDecompress,
  kRecords,
  kConfiguration,
  kTokens,
  kHttpTarget,
  kAuditLog,
  kTargets
};

// Calls f.operator()<R, M>(index) for every message in the order of byte 0.
template <class F>
void ForEachTarget(F&& f) {
  int index = 0;
  ForEachRequest([&]<class R>() {
    f.template operator()<R, R>(index++);
    f.template operator()<R, typename R::Response>(index++);
  });
}

}  // namespace klink::kafka::fuzz
