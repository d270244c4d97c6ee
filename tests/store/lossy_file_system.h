// A disk that forgets what was not synced. Writes go to real files; PowerOff() makes every later write fail, and Lose()
// then cuts each file back to what was synced plus, at the tester's choice, a part of what was not (a torn tail).
// Files whose directory was not synced since they were created are removed. Renames and deletions are kept: RocksDB
// syncs the directory right after those it relies on.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "store/testing.h"

namespace klink::store {

class LossyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  LossyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "LossyFileSystem"; }

  void PowerOff() {
    const std::lock_guard lock(mutex_);
    off_ = true;
  }

  // Call when the database is closed. Answers how many bytes were lost.
  uint64_t Lose(std::mt19937_64& random) {
    const std::lock_guard lock(mutex_);
    uint64_t lost = 0;
    for (const auto& [path, file] : files_) {
      std::error_code ec;
      const uint64_t size = std::filesystem::file_size(path, ec);
      if (ec) continue;
      if (!file.directory_synced) {
        std::filesystem::remove(path, ec);
        lost += size;
        continue;
      }
      if (size <= file.synced) continue;
      const uint64_t kept = file.synced + random() % (size - file.synced + 1);
      std::filesystem::resize_file(path, kept, ec);
      lost += size - kept;
    }
    return lost;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    if (Off()) return Refused();
    std::unique_ptr<rocksdb::FSWritableFile> real;
    rocksdb::IOStatus made = target()->NewWritableFile(path, options, &real, debug);
    if (!made.ok()) return made;
    {
      const std::lock_guard lock(mutex_);
      files_[path] = {};
    }
    *file = std::make_unique<File>(*this, path, std::move(real));
    return made;
  }

  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSDirectory> real;
    rocksdb::IOStatus made = target()->NewDirectory(path, options, &real, debug);
    if (made.ok()) *directory = std::make_unique<Directory>(*this, path, std::move(real));
    return made;
  }

  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (Off()) return Refused();
    const std::lock_guard lock(mutex_);
    files_.erase(path);
    return target()->DeleteFile(path, options, debug);
  }

  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (Off()) return Refused();
    const std::lock_guard lock(mutex_);
    if (auto moved = files_.extract(from); !moved.empty()) {
      moved.key() = to;
      files_.erase(to);
      files_.insert(std::move(moved));
    }
    return target()->RenameFile(from, to, options, debug);
  }

 private:
  struct Known {
    uint64_t synced = 0;
    bool directory_synced = false;
  };

  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(LossyFileSystem& owner, std::string path, std::unique_ptr<rocksdb::FSWritableFile>&& real)
        : FSWritableFileOwnerWrapper(std::move(real)), owner_(owner), path_(std::move(path)) {}

    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (owner_.Off()) return Refused();
      return target()->Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& info, rocksdb::IODebugContext* debug) override {
      if (owner_.Off()) return Refused();
      return target()->Append(data, options, info, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      return Synced(options, debug);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      return Synced(options, debug);
    }

   private:
    rocksdb::IOStatus Synced(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) {
      if (owner_.Off()) return Refused();
      const uint64_t size = target()->GetFileSize(options, debug);
      const std::lock_guard lock(owner_.mutex_);
      owner_.files_[path_].synced = size;
      return rocksdb::IOStatus::OK();
    }
    LossyFileSystem& owner_;
    std::string path_;
  };

  class Directory final : public rocksdb::FSDirectoryWrapper {
   public:
    Directory(LossyFileSystem& owner, std::string path, std::unique_ptr<rocksdb::FSDirectory>&& real)
        : FSDirectoryWrapper(std::move(real)), owner_(owner), path_(std::move(path)) {}
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return Synced(); }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions&, rocksdb::IODebugContext*,
                                          const rocksdb::DirFsyncOptions&) override {
      return Synced();
    }

   private:
    rocksdb::IOStatus Synced() {
      if (owner_.Off()) return Refused();
      const std::lock_guard lock(owner_.mutex_);
      for (auto& [path, file] : owner_.files_)
        if (std::filesystem::path(path).parent_path() == std::filesystem::path(path_)) file.directory_synced = true;
      return rocksdb::IOStatus::OK();
    }
    LossyFileSystem& owner_;
    std::string path_;
  };

  static rocksdb::IOStatus Refused() { return rocksdb::IOStatus::IOError("the power is off"); }
  bool Off() {
    const std::lock_guard lock(mutex_);
    return off_;
  }

  std::mutex mutex_;  // RocksDB calls from its own threads
  std::map<std::string, Known> files_;
  bool off_ = false;
};

}  // namespace klink::store
