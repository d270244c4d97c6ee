// The runs in the local database, awaited. A database that fails is closed and opened again, put aside first when it is
// damaged or was removed; the caller then stores everything anew.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/blocking.h"
#include "base/clock.h"
#include "offsets/codecs.h"
#include "store/database.h"

namespace klink::offsets {

class LocalRuns {
 public:
  struct Write {
    ChunkKey key;
    std::optional<std::string> bytes;  // none: delete
  };

  LocalRuns(BlockingPool& pool, Clock& clock, std::string path);
  ~LocalRuns();

  // Opens and reads everything. DataLoss never comes out: what is damaged is put aside and nothing is read.
  Async<StatusOr<std::map<ChunkKey, RunChunk>>> Open();
  // All or nothing. When it fails the database is opened again; `fresh` becomes true when what it held is gone.
  Async<Status> Apply(std::vector<Write> writes, store::Durability durability);
  // Did the database lose its content since the last call?
  bool TakeFresh() { return std::exchange(fresh_, false); }

  uint64_t size_bytes() const { return size_bytes_; }
  const Status& status() const { return status_; }
  const std::vector<std::string>& quarantined() const { return quarantined_; }

 private:
  struct Opened;
  static Opened OpenBlocking(const std::string& path, WallTime now);

  BlockingPool& pool_;
  Clock& clock_;
  std::string path_;
  std::shared_ptr<store::Database> database_;  // null while it cannot be opened
  bool fresh_ = false;
  uint64_t size_bytes_ = 0;
  Status status_;
  std::vector<std::string> quarantined_;
};

}  // namespace klink::offsets
