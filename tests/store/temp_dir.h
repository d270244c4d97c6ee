// A directory of the test's own, removed with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/check.h"

namespace klink::store {

class TempDir {
 public:
  enum class Access { kMine, kEverybody };
  explicit TempDir(Access access = Access::kMine) {
    std::string name = (std::filesystem::temp_directory_path() / "klink-store-XXXXXX").string();
    KLINK_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
    if (access == Access::kEverybody) std::filesystem::permissions(path_, std::filesystem::perms::all);
  }
  ~TempDir() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  TempDir(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace klink::store
