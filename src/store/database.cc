#include "store/database.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include <fmt/chrono.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/testing.h"

namespace klink::store {
namespace {

// The index is small and rebuildable: memory and files stay small, the disk is touched rarely.
constexpr size_t kMemtableBytes = size_t{1} << 20;
constexpr size_t kAllMemtablesBytes = size_t{4} << 20;
constexpr size_t kBlockCacheBytes = size_t{2} << 20;
constexpr size_t kWalBytes = size_t{8} << 20;
constexpr int kQuarantineNames = 100;

rocksdb::Slice Slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status FromRocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  const std::string what = fmt::format("{}: {}", doing, text);
  // RocksDB has no code for a held lock; both of its texts (same process, other process) say so.
  const bool names_lock = text.find("lock ") != std::string::npos || text.find("LOCK: ") != std::string::npos;
  if (status.IsIOError() && names_lock)
    return FailedPrecondition("{}: in use by another klink; give each agent a data_dir of its own ({})", doing, text);
  if (status.IsCorruption() || status.IsPathNotFound() || status.IsNotSupported() || status.IsInvalidArgument())
    return DataLoss("{}", what);
  if (status.IsNoSpace()) return ResourceExhausted("{}; free some space", what);
  if (text.find("Permission denied") != std::string::npos || text.find("Read-only file system") != std::string::npos)
    return PermissionDenied("{}; make it writable for the user klink runs as (uid {})", what, geteuid());
  return Unavailable("{}", what);
}

// RocksDB would answer with the name of one of its files; an operator wants to read about the directory.
Status PrepareDirectory(const std::string& path) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (ec) {
    return FailedPrecondition("creating the directory {}: {}; check data_dir and that uid {} may write there", path,
                              ec.message(), geteuid());
  }
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return PermissionDenied("opening the directory {}: {}; make it readable and writable for uid {}", path,
                            std::strerror(errno), geteuid());
  }
  return absl::OkStatus();
}

rocksdb::Options MakeOptions(rocksdb::Env* env) {
  rocksdb::Options options;
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.write_buffer_size = kMemtableBytes;
  options.db_write_buffer_size = kAllMemtablesBytes;
  options.max_total_wal_size = kWalBytes;
  options.max_manifest_file_size = kMemtableBytes;
  options.compression = rocksdb::kNoCompression;
  options.max_open_files = -1;  // every file is opened at once, so that a missing one is noticed now
  options.keep_log_file_num = 2;
  options.max_log_file_size = kMemtableBytes;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // A torn tail of the log is a power cut; what stands before it is a consistent earlier state.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

void Batch::Put(std::string_view table, std::string key, std::string value) {
  writes_.push_back({std::string(table), std::move(key), std::move(value), Write::Kind::kPut});
}

void Batch::Delete(std::string_view table, std::string key) {
  writes_.push_back({std::string(table), std::move(key), {}, Write::Kind::kDelete});
}

struct Database::Impl {
  std::string path;
  std::unique_ptr<rocksdb::Env> env;  // only in tests; must outlive db
  std::unique_ptr<rocksdb::DB> db;
  std::map<std::string, rocksdb::ColumnFamilyHandle*, std::less<>> tables;

  ~Impl() {
    for (auto& [name, handle] : tables) db->DestroyColumnFamilyHandle(handle);
    if (db != nullptr) db->Close().PermitUncheckedError();
  }
  rocksdb::ColumnFamilyHandle* Find(std::string_view table) const {
    auto at = tables.find(table);
    KLINK_CHECK(at != tables.end());
    return at->second;
  }
};

struct DatabaseOpener {
  static StatusOr<std::unique_ptr<Database>> Open(std::shared_ptr<rocksdb::FileSystem> file_system,
                                                  const std::string& path, const std::vector<std::string>& tables) {
    RETURN_IF_ERROR(PrepareDirectory(path));
    auto impl = std::make_unique<Database::Impl>();
    impl->path = path;
    if (file_system != nullptr) impl->env = rocksdb::NewCompositeEnv(std::move(file_system));
    const rocksdb::Options options = MakeOptions(impl->env.get());
    TRY(const std::vector<std::string> names, AllTables(options, path, tables));
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, options);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(options, path, families, &handles, &db);
    RETURN_IF_ERROR(FromRocks(opened, "opening the database " + path));
    impl->db.reset(db);
    for (size_t i = 0; i < names.size(); i++) impl->tables[names[i]] = handles[i];
    return std::unique_ptr<Database>(new Database(std::move(impl)));
  }

  // The asked ones, the default one, and those that are there already: RocksDB wants all of them opened.
  static StatusOr<std::vector<std::string>> AllTables(const rocksdb::Options& options, const std::string& path,
                                                      const std::vector<std::string>& asked) {
    std::vector<std::string> names;
    if (options.env->FileExists(path + "/CURRENT").ok()) {
      const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, path, &names);
      RETURN_IF_ERROR(FromRocks(listed, "reading the tables of " + path));
    }
    names.insert(names.end(), asked.begin(), asked.end());
    names.push_back(rocksdb::kDefaultColumnFamilyName);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, const std::vector<std::string>& tables) {
  return DatabaseOpener::Open(nullptr, path, tables);
}

