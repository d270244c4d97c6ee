#include "tests/fuzz/stored_readers.h"

#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "kafka/sasl_scram.h"
#include "offsets/codecs.h"
#include "state/records.h"

namespace klink::fuzz {
namespace {

std::string_view UpTo(char end, std::string_view& text) {
  const size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

}  // namespace

// What is read is written so that it is read again.
void ReadStateRecord(std::string_view text) {
  const std::string_view key = UpTo('\n', text);
  const StatusOr<state::Record> record = state::Decode(key, text);
  if (!record.ok()) {
    const Code code = record.status().code();
    KLINK_CHECK(code == Code::kDataLoss || code == Code::kFailedPrecondition);
    return;
  }
  const admin::KeyValue written = state::Encode(*record);
  const StatusOr<state::Record> again = state::Decode(written.key, written.value.value_or(""));
  KLINK_CHECK(again.ok() && *again == *record);
}

void ReadOffsetRuns(std::string_view bytes) {
  if (const auto key = offsets::ParseKeyText(bytes); key.ok())
    KLINK_CHECK(offsets::ParseKeyText(offsets::KeyText(*key)).value() == *key);
  (void)offsets::DecodeChunk(bytes);
  std::byte crc[4];
  StoreBe<uint32_t>(crc, Crc32c(AsBytes(bytes)));
  const std::string whole = '\x01' + std::string(bytes) + std::string(AsText({crc, sizeof crc}));
  const StatusOr<offsets::RunChunk> chunk = offsets::DecodeChunk(whole);
  if (!chunk.ok()) {
    KLINK_CHECK(chunk.status().code() == Code::kDataLoss);
    return;
  }
  KLINK_CHECK(offsets::DecodeChunk(offsets::EncodeChunk(*chunk)).value() == *chunk);
  (void)offsets::FromChunks({{chunk->first_index / offsets::kRunsPerChunk, *chunk}});
}

// Nobody who does not know the password is believed.
void ReadScram(std::string_view text) {
  const std::string_view first = UpTo('\n', text);
  for (const kafka::ScramHash hash : {kafka::ScramHash::kSha256, kafka::ScramHash::kSha512}) {
    kafka::ScramConversation scram(hash, "user", "pencil", "nonce");
    (void)scram.First();
    // A million iterations are allowed, and not what is looked for.
    if (first.size() > first.rfind("i=") + 6 || !scram.Next(first).ok()) continue;
    KLINK_CHECK(!scram.Next(text).ok());
  }
}

}  // namespace klink::fuzz
