// How the map of a partition comes back after a restart: from what was stored, checked against the two logs. Pure.
//
// The logs win. What is stored is used as far as it agrees with them; where it does not, the answer for that part is
// `unknown`, never a guess.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "offsets/codecs.h"

namespace klink::offsets {

// A record of the runs topic; without a value it deletes the key.
struct RunRecord {
  std::string key;
  std::optional<std::string> value;
};

// The runs topic, read in log order: the last record of a key counts.
class RunLogReader {
 public:
  void Add(const RunRecord& record);
  // What it says about each partition. A damaged partition is left out and named in `refused`.
  std::map<TopicPartition, PartitionRuns> Finish(std::vector<Status>& refused) &&;

 private:
  std::map<ChunkKey, RunChunk> chunks_;
  std::map<ChunkKey, Status> damaged_;
};

// What the engine found in the logs of both clusters before the first append.
struct LogFacts {
  DestOffset dest_log_start;  // of the destination log; what lies below is gone
  // Positions known to correspond, ascending; the last is the end of the copy. Two neighbours of equal shift span a
  // run.
  std::vector<Position> matched;
  // Does the first of them stand at the start of the copy (nothing was copied before it)?
  enum class Covers : uint8_t { kFromTheStart, kFromTheMiddle } covers = Covers::kFromTheMiddle;
};

// Of two stored versions of one partition's map the one to go on with: the topic's, which every owner of the partition
// writes, unless the local one says the same and more.
PartitionRuns Choose(PartitionRuns local, PartitionRuns from_topic);

// The map that `stored` and the logs agree on; it ends at the end of the copy. InvalidArgument when the facts
// contradict themselves.
StatusOr<Translation> Reconcile(const Translation& stored, const LogFacts& facts);

}  // namespace klink::offsets
