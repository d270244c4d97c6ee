// Records that only one of two compacted logs still has. A cleaner keeps of every key the latest committed record, and
// removes a tombstone after a while, when nothing older of its key is left. Records of aborted transactions and those
// without a key it removes all.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace klink::oracle {

struct Keyed {
  int64_t source_offset = 0;
  std::optional<std::string> key = {};
  bool tombstone = false;
  bool committed = true;
};

class Keys {
 public:
  void InSource(const Keyed& record) { Note(record, Side::kSource); }
  void InDestination(const Keyed& record) { Note(record, Side::kDestination); }

  // After everything was noted: may a cleaner have taken this one from D (from S)?
  bool MayBeMissing(const Keyed& record) const;
  bool MayBeExtra(const Keyed& record) const;

 private:
  enum class Side { kSource, kDestination };
  struct Seen {
    int64_t latest = -1;                    // of either log
    std::vector<int64_t> values_in_d = {};  // no tombstones
  };
  void Note(const Keyed& record, Side side);
  bool Superseded(const Keyed& record) const;
  std::map<std::string, Seen> seen_;
};

}  // namespace klink::oracle
