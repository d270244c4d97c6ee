// What klink takes from others at most: brokers, callers, files. The one table; the code reads its bounds here, and
// tests/http/limits_test.cc holds each against its reader, at the bound and one beyond.
//   ROW(name, value, of what)      kLeast…: less is refused; all others: more is refused
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace klink::limits {

#define KLINK_LIMITS(ROW)                                                                                  \
  ROW(kLeastFrameBytes, 4, "a frame of a broker: its correlation id")                                      \
  ROW(kFrameBytes, 128 << 20, "a frame of a broker; memory is taken as its bytes arrive")                  \
  ROW(kFirstFrameBytes, 1 << 20, "a frame before the peer has proved to be a broker")                      \
  ROW(kVarintBytes, 5, "a varint of 32 bits")                                                              \
  ROW(kVarlongBytes, 10, "a varint of 64 bits")                                                            \
  ROW(kDecompressedBytes, 64 << 20, "one batch, decompressed, where the copy needs its records")           \
  ROW(kVerifiedBatchBytes, 256 << 20, "one batch, decompressed by `klink verify`")                         \
  ROW(kTopicNameBytes, 249, "a topic's name")                                                              \
  ROW(kLeastScramIterations, 4096, "iterations that a broker may ask for in SCRAM")                        \
  ROW(kScramIterations, 1'000'000, "iterations that a broker may ask for in SCRAM")                        \
  ROW(kScramSaltBytes, 1024, "the salt of a broker in SCRAM")                                              \
  ROW(kScramNonceBytes, 512, "the nonce of a broker in SCRAM")                                             \
  ROW(kScramMessageBytes, 4 << 10, "a message of a broker in SCRAM")                                       \
  ROW(kTokenAnswerBytes, 64 << 10, "the answer of a token endpoint")                                       \
  ROW(kPemFileBytes, 4 << 20, "a file of certificates or keys")                                            \
  ROW(kConfigBytes, 1 << 20, "the configuration, and tokens_file")                                         \
  ROW(kConfigDepth, 64, "levels of the configuration; aliases and anchors are refused")                    \
  ROW(kReferencedFileBytes, 64 << 10, "a file that ${file:…} or ${dir:…} names")                           \
  ROW(kHttpHeaderBytes, 8 << 10, "the header of a call")                                                   \
  ROW(kHttpBodyBytes, 1 << 20, "the body of a call")                                                       \
  ROW(kHttpConnections, 64, "connections of callers; beyond, the one that waits longest is closed")        \
  ROW(kHttpCredentialBytes, 4096, "the Authorization header")                                              \
  ROW(kHttpCallsAtOnce, 200, "calls of one caller at once; 100 a second after that")                       \
  ROW(kHttpGuessesAtOnce, 100, "calls at once from an address that is not let in; 20 a second after that") \
  ROW(kHttpOffsets, 10'000, "offsets in one question")                                                     \
  ROW(kHttpTopics, 10'000, "topics in one call")                                                           \
  ROW(kHttpTextBytes, 1000, "a reason, and who says to call")                                              \
  ROW(kJsonDepth, 32, "levels of JSON in a call")                                                          \
  ROW(kAuditLineBytes, 1 << 20, "an event of the audit log")                                               \
  ROW(kStateRecordBytes, 16 << 20, "a record of the link's state")                                         \
  ROW(kStateRecordDepth, 8, "levels of JSON in it")

#define KLINK_LIMIT(NAME, VALUE, OF) inline constexpr int64_t NAME = VALUE;
KLINK_LIMITS(KLINK_LIMIT)
#undef KLINK_LIMIT

struct Limit {
  std::string_view name;
  int64_t value = 0;
  std::string_view of;
  constexpr bool is_least() const { return name.starts_with("kLeast"); }
};
#define KLINK_LIMIT(NAME, VALUE, OF) Limit{#NAME, VALUE, OF},
inline constexpr auto kAll = std::to_array<Limit>({KLINK_LIMITS(KLINK_LIMIT)});
#undef KLINK_LIMIT

}  // namespace klink::limits
