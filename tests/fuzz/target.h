// What a fuzz input means: two bytes choose what reads the rest. The seeds are written by the same rule.
//   byte 0: a message (request and response of each API in turn), then one of the other readers below
//   byte 1: the version, counted from the first klink speaks, or the codec
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

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
  kHttpCall,
  kStateRecord,
  kOffsetRuns,
  kScram,
  kTargets
};

static_assert(kTargets <= 256, "a byte chooses");
inline constexpr std::array<std::string_view, kTargets - kMessages> kOtherNames = {
    "batches",    "frame-size", "request-header", "uuid",        "response-frame",
    "decompress", "records",    "configuration",  "tokens",      "http-target",
    "audit-log",  "http-call",  "state-record",   "offset-runs", "scram"};

// Calls f.operator()<R, M>(index) for every message in the order of byte 0.
template <class F>
void ForEachTarget(F&& f) {
  int index = 0;
  ForEachRequest([&]<class R>() {
    f.template operator()<R, R>(index++);
    f.template operator()<R, typename R::Response>(index++);
  });
}

// What byte 0 chooses, by a name that stays when APIs are added: "FetchResponse", "audit-log".
inline std::string NameOf(int target) {
  if (target >= kMessages) return std::string(kOtherNames.at(static_cast<size_t>(target - kMessages)));
  std::string name;
  ForEachTarget([&]<class R, class M>(int index) {
    if (index == target) name = std::string(Name(R::kKey)) + (std::is_same_v<R, M> ? "Request" : "Response");
  });
  return name;
}

}  // namespace klink::kafka::fuzz
