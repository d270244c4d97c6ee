// Runs as bytes: what comes back, what is refused, and how a map of very many runs is spread over records.
#include "offsets/codecs.h"

#include <random>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace klink::offsets {
namespace {

PartitionRuns Sample(int64_t runs) {
  PartitionRuns sample{{"sourceid", "destid"}, {}};
  for (int64_t i = 0; i < runs; i++) {
    Segment segment{{SourceOffset(i * 1000), DestOffset(i * 7), 7}, {}, {}, -1};
    if (i % 5 == 1) {
      segment.reason = "RETENTION_GAP";
      segment.since_time = WallTime(std::chrono::milliseconds(1'700'000'000'000 + i));
      segment.source_leader_epoch = static_cast<int32_t>(i);
    }
    EXPECT_TRUE(sample.map.Append(segment).ok());
  }
  return sample;
}

TEST(RunCodec, WhatIsEncodedComesBack) {
  for (int64_t runs : {0, 1, 2, 100}) {
    PartitionRuns sample = Sample(runs);
    sample.map.set_head(Head::kUnknown);
    for (const auto& [number, chunk] : ToChunks(sample)) {
      const StatusOr<RunChunk> back = DecodeChunk(EncodeChunk(chunk));
      ASSERT_TRUE(back.ok()) << back.status();
      EXPECT_EQ(*back, chunk);
    }
  }
}

TEST(RunCodec, AnIdentityMirrorIsAShortRecord) {
  PartitionRuns runs{{"K2nVhLcpTXGsCwnQOoBTJg", "9zBkQyzLSDCbZJ0L5T0cMA"}, {}};
  ASSERT_TRUE(runs.map.Record({SourceOffset(0), DestOffset(0), int64_t{1} << 40}).ok());
  const auto chunks = ToChunks(runs);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_LT(EncodeChunk(chunks.at(0)).size(), 100u);
}

TEST(RunCodec, ChunksAreBoundedAndTheirSumIsTheMap) {
  const PartitionRuns sample = Sample(3 * kRunsPerChunk + 5);
  const auto chunks = ToChunks(sample);
  EXPECT_EQ(chunks.size(), 4u);
  for (const auto& [number, chunk] : chunks) EXPECT_LT(EncodeChunk(chunk).size(), 200'000u);
  const StatusOr<PartitionRuns> back = FromChunks(chunks);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, sample);
}

TEST(RunCodec, AFullChunkDoesNotChangeWhenRunsAreAddedOrTrimmed) {
  PartitionRuns sample = Sample(2 * kRunsPerChunk + 5);
  const std::string before = EncodeChunk(ToChunks(sample).at(1));
  Segment more{{SourceOffset(int64_t{1} << 40), DestOffset(int64_t{1} << 40), 1}, {}, {}, -1};
  ASSERT_TRUE(sample.map.Append(more).ok());
  sample.map.TrimBelow(DestOffset(100 * 7));
  EXPECT_EQ(EncodeChunk(ToChunks(sample).at(1)), before);
  EXPECT_EQ(ToChunks(sample).at(0).first_index, 100);
  const StatusOr<PartitionRuns> back = FromChunks(ToChunks(sample));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, sample);
}

TEST(RunCodec, AMissingChunkOrOneOfAnotherTopicIsDataLoss) {
  auto chunks = ToChunks(Sample(3 * kRunsPerChunk));
  auto missing = chunks;
  missing.erase(1);
  EXPECT_TRUE(absl::IsDataLoss(FromChunks(missing).status()));
  auto other = chunks;
  other.at(2).ids.dest = "re-created";
  EXPECT_TRUE(absl::IsDataLoss(FromChunks(other).status()));
  auto misnumbered = chunks;
  misnumbered.at(0).first_index = -1;
  EXPECT_TRUE(absl::IsDataLoss(FromChunks(misnumbered).status()));
}

TEST(RunCodec, AChunkThatOverlapsTheOneBeforeIsDataLoss) {
  auto chunks = ToChunks(Sample(2 * kRunsPerChunk));
  chunks.at(0).segments.back().run.length = 1'000'000;
  EXPECT_TRUE(absl::IsDataLoss(FromChunks(chunks).status()));
}

TEST(RunCodec, EveryTruncationAndEveryFlippedBitIsDataLoss) {
  const std::string bytes = EncodeChunk(ToChunks(Sample(10)).at(0));
  for (size_t size = 0; size < bytes.size(); size++)
    EXPECT_TRUE(absl::IsDataLoss(DecodeChunk(std::string_view(bytes).substr(0, size)).status())) << size;
  for (size_t at = 0; at < bytes.size() * 8; at++) {
    std::string flipped = bytes;
    flipped[at / 8] = static_cast<char>(flipped[at / 8] ^ (1 << at % 8));
    EXPECT_TRUE(absl::IsDataLoss(DecodeChunk(flipped).status())) << at;
  }
}

// With a checksum that fits: bytes of a hostile or broken writer.
std::string Sealed(std::string body) {
  std::byte crc[4];
  StoreBe<uint32_t>(crc, Crc32c(AsBytes(body)));
  return "\1" + body + std::string(AsText({crc, 4}));
}

TEST(RunCodec, HostileBytesAreRefusedWithoutTakingWhatTheyDeclare) {
  const std::string huge_count = std::string("\0\0\0\0", 4) + "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  EXPECT_TRUE(absl::IsDataLoss(DecodeChunk(Sealed(huge_count)).status()));
  const std::string huge_text = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  EXPECT_TRUE(absl::IsDataLoss(DecodeChunk(Sealed(huge_text)).status()));
  std::mt19937_64 random(7);
  for (int i = 0; i < 50000; i++) {
    std::string body(random() % 60, '\0');
    for (char& c : body) c = static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
    const StatusOr<RunChunk> chunk = DecodeChunk(Sealed(body));
    if (!chunk.ok()) continue;
    std::map<int64_t, RunChunk> one;
    one[0] = *chunk;
    (void)FromChunks(one);
  }
}

TEST(RunCodec, KeysAreReadableAndRoundTrip) {
  const ChunkKey key{{"orders.eu-1_x", 12}, 3};
  EXPECT_EQ(KeyText(key), "orders.eu-1_x/12/3");
  EXPECT_EQ(*ParseKeyText(KeyText(key)), key);
  for (const char* bad : {"", "/", "//", "a/1", "a/1/", "a//1", "/1/1", "a/-1/1", "a/1/x", "a/99999999999/1", "a/1/+1"})
    EXPECT_TRUE(absl::IsDataLoss(ParseKeyText(bad).status())) << bad;
}

}  // namespace
}  // namespace klink::offsets
