// How the runs of a partition are written: the same bytes in RocksDB and in the compacted topic `_klink.<link>.runs`.
//
// A partition is one record; only when it has more than kRunsPerChunk runs (sparse heads of compacted topics) it is
// several, each holding the runs of one block of indices. Runs are only ever added at the end (the last one grows), so
// a chunk that is full never changes again, and chunks are written in order: what is there is always a valid prefix.
// Key text: topic/partition/chunk ('/' is not allowed in topic names).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/types.h"
#include "offsets/translation.h"
#include "store/table.h"

namespace klink::offsets {

// The topics the runs are about; a re-created topic has another id and none of the old runs. Empty: not known.
struct TopicIds {
  std::string source;
  std::string dest;
  friend bool operator==(const TopicIds&, const TopicIds&) = default;
};

struct ChunkKey {
  TopicPartition tp;
  int64_t chunk = 0;

  static void Describe(auto& m, auto& field) {
    field(m.tp.topic);
    field(m.tp.partition);
    field(m.chunk);
  }
  friend auto operator<=>(const ChunkKey&, const ChunkKey&) = default;
};

struct RunChunk {
  TopicIds ids;
  int64_t first_index = 0;
  Head head = Head::kStart;  // of the whole map
  std::vector<Segment> segments;
  friend bool operator==(const RunChunk&, const RunChunk&) = default;
};

inline constexpr int64_t kRunsPerChunk = 512;  // at most ~20 KB, written again with each run that is added

// What is stored about one partition.
struct PartitionRuns {
  TopicIds ids;
  Translation map;
  friend bool operator==(const PartitionRuns&, const PartitionRuns&) = default;
};

std::string KeyText(const ChunkKey& key);
StatusOr<ChunkKey> ParseKeyText(std::string_view text);
// With the version byte in front.
std::string EncodeChunk(const RunChunk& chunk);
StatusOr<RunChunk> DecodeChunk(std::string_view bytes);

// The chunks that hold the runs from index `from` (counted as Translation::first_index does) to the end.
std::map<int64_t, RunChunk> ToChunks(const PartitionRuns& runs, int64_t from = 0);
// The reverse; `chunks` by number. DataLoss when one is missing or they contradict each other.
StatusOr<PartitionRuns> FromChunks(const std::map<int64_t, RunChunk>& chunks);

}  // namespace klink::offsets

template <>
struct klink::store::ValueCodec<klink::offsets::RunChunk> {
  static constexpr uint8_t kVersion = 1;
  static std::string Encode(const klink::offsets::RunChunk& chunk);
  static StatusOr<klink::offsets::RunChunk> Decode(uint8_t version, std::string_view bytes);
};
