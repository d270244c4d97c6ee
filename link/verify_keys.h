// Records that stand in one of two compacted logs only: is that the work of a cleaner, or are they lost or added? Pure.
//
// What must hold is what readers of a compacted topic rely on: of every key the latest committed record is the same in
// both logs, and a deleted key does not come back. So a record missing in the copy is no loss when the source has a
// later one of its key, when it was aborted, or when it is a tombstone and the copy shows no earlier value of its key.
// A record that only the copy has is no addition when a later one of its key stands in either log, when it was
// aborted, or when it is a tombstone. Of records without a key the cleaner removes all.
//
// A transaction's records count once its end is read, so they come out of order; offsets decide which is later.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kafka/record_batch.h"
#include "link/verify_proof.h"

namespace klink::link {

enum class Stands : uint8_t { kInBoth, kInSource, kInCopy };

struct KeyedRecord {
  int64_t offset = 0;  // in the source
  std::optional<std::string> key;
  bool tombstone = false;
  Stands stands = Stands::kInBoth;
  Difference unexplained = {};  // unless kInBoth
};

class KeyLedger {
 public:
  enum class Side : uint8_t { kSource, kCopy };  // whose producer id it is

  void Add(KeyedRecord record);
  // Within a transaction of that producer: waits for its end.
  void AddOpen(Side side, int64_t producer_id, KeyedRecord record);
  void End(Side side, int64_t producer_id, kafka::ControlType how);

  // What no cleaner explains, by source offset. What no end was read of counts as committed.
  std::vector<Difference> Finish();
  // Records seen in one log only.
  int64_t one_sided() const { return one_sided_; }

 private:
  struct Waiting {
    int64_t offset = 0;
    Difference difference;
  };
  struct Latest {
    int64_t offset = 0;
    bool shown = false;  // a value, not a tombstone
  };
  using ByKey = std::map<std::string, Waiting>;
  bool CopyHasLater(const std::string& key, int64_t than) const;
  bool CopyMayShow(const std::string& key, int64_t before) const;
  void NoteCopy(const KeyedRecord& record);

  std::map<std::pair<Side, int64_t>, std::vector<KeyedRecord>> open_;
  std::unordered_map<size_t, Latest> copy_;  // by hash of the key
  ByKey missing_;
  ByKey extra_;
  int64_t one_sided_ = 0;
};

}  // namespace klink::link