StatusOr<std::unique_ptr<Database>> OpenOn(std::shared_ptr<rocksdb::FileSystem> file_system, const std::string& path,
                                           const std::vector<std::string>& tables) {
  return DatabaseOpener::Open(std::move(file_system), path, tables);
}

Status Database::Write(const Batch& batch, Durability durability) {
  rocksdb::WriteBatch writes;
  for (const Batch::Write& write : batch.writes_) {
    rocksdb::ColumnFamilyHandle* table = impl_->Find(write.table);
    const rocksdb::Status added = write.kind == Batch::Write::Kind::kPut
                                      ? writes.Put(table, Slice(write.key), Slice(write.value))
                                      : writes.Delete(table, Slice(write.key));
    RETURN_IF_ERROR(FromRocks(added, "preparing a write to " + impl_->path));
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  return FromRocks(impl_->db->Write(options, &writes), "writing to " + impl_->path);
}

StatusOr<std::string> Database::Get(std::string_view table, std::string_view key) {
  std::string value;
  const rocksdb::Status got = impl_->db->Get(rocksdb::ReadOptions(), impl_->Find(table), Slice(key), &value);
  if (got.IsNotFound()) return NotFound("no such key in table {} of {}", table, impl_->path);
  RETURN_IF_ERROR(FromRocks(got, "reading " + impl_->path));
  return value;
}

Status Database::Scan(std::string_view table, std::string_view prefix, const Each& each) {
  std::unique_ptr<rocksdb::Iterator> at(impl_->db->NewIterator(rocksdb::ReadOptions(), impl_->Find(table)));
  for (at->Seek(Slice(prefix)); at->Valid() && at->key().starts_with(Slice(prefix)); at->Next())
    RETURN_IF_ERROR(each(View(at->key()), View(at->value())));
  return FromRocks(at->status(), "reading " + impl_->path);
}

Status Database::CheckPresent() const {
  struct stat found{};
  if (stat((impl_->path + "/CURRENT").c_str(), &found) == 0) return absl::OkStatus();
  return DataLoss("the database {} was removed while in use: {}", impl_->path, std::strerror(errno));
}

uint64_t Database::SizeBytes() const {
  uint64_t total = 0;
  for (const char* property : {"rocksdb.total-sst-files-size", "rocksdb.size-all-mem-tables"}) {
    uint64_t value = 0;
    if (impl_->db->GetAggregatedIntProperty(property, &value)) total += value;
  }
  return total;
}

const std::string& Database::path() const { return impl_->path; }

StatusOr<std::string> Quarantine(const std::string& path, WallTime now) {
  std::error_code ec;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ec))) return std::string();
  const std::string base =
      fmt::format("{}.quarantined-{:%Y%m%dT%H%M%SZ}", path, std::chrono::time_point_cast<std::chrono::seconds>(now));
  for (int n = 1; n <= kQuarantineNames; n++) {
    const std::string aside = n == 1 ? base : fmt::format("{}-{}", base, n);
    if (std::filesystem::exists(std::filesystem::symlink_status(aside, ec))) continue;
    std::filesystem::rename(path, aside, ec);
    if (!ec) return aside;
    return FailedPrecondition("renaming the damaged database {} to {}: {}; move it away by hand", path, aside,
                              ec.message());
  }
  return FailedPrecondition("{} quarantined databases stand at {}*; remove them", kQuarantineNames, base);
}

}  // namespace klink::store
