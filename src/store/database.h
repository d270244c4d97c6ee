// The only door to RocksDB: a small index on the local disk that can be rebuilt from elsewhere. Everything here blocks;
// callers run it on a base BlockingPool.
//
// What an error means: DataLoss = the files are damaged (or were removed), quarantine them and open afresh;
// FailedPrecondition / PermissionDenied = an operator must act, the text says how; Unavailable, ResourceExhausted =
// the disk refused, try again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace klink::store {

// kSynced: on the disk when the call returns. kUnsynced: a power cut may take it, and then everything unsynced after
// it.
enum class Durability { kSynced, kUnsynced };

// Writes that happen together or not at all.
class Batch {
 public:
  void Put(std::string_view table, std::string key, std::string value);
  void Delete(std::string_view table, std::string key);
  bool empty() const { return writes_.empty(); }
  size_t size() const { return writes_.size(); }

 private:
  friend class Database;
  struct Write {
    std::string table;
    std::string key;
    std::string value;
    enum class Kind : uint8_t { kPut, kDelete } kind;
  };
  std::vector<Write> writes_;
};

class Database {
 public:
  // Opens or creates the directory `path` with these tables (column families); tables of an older klink are kept.
  static StatusOr<std::unique_ptr<Database>> Open(const std::string& path, const std::vector<std::string>& tables);
  ~Database();
  Database(const Database&) = delete;

  Status Write(const Batch& batch, Durability durability);
  // NotFound when there is no such key.
  StatusOr<std::string> Get(std::string_view table, std::string_view key);
  // Every entry whose key starts with `prefix`, in key order, of one moment; stops at the first error of `each`.
  using Each = std::function<Status(std::string_view key, std::string_view value)>;
  Status Scan(std::string_view table, std::string_view prefix, const Each& each);
  // Are the files still where they were opened? An open database does not notice that its directory was deleted.
  Status CheckPresent() const;
  // On disk and in memory, roughly.
  uint64_t SizeBytes() const;
  const std::string& path() const;

 private:
  friend struct DatabaseOpener;  // testing.h opens with a file system of its own
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Renames `path` to path.quarantined-<UTC time>[-n], so that it can be opened afresh and looked at later; answers the
// new name. OK with an empty name when there is nothing at `path`.
StatusOr<std::string> Quarantine(const std::string& path, WallTime now);

}  // namespace klink::store
